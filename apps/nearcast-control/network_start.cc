// SPDX-License-Identifier: Apache-2.0

#include "network_start.h"

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "base/is_there.h"
#include "base/secret_file.h"
#include "dns/encoding.h"

namespace nearcast::control_app {
namespace {

using base::is_there;
using base::Result;

constexpr const char* kPrimaryName = "primary.nearcast";
constexpr const char* kKeyName = "network.nearcast.";
constexpr size_t kSecretSize = 32;

// The name in it is all that a node believes, so it need not know where the primary is.
Result<void> provide_primary(ControlConfig& config, const tls::Authority& authority) {
    tls::ServerSettings& server = config.transfers.tls.server;
    server.certificate = config.directory + "/primary.pem";
    server.key = config.directory + "/primary.key";
    server.asks_clients = true;
    server.client_ca = config.directory + "/nodes-ca.pem";
    if (is_there(server.certificate) && is_there(server.key)) return {};
    const auto pair = tls::make_key_pair();
    if (!pair) return std::unexpected(pair.error());
    const auto issued = authority.issue(pair->public_key, {kPrimaryName});
    if (!issued) return std::unexpected(issued.error());
    if (auto done = base::write_secret_file(server.key, pair->private_key); !done) return done;
    return base::write_secret_file(server.certificate, issued->certificate);
}

Result<transfer::TsigKey> provide_tsig_key(const std::string& directory) {
    const std::string path = directory + "/network.key";
    if (!is_there(path)) {
        std::vector<uint8_t> secret(kSecretSize);
        if (::getentropy(secret.data(), secret.size()) != 0) {
            return base::fail("the kernel gives no random numbers");
        }
        std::string text;
        dns::append_base64(secret, text);
        if (auto done = base::write_secret_file(path, text + '\n'); !done) {
            return std::unexpected(done.error());
        }
    }
    std::ifstream file(path);
    std::string text;
    std::getline(file, text);
    auto secret = transfer::parse_secret(text);
    if (!secret) return base::within(path, secret.error());
    return transfer::TsigKey{.name = *dns::parse_name(kKeyName), .secret = *std::move(secret)};
}

// The catalog that nodes follow is the first with serials, if there is one.
bool has_catalog(ControlConfig& config) {
    for (const transfer::PublishedCatalog& catalog : config.transfers.published_catalogs) {
        if (!catalog.has_serials) continue;
        config.network.catalog = catalog.zone;
        return true;
    }
    return false;
}

void publish_catalog(ControlConfig& config) {
    transfer::PublishedCatalog own;
    own.zone = config.network.catalog;
    config.transfers.published_catalogs.push_back(own);
}

}  // namespace

Result<std::unique_ptr<control_api::Joining>> provide_network(ControlConfig& config) {
    const bool is_published = has_catalog(config);
    if (config.network.url.empty()) return nullptr;
    if (!is_published) publish_catalog(config);
    auto authority = tls::Authority::open(
        {config.directory + "/nodes-ca.pem", config.directory + "/nodes-ca.key"}, "Nearcast nodes");
    if (!authority) return std::unexpected(authority.error());
    if (auto done = provide_primary(config, *authority); !done) {
        return std::unexpected(done.error());
    }
    auto key = provide_tsig_key(config.directory);
    if (!key) return std::unexpected(key.error());
    control::NetworkSettings& settings = config.network;
    settings.key = *key;
    settings.server_name = kPrimaryName;
    if (!config.transfers.keys.add(*std::move(key))) {
        return base::fail(std::string("the name ") + kKeyName + " is that of the network's key",
                          "another name for that [[key]]");
    }
    if (config.has_tls) {
        const auto pin = tls::pin_of_file(config.certificate);
        if (!pin) return std::unexpected(pin.error());
        settings.pin = tls::to_text(*pin);
    }
    return std::make_unique<control_api::Joining>(
        control_api::Joining{settings, *std::move(authority)});
}

}  // namespace nearcast::control_app
