// SPDX-License-Identifier: Apache-2.0
//
// What the configuration says about zones between servers: keys, who may have which zone, and what
// comes from elsewhere.
//
// The sections [[key]], [tls], [transfer], [[secondary]], [catalog] and [update] of node.toml, or
// of a file of their own. Once read, nothing in it changes: any thread reads.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "dns/name.h"
#include "tls/tls_config.h"
#include "transfer/access_list.h"
#include "transfer/tsig_key.h"
#include "transfer/update_policy.h"

namespace nearcast::transfer {

// What a primary does for others.
struct ZonePolicy {
    AccessList allow;                         // Who may have the zone.
    std::vector<base::SocketAddress> notify;  // Who is told when it changes.
    std::optional<dns::Name> notify_key;      // What that is signed with.
};

// A zone that primaries give us.
struct SecondaryConfig {
    dns::Name zone;
    std::vector<base::SocketAddress> primaries;  // At least one; asked in this order.
    std::optional<dns::Name> key;                // What questions to them are signed with.
    std::optional<tls::ClientSettings> tls;      // They are asked over TLS alone, by this profile.
    AccessList forward_updates;                  // Whose updates are passed on to a primary.
    bool accepts_older = false;  // A version with an older serial is taken like any other.
    // They are the controller of this node, by certificates on both sides and a key: where it says
    // that a serial went back, as after a restored backup, that is taken.
    bool is_of_controller = false;
    // Where zones follow each other under one name: which of them it is. What was fetched of
    // another one is not served as this one.
    uint64_t zone_id = 0;
    std::string owner = {};  // Whose it is, where many share the threads that fetch. Empty: ours.
};

// A catalog of somebody else, whose zones we serve (RFC 9432).
struct FollowedCatalog {
    struct Group {
        std::string name;
        SecondaryConfig members;
    };

    SecondaryConfig catalog;
    SecondaryConfig members;     // How its zones are fetched; `zone` is not used.
    std::vector<Group> groups;   // The same for those that bear its name.
    bool wants_reports = false;  // The primary is told what we serve of it.

    // How a member with these groups is fetched: as the first of them that is known says.
    [[nodiscard]] const SecondaryConfig& source_of(const std::vector<std::string>& names) const;
};

// A catalog of zones that are served here.
struct PublishedCatalog {
    struct Group {
        std::string name;
        std::vector<NamePattern> zones;
    };
    struct Move {
        dns::Name to;
        std::vector<NamePattern> zones;
    };

    dns::Name zone;
    std::vector<NamePattern> zones;  // Empty: all, but for catalogs.
    std::vector<Group> groups;
    std::vector<Move> moves;  // Zones that are on their way to another catalog (§4.4.1).
    bool has_serials = true;  // Each member bears its serial.
};

struct TransferConfig {
    struct OwnPolicy {
        dns::Name zone;
        ZonePolicy policy;
    };
    struct OwnUpdatePolicy {
        dns::Name zone;
        UpdatePolicy policy;
    };

    TsigKeyring keys;
    tls::TlsConfig tls;
    ZonePolicy defaults;           // Of zones without one of their own.
    std::vector<OwnPolicy> zones;  // In canonical order of the zones.
    std::vector<SecondaryConfig> secondaries;
    std::vector<FollowedCatalog> followed_catalogs;
    std::vector<PublishedCatalog> published_catalogs;
    std::vector<OwnUpdatePolicy> updates;                   // Who may change which zone.
    std::string directory = "/var/lib/nearcast/secondary";  // Where their copies are kept.
    // What is taken as it stands and is likely a mistake, with its place.
    std::vector<base::Error> doubts;

    [[nodiscard]] const ZonePolicy& policy_for(const dns::Name& zone) const;
    // Null when nobody may change the zone.
    [[nodiscard]] const UpdatePolicy* update_policy_for(const dns::Name& zone) const;
    // The apexes of all catalogs: nobody sees them but those who may have them.
    [[nodiscard]] std::vector<dns::Name> catalogs() const;
    // Whether there is a secondary that is told of changes.
    [[nodiscard]] bool notifies() const;
};

// The sections for zones that are neither fetched nor served otherwise, though no catalog brings
// zones later.
[[nodiscard]] std::vector<base::Error> sections_for_nothing(
    const TransferConfig& config, const std::function<bool(const dns::Name&)>& is_served);

// The sections of zones that are not fetched, since they are served from files.
[[nodiscard]] std::vector<base::Error> secondaries_with_files(
    const TransferConfig& config, const std::function<bool(const dns::Name&)>& has_file);

// Reads a file that has these sections; those of node.toml that are not ours may be there too.
[[nodiscard]] base::Result<TransferConfig> read_transfer_config(const std::string& path);

// The same from memory; `path` is only for messages.
[[nodiscard]] base::Result<TransferConfig> parse_transfer_config(std::string_view text,
                                                                 const std::string& path);

}  // namespace nearcast::transfer
