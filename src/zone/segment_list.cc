// SPDX-License-Identifier: Apache-2.0

#include "zone/segment_list.h"

#include <algorithm>
#include <string>
#include <vector>

#include <xxhash.h>

#include "zone/segment.h"

namespace nearcast::zone {
namespace {

using base::Result;

// The last line, with the checksum of all before it.
constexpr std::string_view kEnd = "end ";

// More than the names of all segments that a store of the largest size can have, of the smallest.
constexpr uint64_t kListSizeMax = uint64_t{1} << 30;

std::string end_line(std::string_view lines) {
    return std::string(kEnd) + std::to_string(XXH3_64bits(lines.data(), lines.size())) + "\n";
}

}  // namespace

std::optional<std::set<uint64_t>> parse_segment_list(std::span<const uint8_t> bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::set<uint64_t> numbers;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = text.substr(at, end - at);
        if (line.starts_with(kEnd)) {
            const bool is_whole = text.substr(at) == end_line(text.substr(0, at));
            return is_whole ? std::optional(std::move(numbers)) : std::nullopt;
        }
        const auto number = Segment::number_of(std::string(line));
        if (!number) return std::nullopt;
        numbers.insert(*number);
        at = end + 1;
    }
    return std::nullopt;
}

Result<std::optional<std::set<uint64_t>>> read_segment_list(StoreDisk& disk) {
    const auto file = disk.open(std::string(kSegmentListName));
    if (!file) return std::unexpected(file.error());
    const auto size = (*file)->size();
    if (!size) return std::unexpected(size.error());
    std::vector<uint8_t> bytes(std::min(*size, kListSizeMax));
    const auto got = (*file)->read(0, bytes);
    if (!got) return std::unexpected(got.error());
    return parse_segment_list(std::span(bytes).first(*got));
}

Result<void> write_segment_list(StoreDisk& disk, const std::set<uint64_t>& numbers) {
    std::string text;
    for (const uint64_t number : numbers) text += Segment::name_of(number) + "\n";
    text += end_line(text);
    const std::string name(kSegmentListName);
    const std::string unfinished = name + std::string(kUnfinishedEnding);
    auto file = disk.create(unfinished);
    if (!file) return std::unexpected(file.error());
    auto done = (*file)->write(0, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    if (done) done = (*file)->sync();
    if (done) done = disk.rename(unfinished, name);
    if (done) return disk.sync_names();
    (void)disk.remove(unfinished);
    return done;
}

}  // namespace nearcast::zone
