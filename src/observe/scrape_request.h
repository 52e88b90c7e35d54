// SPDX-License-Identifier: Apache-2.0
//
// What a client of the metrics endpoint asks: as much of HTTP/1 (RFC 9112) as a collector speaks.
//
// Header fields are not looked at: each response ends its connection, and there is one form of it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nearcast::observe {

// Collectors send a few hundred bytes; a browser with its cookies some thousand.
constexpr size_t kScrapeRequestSizeMax = 8192;

enum class ScrapeRequest : uint8_t {
    Incomplete,  // More is to come.
    Get,
    Head,
    OtherPath,    // A GET or HEAD of something that is not here.
    OtherMethod,  // Of anything.
    TooLarge,
    Malformed,
};

// `text` is what has come so far. The rest of it, behind the empty line, is not judged.
[[nodiscard]] ScrapeRequest read_scrape_request(std::string_view text) noexcept;

}  // namespace nearcast::observe
