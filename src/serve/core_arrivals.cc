// SPDX-License-Identifier: Apache-2.0

#include "serve/core_arrivals.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/read_file.h"

namespace nearcast::serve {
namespace {

constexpr size_t kReceivedColumn = 0;
constexpr size_t kCoreColumn = 12;
constexpr uint32_t kCoresMax = 65536;

std::optional<uint32_t> number(std::string_view text, int base) {
    uint32_t found = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), found, base);
    return read.ec == std::errc() ? std::optional(found) : std::nullopt;
}

// Without what is behind it, or nothing where the line is shorter.
std::string_view column(std::string_view line, size_t place) {
    for (; place > 0; --place) {
        const size_t space = line.find(' ');
        if (space == std::string_view::npos) return {};
        line.remove_prefix(space + 1);
    }
    return line.substr(0, line.find(' '));
}

}  // namespace

CoreArrivals read_core_arrivals() {
    const std::string looped =
        base::read_file("/sys/class/net/lo/statistics/rx_packets").value_or("");
    return {.by_core = parse_softnet_stat(base::read_file("/proc/net/softnet_stat").value_or("")),
            .looped = static_cast<uint32_t>(std::strtoull(looped.c_str(), nullptr, 10))};
}

std::vector<uint32_t> parse_softnet_stat(std::string_view text) {
    std::vector<uint32_t> by_core;
    uint32_t place = 0;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const auto received = number(column(line, kReceivedColumn), 16);
        const uint32_t core = number(column(line, kCoreColumn), 16).value_or(place);
        if (!received || core >= kCoresMax) return {};
        if (by_core.size() <= core) by_core.resize(core + 1, 0);
        by_core[core] = *received;
        ++place;
    }
    return by_core;
}

}  // namespace nearcast::serve
