// SPDX-License-Identifier: Apache-2.0
//
// What the entries of a zone's history hold, as bytes and back.
//
// The bytes come from a disk: reading them fails, and reads nothing outside, whatever they are.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "zone/changeset.h"
#include "zone/file_stamp.h"

namespace nearcast::zone {

// Where a zone comes from.
struct ZoneOrigin {
    enum class Kind : uint8_t {
        Unknown = 0,  // What was stored about it is lost.
        File = 1,
        Primary = 2,
        Derived = 3,  // Made here from other zones, and made again when it is lost.
    };

    Kind kind = Kind::Unknown;
    std::vector<FileStamp> files = {};  // Kind::File: all that were read, the zone's own first.
    bool is_updated = false;            // Kind::File: changes have been applied to it since.
    // Kind::Primary: which of the zones that had this name one after the other. 0: the only one.
    uint64_t zone_id = 0;
    // The serial that was served before it went back, or was used again. Who has one that is no
    // later may have a version of before: no changes lead on from it.
    std::optional<uint32_t> went_back_from = {};
};

[[nodiscard]] std::vector<uint8_t> encode_changes(const Changeset& changes);
// Nothing unless both parts are whole records and begin with their SOA.
[[nodiscard]] std::optional<Changeset> decode_changes(std::span<const uint8_t> bytes);

[[nodiscard]] std::vector<uint8_t> encode_origin(const ZoneOrigin& origin);
[[nodiscard]] std::optional<ZoneOrigin> decode_origin(std::span<const uint8_t> bytes);

// The one changeset that does what these do one after the other. At least one; each begins where
// the one before it ends.
[[nodiscard]] Changeset compose(std::span<const Changeset> changes);

}  // namespace nearcast::zone
