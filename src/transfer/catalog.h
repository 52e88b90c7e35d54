// SPDX-License-Identifier: Apache-2.0
//
// The list of zones that a catalog zone carries (RFC 9432): read from a zone, and made into one.
//
// A member may bear its current serial as a custom property (§4.5):
//   serial.nearcast.ext.<label>.zones.<catalog> TXT "2026112501"
// Who follows the catalog so learns of every change from one transfer, and asks for nothing that
// has not changed. Others ignore it. Pure: no clock, no socket.

#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "dns/record.h"
#include "zone/changeset.h"
#include "zone/image.h"
#include "zone/version.h"

namespace nearcast::transfer {

// Of a catalog that is read. A million zones with all their properties are some 300 MiB; the
// transfer itself has bounds of its own.
constexpr size_t kCatalogMembersMax = 4'000'000;

struct CatalogMember {
    dns::Name zone;
    std::string label = {};                // Its bytes as in the catalog, lower case; 1 to 63.
    std::vector<std::string> groups = {};  // §4.3.2, in no order that means something.
    std::optional<dns::Name> coo = {};     // The catalog that it is to move to (§4.4.1).
    std::optional<uint32_t> serial = {};   // What the hint says.

    bool operator==(const CatalogMember&) const = default;
};

struct Catalog {
    std::vector<CatalogMember> members = {};  // In canonical order of the zones, each once.
    std::vector<std::string> ignored = {};    // What was left out and why, one sentence each.
};

// What the zone lists. Fails when the catalog is broken and must not be followed (§5.1): no version
// 2, or several records where there must be one. A member that stands twice is taken once.
[[nodiscard]] base::Result<Catalog> read_catalog(const zone::Version& version);

// What a catalog lists otherwise than an earlier version of it.
struct CatalogDifference {
    std::set<std::string> labels = {};       // Those of which records have come or gone.
    std::vector<CatalogMember> listed = {};  // What these list now.
    // Zones that one of these listed; any label may do so now.
    std::vector<dns::Name> unlisted = {};
};

// The difference, at the cost of what has changed alone. The changes lead from the earlier version
// to this one, or farther. Nothing when only the whole catalog can tell: it may be broken, or ask
// for something to be ignored.
[[nodiscard]] std::optional<CatalogDifference> read_difference(
    const zone::Version& version, std::span<const zone::Changeset> changes);

// The label that a zone has in catalogs made here: always the same one for the same zone.
[[nodiscard]] std::string catalog_label(const dns::Name& zone);

// The records that list a member with its properties. Fails when a name becomes too long.
[[nodiscard]] base::Result<std::vector<dns::Record>> member_records(const dns::Name& catalog,
                                                                    const CatalogMember& member);
// The SOA of a catalog that is made here.
[[nodiscard]] dns::Record catalog_soa(const dns::Name& catalog, uint32_t serial);

// A catalog zone of these members, each with its label. Fails as member_records() does.
[[nodiscard]] base::Result<zone::ImageBlock> build_catalog(const dns::Name& apex, uint32_t serial,
                                                           std::span<const CatalogMember> members);

}  // namespace nearcast::transfer
