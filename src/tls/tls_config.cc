// SPDX-License-Identifier: Apache-2.0

#include "tls/tls_config.h"

#include <algorithm>
#include <string>

namespace nearcast::tls {
namespace {

using base::ConfigTable;

constexpr std::string_view kCertificateExample = "\"/etc/nearcast/tls/cert.pem\"";
constexpr std::string_view kKeyExample = "\"/etc/nearcast/tls/key.pem\"";
constexpr std::string_view kCaExample = "\"/etc/nearcast/tls/ca.pem\"";
constexpr std::string_view kNameExample = "\"hidden-primary\"";

void read_pair(ConfigTable& table, std::string& certificate, std::string& key) {
    table.read("certificate", certificate, kCertificateExample);
    table.read("key", key, kKeyExample);
    if (table.has("certificate")) table.require("key", kKeyExample);
    if (table.has("key")) table.require("certificate", kCertificateExample);
}

void read_profile(ConfigTable table, TlsConfig& config) {
    ClientSettings profile;
    table.require("name", kNameExample);
    table.read("name", profile.name, kNameExample);
    table.read("server_name", profile.server_name, "\"primary.example.net\"");
    table.read("ca", profile.ca, kCaExample);
    table.read_list_as("pins", profile.pins, parse_pin, "[\"sha256/the hash in base64\"]");
    read_pair(table, profile.certificate, profile.key);
    if (profile.pins.empty()) table.require("server_name", "\"primary.example.net\", or pins");
    if (profile.name.empty() || profile.name.find_first_of(" #") != std::string::npos) {
        table.refuse("name", "is empty, or has a space or a # in it", kNameExample);
    }
    if (config.find(profile.name) != nullptr) {
        table.refuse("name", "is the name of another profile", "a name of its own for each");
    }
    config.profiles.push_back(std::move(profile));
}

}  // namespace

const ClientSettings* TlsConfig::find(std::string_view profile) const {
    const auto found = std::ranges::find(profiles, profile, &ClientSettings::name);
    return found == profiles.end() ? nullptr : &*found;
}

TlsConfig read_tls_config(ConfigTable root) {
    TlsConfig config;
    ConfigTable table = root.table("tls");
    read_pair(table, config.server.certificate, config.server.key);
    table.read("client_ca", config.server.client_ca, kCaExample);
    config.server.asks_clients = table.has("client_ca");
    for (const ConfigTable& profile : table.tables("profile")) read_profile(profile, config);
    return config;
}

}  // namespace nearcast::tls
