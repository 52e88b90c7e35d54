// SPDX-License-Identifier: Apache-2.0

#include "signing_config.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/side_by_side.h"

namespace nearcast::control_app {
namespace {

using base::ConfigTable;
using base::Result;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint16_t kDnsPort = 53;
constexpr uint64_t kThreadsMax = 256;
constexpr uint64_t kTtlMax = 86400 * 7;

constexpr seconds kYear{365 * 86400};
// Of keys and caches: what nobody waits for.
constexpr seconds kDurationMax = 100 * kYear;
// Of what signatures last: the two of them and the EXPIRE of a zone stay within the 68 years that
// the arithmetic of their times allows (RFC 4034 §3.1.5).
constexpr seconds kSignatureTimeMax = 10 * kYear;

// As the machine itself finds names.
std::vector<base::SocketAddress> machine_resolvers() {
    std::vector<base::SocketAddress> resolvers;
    std::ifstream file("/etc/resolv.conf");
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string keyword;
        std::string address;
        words >> keyword >> address;
        const auto parsed = base::parse_ip_address(address);
        if (keyword == "nameserver" && parsed) resolvers.push_back({*parsed, kDnsPort});
    }
    return resolvers;
}

Result<base::SocketAddress> parse_resolver(std::string_view text) {
    if (const auto address = base::parse_ip_address(text)) {
        return base::SocketAddress{*address, kDnsPort};
    }
    return base::parse_socket_address(text);
}

struct Bounds {
    seconds least{0};
    seconds most = kDurationMax;
};

template <typename Number>
void read_seconds(ConfigTable& table, std::string_view key, Number& value, Bounds bounds) {
    milliseconds duration = seconds(value);
    table.read(key, duration, "\"24h\"");
    const auto whole = std::chrono::floor<seconds>(duration);
    if (whole < bounds.least || whole > bounds.most) {
        return table.refuse(key,
                            "is less than " + std::to_string(bounds.least.count()) +
                                " seconds, or more than " + std::to_string(bounds.most / kYear) +
                                " years",
                            "24h");
    }
    value = static_cast<Number>(whole.count());
}

void read_usual(ConfigTable& table, control::SigningSettings& usual) {
    table.read_as(
        "algorithm", usual.algorithm,
        [](std::string_view text) -> Result<dnssec::Algorithm> {
            const auto algorithm = dnssec::parse_algorithm(text);
            if (algorithm) return *algorithm;
            return base::fail("is no algorithm that zones are signed with", "ED25519");
        },
        "\"ECDSAP256SHA256\"");
    table.read_as(
        "keys", usual.is_split,
        [](std::string_view text) -> Result<bool> {
            if (text == "csk" || text == "split") return text == "split";
            return base::fail("is neither csk nor split", "csk");
        },
        "\"csk\"");
    read_seconds(table, "anchor_lifetime", usual.anchor_lifetime, {});
    read_seconds(table, "zsk_lifetime", usual.zsk_lifetime, {});
    uint64_t ttl = usual.dnskey_ttl;
    table.read_number("dnskey_ttl", ttl, {1, kTtlMax}, "3600");
    usual.dnskey_ttl = static_cast<uint32_t>(ttl);
    const Bounds of_signatures{seconds(1), kSignatureTimeMax};
    read_seconds(table, "renewal_interval", usual.signatures.renewal_interval, of_signatures);
    read_seconds(table, "jitter", usual.signatures.jitter, {seconds(0), kSignatureTimeMax});
    read_seconds(table, "slack", usual.signatures.slack, of_signatures);
    read_seconds(table, "parent_propagation", usual.parent_propagation, {});
    read_seconds(table, "parent_delay", usual.parent_delay, {});
    read_seconds(table, "former_ttl", usual.former_ttl, {});
}

void read_token(ConfigTable& table, dnssec::TokenAccess& token) {
    table.read("pkcs11_module", token.module, "\"/usr/lib/softhsm/libsofthsm2.so\"");
    table.read("pkcs11_token", token.label, "\"nearcast\"");
    table.read("pkcs11_pin_file", token.pin_file, "\"/etc/nearcast/token.pin\"");
    const bool is_whole = token.module.empty() == token.label.empty() &&
                          token.label.empty() == token.pin_file.empty();
    if (!is_whole) {
        table.refuse(token.module.empty() ? "pkcs11_token" : "pkcs11_module",
                     "goes with the two others", "pkcs11_module, pkcs11_token and pkcs11_pin_file");
    }
    if (!token.pin_file.empty() && token.pin_file.front() != '/') {
        table.refuse("pkcs11_pin_file", "is no absolute path", "/etc/nearcast/token.pin");
    }
}

}  // namespace

void read_signing(ConfigTable root, SigningConfig& config) {
    ConfigTable table = root.table("signing");
    table.read("key_file", config.key_file, "\"/etc/nearcast/signing.key\"");
    read_token(table, config.token);
    read_usual(table, config.usual);
    config.threads = base::usable_cores();
    table.read_number("threads", config.threads, {1, kThreadsMax}, "4");
    if (!table.has("resolvers")) config.resolvers = machine_resolvers();
    table.read_list_as("resolvers", config.resolvers, parse_resolver, "[\"192.0.2.53\"]");
    table.read_number("parent_port", config.parent_port, {1, UINT16_MAX}, "53");
    milliseconds pause = config.parent_pause;
    table.read("parent_interval", pause, "\"1h\"");
    config.parent_pause = std::max(seconds(1), std::chrono::floor<seconds>(pause));
}

Result<void> check_token(const SigningConfig& config) {
    auto refusal = dnssec::refusal_by(config.token, config.usual.algorithm);
    if (!refusal) return {};
    return base::within("algorithm in [signing]", *refusal);
}

}  // namespace nearcast::control_app
