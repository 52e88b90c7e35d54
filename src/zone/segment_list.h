// SPDX-License-Identifier: Apache-2.0
//
// Which segments a store consists of, as a file beside them says: without it nobody would miss one
// that is gone. A segment that is there counts, listed or not.

#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string_view>

#include "base/result.h"
#include "zone/store_disk.h"

namespace nearcast::zone {

constexpr std::string_view kSegmentListName = "segments";

// The numbers in such a file; nothing when it is not whole.
[[nodiscard]] std::optional<std::set<uint64_t>> parse_segment_list(std::span<const uint8_t> bytes);

[[nodiscard]] base::Result<std::optional<std::set<uint64_t>>> read_segment_list(StoreDisk& disk);

// On the disk when it returns. After an error the list is the old one or the new one.
[[nodiscard]] base::Result<void> write_segment_list(StoreDisk& disk,
                                                    const std::set<uint64_t>& numbers);

}  // namespace nearcast::zone
