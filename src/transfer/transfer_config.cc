// SPDX-License-Identifier: Apache-2.0

#include "transfer/transfer_config.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/config_file.h"
#include "base/read_file.h"
#include "dns/header.h"

namespace nearcast::transfer {
namespace {

using base::ConfigTable;
using base::Result;

constexpr std::string_view kNameExample = "\"transfer.example\"";
constexpr std::string_view kSecretExample = "\"the base64 that tsig-keygen printed\"";
constexpr std::string_view kZoneExample = "\"example.org\"";
constexpr std::string_view kAllowExample = R"(["192.0.2.1", "key:transfer.example"])";

// What others read out of the same file.
constexpr auto kNodeSections = std::to_array<std::string_view>(
    {"node", "zones", "serve", "anycast", "guard", "routing", "store", "cookies", "metrics",
     "dnstap", "control", "database", "api", "network", "plan", "signing"});

// Names here are absolute with or without the final dot.
Result<dns::Name> parse_absolute_name(std::string_view text) {
    const dns::Name root;
    return dns::parse_name(text, &root);
}

Result<std::vector<uint8_t>> read_secret_file(std::string_view path) {
    auto text = base::read_file(std::string(path));
    if (!text) {
        return base::fail("names a file that cannot be read: " + std::string(path),
                          "a file that is there, that the server's user may read, and that has the "
                          "base64 which tsig-keygen printed as the secret");
    }
    std::erase_if(*text, [](unsigned char byte) { return byte <= ' '; });
    return parse_secret(*text);
}

// RFC 8945 §10: a secret should have as many bytes as the digest at least.
void doubt_short_secret(const ConfigTable& table, const TsigKey& key,
                        std::vector<base::Error>& doubts) {
    const size_t least = hash_size(key.hash);
    if (key.secret.empty() || key.secret.size() >= least) return;
    doubts.push_back({table.place(table.has("secret") ? "secret" : "secret_file") + ": the key " +
                          dns::to_text(key.name) + " has a secret of " +
                          std::to_string(key.secret.size()) + " bytes, which can be guessed",
                      "one of " + std::to_string(least) +
                          " bytes at both ends, as tsig-keygen "
                          "makes it"});
}

void read_key(ConfigTable table, TransferConfig& config) {
    TsigKeyring& keys = config.keys;
    TsigKey key;
    table.require("name", kNameExample);
    table.read_as("name", key.name, parse_absolute_name, kNameExample);
    bool is_weak_allowed = false;
    table.read_as("algorithm", key.hash, parse_algorithm, "\"hmac-sha256\"");
    table.read("allow_weak", is_weak_allowed, "true");
    if (is_weak(key.hash) && !is_weak_allowed) {
        table.refuse("algorithm", "is no longer safe, and taken only when that is said",
                     "\"hmac-sha256\"; or allow_weak = true beside it, for a peer that knows no "
                     "better");
    }
    table.read_as("secret", key.secret, parse_secret, kSecretExample);
    table.read_as("secret_file", key.secret, read_secret_file, "\"/etc/nearcast/transfer.key\"");
    if (table.has("secret") && table.has("secret_file")) {
        table.refuse("secret_file", "and secret are both there", "keep one of the two");
    }
    if (!table.has("secret") && !table.has("secret_file")) table.require("secret", kSecretExample);
    if (!Hmac().supports(key.hash)) {
        table.refuse("algorithm", "is one that this machine's OpenSSL does not have",
                     "\"hmac-sha256\"");
    }
    doubt_short_secret(table, key, config.doubts);
    if (!keys.add(std::move(key))) {
        table.refuse("name", "is the name of another key", "a name of its own for each key");
    }
}

// An update is judged by its address and its key alone.
void refuse_tls(ConfigTable& table, std::string_view field, const AccessList& list) {
    if (std::ranges::none_of(list, &AccessEntry::needs_tls)) return;
    table.refuse(field, "asks for TLS, which updates are not judged by: it would never hold",
                 R"("key:NAME", an address, or both with a space between)");
}

void check_keys(ConfigTable& table, std::string_view field, const AccessList& list,
                const TsigKeyring& keys) {
    for (const AccessEntry& entry : list) {
        if (!entry.key || keys.find(*entry.key) != nullptr) continue;
        table.refuse(field, "names a key that is not there: " + dns::to_text(*entry.key),
                     "a [[key]] section with this name");
    }
}

// A name means nothing without a CA that vouches for it.
void check_certificates(ConfigTable& table, const AccessList& list, tls::ServerSettings& server) {
    for (const AccessEntry& entry : list) {
        server.asks_clients |= entry.tls_name || entry.tls_pin;
        if (!entry.tls_name || !server.client_ca.empty()) continue;
        table.refuse("allow", "names a certificate, and there is no CA to believe",
                     "client_ca in the section [tls], or a pin: tls:sha256/...");
    }
}

Result<base::SocketAddress> parse_target_with(std::string_view text, uint16_t port) {
    if (const auto ip = base::parse_ip_address(text)) return base::SocketAddress{*ip, port};
    return base::parse_socket_address(text);
}

// Port 53 when there is none, over TLS 853 (RFC 7858 §3.1).
Result<base::SocketAddress> parse_target(std::string_view text) {
    return parse_target_with(text, dns::kDnsPort);
}
Result<base::SocketAddress> parse_tls_target(std::string_view text) {
    constexpr uint16_t kDotPort = 853;
    return parse_target_with(text, kDotPort);
}

void read_notify(ConfigTable& table, const TsigKeyring& keys, ZonePolicy& policy) {
    table.read_list_as("notify", policy.notify, parse_target,
                       R"(["192.0.2.7", "[2001:db8::7]:53"])");
    dns::Name key;
    table.read_as("notify_key", key, parse_absolute_name, kNameExample);
    if (!table.has("notify_key")) return;
    policy.notify_key = key;
    check_keys(table, "notify_key", {AccessEntry{.from = {}, .key = key}}, keys);
}

void read_policy(ConfigTable& table, TransferConfig& config, ZonePolicy& policy) {
    read_notify(table, config.keys, policy);
    table.read_list_as("allow", policy.allow, parse_access_entry, kAllowExample);
    check_keys(table, "allow", policy.allow, config.keys);
    check_certificates(table, policy.allow, config.tls.server);
}

bool is_before(const TransferConfig::OwnPolicy& entry, const dns::Name& zone) {
    return dns::canonical_order(entry.zone.wire(), zone.wire()) < 0;
}

void read_zone_policy(ConfigTable table, TransferConfig& config) {
    dns::Name zone;
    table.require("zone", kZoneExample);
    table.read_as("zone", zone, parse_absolute_name, kZoneExample);
    // What is not said here is as for every zone.
    ZonePolicy policy = config.defaults;
    read_policy(table, config, policy);
    const auto place = std::lower_bound(config.zones.begin(), config.zones.end(), zone, is_before);
    if (place != config.zones.end() && place->zone == zone) {
        table.refuse("zone", "has a section already", "one [[transfer.zone]] for each zone");
        return;
    }
    config.zones.insert(place, {zone, std::move(policy)});
}

void read_profile(ConfigTable& table, const tls::TlsConfig& tls,
                  std::optional<tls::ClientSettings>& profile) {
    std::string name;
    table.read("tls", name, "\"hidden-primary\"");
    if (!table.has("tls")) return;
    if (const tls::ClientSettings* const found = tls.find(name)) {
        profile = *found;
    } else {
        table.refuse("tls", "names a profile that is not there: " + name,
                     "a [[tls.profile]] section with this name");
    }
}

constexpr std::string_view kPrimariesExample = R"(["192.0.2.1", "[2001:db8::1]:53"])";

// From whom a zone comes, and how. What is not said stays as it is.
void read_source(ConfigTable& table, const TransferConfig& config, SecondaryConfig& source) {
    const TsigKeyring& keys = config.keys;
    read_profile(table, config.tls, source.tls);
    table.read_list_as("primaries", source.primaries, source.tls ? parse_tls_target : parse_target,
                       kPrimariesExample);
    if (source.primaries.empty()) table.refuse("primaries", "is empty", kPrimariesExample);
    dns::Name key;
    table.read_as("key", key, parse_absolute_name, kNameExample);
    if (table.has("key")) {
        source.key = key;
        check_keys(table, "key", {AccessEntry{.from = {}, .key = key}}, keys);
    }
    table.read_list_as("forward_updates", source.forward_updates, parse_access_entry,
                       kAllowExample);
    check_keys(table, "forward_updates", source.forward_updates, keys);
    refuse_tls(table, "forward_updates", source.forward_updates);
    table.read("accept_older_serial", source.accepts_older, "true");
}

void read_secondary(ConfigTable table, TransferConfig& config) {
    SecondaryConfig secondary;
    table.require("zone", kZoneExample);
    table.require("primaries", kPrimariesExample);
    table.read_as("zone", secondary.zone, parse_absolute_name, kZoneExample);
    read_source(table, config, secondary);
    const bool is_known = std::ranges::any_of(
        config.secondaries, [&](const auto& each) { return each.zone == secondary.zone; });
    if (is_known) table.refuse("zone", "has a section already", "one [[secondary]] for each zone");
    config.secondaries.push_back(std::move(secondary));
}

// Where the key is left out for everything, a list that happens to be empty must not mean that.
template <typename T>
void refuse_empty(ConfigTable& table, std::string_view key, const std::vector<T>& list) {
    if (!table.has(key) || !list.empty()) return;
    table.refuse(key, "lists nothing", "remove the section; without this key it is for everything");
}

void read_zone_patterns(ConfigTable& table, std::vector<NamePattern>& zones) {
    table.read_list_as("zones", zones, parse_name_pattern,
                       R"(["example.org", "subtree:customers.example"])");
    refuse_empty(table, "zones", zones);
}

void read_catalog_name(ConfigTable& table, const TransferConfig& config, dns::Name& zone) {
    constexpr std::string_view kExample = "\"catalog.example\"";
    table.require("zone", kExample);
    table.read_as("zone", zone, parse_absolute_name, kExample);
    const auto known = config.catalogs();
    if (std::ranges::find(known, zone) != known.end()) {
        table.refuse("zone", "has a section already", "one section for each catalog");
    }
}

void read_followed_catalog(ConfigTable table, TransferConfig& config) {
    FollowedCatalog catalog;
    read_catalog_name(table, config, catalog.catalog.zone);
    table.require("primaries", kPrimariesExample);
    read_source(table, config, catalog.catalog);
    catalog.members = catalog.catalog;
    table.read("report", catalog.wants_reports, "true");
    ConfigTable members = table.table("members");
    read_source(members, config, catalog.members);
    const std::vector<base::SocketAddress> controllers = catalog.catalog.primaries;
    const auto settle = [&](SecondaryConfig& source) {
        source.is_of_controller = catalog.wants_reports && source.primaries == controllers &&
                                  source.key && source.tls && !source.tls->certificate.empty();
    };
    settle(catalog.catalog);
    settle(catalog.members);
    for (ConfigTable each : table.tables("group")) {
        FollowedCatalog::Group group{.name = {}, .members = catalog.members};
        each.require("name", "\"signed\"");
        each.read("name", group.name, "\"signed\"");
        read_source(each, config, group.members);
        settle(group.members);
        catalog.groups.push_back(std::move(group));
    }
    config.followed_catalogs.push_back(std::move(catalog));
}

void read_published_catalog(ConfigTable table, TransferConfig& config) {
    PublishedCatalog catalog;
    read_catalog_name(table, config, catalog.zone);
    read_zone_patterns(table, catalog.zones);
    table.read("serials", catalog.has_serials, "true");
    for (ConfigTable each : table.tables("group")) {
        PublishedCatalog::Group group;
        each.require("name", "\"signed\"");
        each.read("name", group.name, "\"signed\"");
        read_zone_patterns(each, group.zones);
        catalog.groups.push_back(std::move(group));
    }
    for (ConfigTable each : table.tables("move")) {
        PublishedCatalog::Move move;
        each.require("to", "\"other.example\"");
        each.read_as("to", move.to, parse_absolute_name, "\"other.example\"");
        read_zone_patterns(each, move.zones);
        catalog.moves.push_back(std::move(move));
    }
    config.published_catalogs.push_back(std::move(catalog));
}

Result<dns::RRType> parse_type(std::string_view text) {
    if (const auto type = dns::parse_rr_type(text)) return *type;
    return base::fail("has an unknown type: " + std::string(text), R"(["A", "AAAA", "TXT"])");
}

void check_names(ConfigTable& table, const dns::Name& zone, const std::vector<NamePattern>& names) {
    for (const NamePattern& each : names) {
        if (each.can_hold_in(zone)) continue;
        table.refuse("names",
                     "has " + dns::to_text(each.name) + ", which no name of " + dns::to_text(zone) +
                         " can be",
                     "names of this zone, each written in full; or a section for the other zone");
    }
}

// Each section of a zone is one rule more for it.
void read_update_rule(ConfigTable table, TransferConfig& config) {
    constexpr std::string_view kAllow = R"(["key:update.example"])";
    dns::Name zone;
    UpdateRule rule;
    bool is_signed_allowed = false;
    table.require("zone", kZoneExample);
    table.require("allow", kAllow);
    table.read_as("zone", zone, parse_absolute_name, kZoneExample);
    table.read_list_as("allow", rule.allow, parse_access_entry, kAllow);
    check_keys(table, "allow", rule.allow, config.keys);
    table.read_list_as("names", rule.names, parse_name_pattern,
                       R"(["_acme-challenge.example.org", "subtree:dyn.example.org"])");
    refuse_tls(table, "allow", rule.allow);
    check_names(table, zone, rule.names);
    refuse_empty(table, "names", rule.names);
    table.read_list_as("types", rule.types, parse_type, R"(["A", "AAAA", "TXT"])");
    refuse_empty(table, "types", rule.types);
    table.read("signed", is_signed_allowed, "true");
    const auto same =
        std::ranges::find(config.updates, zone, &TransferConfig::OwnUpdatePolicy::zone);
    auto& policy = same == config.updates.end()
                       ? config.updates.emplace_back(zone, UpdatePolicy{}).policy
                       : same->policy;
    policy.rules.push_back(std::move(rule));
    policy.is_signed_allowed = policy.is_signed_allowed || is_signed_allowed;
}

TransferConfig read_sections(ConfigTable root) {
    TransferConfig config;
    for (const ConfigTable& key : root.tables("key")) read_key(key, config);
    config.tls = tls::read_tls_config(root);
    ConfigTable transfer = root.table("transfer");
    read_policy(transfer, config, config.defaults);
    for (const ConfigTable& zone : transfer.tables("zone")) read_zone_policy(zone, config);
    transfer.read("directory", config.directory, "\"/var/lib/nearcast/secondary\"");
    for (const ConfigTable& each : root.tables("secondary")) read_secondary(each, config);
    ConfigTable catalog = root.table("catalog");
    for (const ConfigTable& each : catalog.tables("follow")) read_followed_catalog(each, config);
    for (const ConfigTable& each : catalog.tables("publish")) read_published_catalog(each, config);
    for (const ConfigTable& each : root.table("update").tables("zone")) {
        read_update_rule(each, config);
    }
    return config;
}

Result<TransferConfig> read_all(base::ConfigFile file) {
    TransferConfig config = read_sections(file.root());
    for (const std::string_view key : kNodeSections) file.root().leave(key);
    if (auto done = file.finish(); !done) return std::unexpected(done.error());
    return config;
}

}  // namespace

const ZonePolicy& TransferConfig::policy_for(const dns::Name& zone) const {
    const auto place = std::lower_bound(zones.begin(), zones.end(), zone, is_before);
    return place != zones.end() && place->zone == zone ? place->policy : defaults;
}

const UpdatePolicy* TransferConfig::update_policy_for(const dns::Name& zone) const {
    const auto found = std::ranges::find(updates, zone, &OwnUpdatePolicy::zone);
    return found == updates.end() ? nullptr : &found->policy;
}

bool TransferConfig::notifies() const {
    return !defaults.notify.empty() || std::ranges::any_of(zones, [](const OwnPolicy& each) {
        return !each.policy.notify.empty();
    });
}

std::vector<dns::Name> TransferConfig::catalogs() const {
    std::vector<dns::Name> names;
    for (const FollowedCatalog& each : followed_catalogs) names.push_back(each.catalog.zone);
    for (const PublishedCatalog& each : published_catalogs) names.push_back(each.zone);
    return names;
}

std::vector<base::Error> sections_for_nothing(
    const TransferConfig& config, const std::function<bool(const dns::Name&)>& is_served) {
    std::vector<base::Error> doubts;
    if (!config.followed_catalogs.empty()) return doubts;
    std::vector<dns::Name> others = config.catalogs();
    for (const SecondaryConfig& each : config.secondaries) others.push_back(each.zone);
    const auto doubt = [&](const char* section, const dns::Name& zone) {
        if (is_served(zone) || std::ranges::find(others, zone) != others.end()) return;
        doubts.push_back(
            {std::string("there is a section ") + section + " for " + dns::to_text(zone) +
                 ", which is not served here",
             "the name of a zone as its file or its [[secondary]] section has it, or no section"});
    };
    for (const auto& own : config.zones) doubt("[[transfer.zone]]", own.zone);
    for (const auto& own : config.updates) doubt("[[update.zone]]", own.zone);
    return doubts;
}

std::vector<base::Error> secondaries_with_files(
    const TransferConfig& config, const std::function<bool(const dns::Name&)>& has_file) {
    std::vector<base::Error> doubts;
    for (const SecondaryConfig& each : config.secondaries) {
        if (!has_file(each.zone)) continue;
        doubts.push_back({dns::to_text(each.zone) +
                              " has a file and a section [[secondary]]: the file is served",
                          "remove one of the two"});
    }
    return doubts;
}

const SecondaryConfig& FollowedCatalog::source_of(const std::vector<std::string>& names) const {
    const auto is_named = [&names](const Group& group) {
        return std::ranges::find(names, group.name) != names.end();
    };
    const auto group = std::ranges::find_if(groups, is_named);
    return group == groups.end() ? members : group->members;
}

Result<TransferConfig> read_transfer_config(const std::string& path) {
    auto file = base::ConfigFile::read(path);
    if (!file) return std::unexpected(file.error());
    return read_all(*std::move(file));
}

Result<TransferConfig> parse_transfer_config(std::string_view text, const std::string& path) {
    auto file = base::ConfigFile::parse(text, path);
    if (!file) return std::unexpected(file.error());
    return read_all(*std::move(file));
}

}  // namespace nearcast::transfer
