// SPDX-License-Identifier: Apache-2.0

#include "zone_source.h"

#include <atomic>
#include <utility>

#include "base/address.h"
#include "transfer/primary_client.h"
#include "transfer/tsig_key.h"
#include "zone/image_records.h"
#include "zone/version.h"
#include "zone_report.h"

namespace nearcast {
namespace {

using base::Result;

constexpr uint16_t kDnsPort = 53;
constexpr const char* kTsigHint = "hmac-sha256:transfer.example:SECRET, the secret in base64";

Result<base::SocketAddress> parse_server(const std::string& text) {
    // 192.0.2.53:5353 and [2001:db8::53]:5353 as everybody else writes them; 2001:db8::53 has no
    // port.
    const bool has_port_behind_colon = !text.contains('@') && !base::parse_ip_address(text);
    if (has_port_behind_colon) {
        if (auto address = base::parse_socket_address(text)) return address;
    }
    const size_t at = text.find('@');
    const auto ip = base::parse_ip_address(text.substr(0, at));
    const bool is_v6 = ip && ip->is_v6;
    const std::string port =
        at == std::string::npos ? std::to_string(kDnsPort) : text.substr(at + 1);
    const std::string host = text.substr(0, at);
    auto address = base::parse_socket_address((is_v6 ? '[' + host + ']' : host) + ':' + port);
    if (ip && address) return address;
    return base::fail('"' + text + "\" is no address of a server",
                      "an IP address, and its port: 192.0.2.53:5353, 192.0.2.53@5353");
}

Result<std::optional<transfer::TsigKey>> parse_tsig(const std::string& text) {
    if (text.empty()) return std::nullopt;
    const size_t last = text.rfind(':');
    const size_t first = text.find(':');
    if (last == std::string::npos) return base::fail("--tsig has no secret", kTsigHint);
    transfer::TsigKey key;
    std::string name = text.substr(0, last);
    if (first != last) {
        const auto hash = transfer::parse_algorithm(text.substr(0, first));
        if (!hash) return base::within("--tsig", hash.error());
        key.hash = *hash;
        name = text.substr(first + 1, last - first - 1);
    }
    const dns::Name root;
    const auto parsed = dns::parse_name(name, &root);
    auto secret = transfer::parse_secret(text.substr(last + 1));
    if (!parsed || !secret) {
        return base::within("--tsig", parsed ? secret.error() : parsed.error());
    }
    key.name = *parsed;
    key.secret = *std::move(secret);
    return key;
}

// Of what is left out, and made anew.
bool is_of_signer(const zone::Diagnostic& finding) {
    return finding.severity == zone::Severity::Warning &&
           (finding.check.starts_with("signature-") || finding.check.starts_with("nsec") ||
            finding.check.starts_with("zonemd-") || finding.check == "keys-missing");
}

}  // namespace

Result<LoadedZone> load_zone_file(const std::string& path, const zone::CompileOptions& options) {
    zone::CompileOptions with_doubts = options;
    with_doubts.tells_doubts = true;
    zone::ZoneFileRecords records = zone::read_zone_file(path, with_doubts);
    LoadedZone loaded;
    for (const zone::Diagnostic& finding : records.diagnostics) {
        if (!is_of_signer(finding)) loaded.findings += finding_text(finding);
    }
    if (!records.draft) {
        if (loaded.findings.empty()) return base::fail(path + " has no zone");
        loaded.findings.pop_back();  // The last line end.
        return base::fail(path + " cannot be read:\n" + loaded.findings);
    }
    // The draft of a file without one is named after the file: what was cut off is no zone.
    if (records.draft->find(records.draft->nodes().front(), dns::RRType::SOA) == nullptr) {
        return base::fail(path + " has no SOA record", "nearcast zone check " + path);
    }
    loaded.name = records.draft->apex().lowered();
    loaded.sets = console::sets_of(*records.draft, loaded.left_out);
    return loaded;
}

Result<LoadedZone> fetch_zone(const dns::Name& name, const std::string& server,
                              const std::string& tsig) {
    const auto address = parse_server(server);
    if (!address) return std::unexpected(address.error());
    const auto key = parse_tsig(tsig);
    if (!key) return std::unexpected(key.error());
    const std::atomic<bool> is_stopping{false};
    transfer::PrimaryClient primary(name, *address, *key ? &**key : nullptr, is_stopping);
    const auto fetched = primary.fetch_whole();
    if (!fetched) return std::unexpected(fetched.error());
    zone::ZoneDraft draft(name);
    zone::ImageRecords walk{zone::Version(fetched->image.image())};
    for (zone::RecordView view; walk.next(view);) {
        const auto owner = dns::Name::from_wire(view.owner);
        const dns::Record record{owner.value_or(dns::Name()), view.type, dns::RRClass::IN, view.ttl,
                                 std::vector<uint8_t>(view.rdata.begin(), view.rdata.end())};
        if (!owner || !draft.add(record, {}))
            return base::fail("the zone has a name outside of it");
    }
    draft.arrange();
    LoadedZone loaded{.name = name.lowered(), .sets = {}, .findings = {}};
    loaded.sets = console::sets_of(draft, loaded.left_out);
    return loaded;
}

}  // namespace nearcast
