// SPDX-License-Identifier: Apache-2.0
//
// Which controller is meant, as whom, and how it proves that it is that one.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nearcast::client {

struct Target {
    std::string url;  // "https://control.example.net:8053"
    std::string key;  // Of the API; empty: without one.
    // A PEM file. Empty, and without a pin: the CAs that this system believes.
    std::string ca;
    // "sha256/...": the key of the server's certificate. Without a CA nothing else counts.
    std::string pin;

    bool operator==(const Target&) const = default;
};

struct Url {
    bool is_secure = true;
    std::string host;  // An IPv6 address is without its brackets.
    uint16_t port = 0;
    std::string path;  // In front of every path; empty, or it begins with '/' and ends otherwise.
};

// "https://HOST[:PORT][/PATH]". Without TLS only to this machine itself: a key goes with requests.
[[nodiscard]] base::Result<Url> parse_url(std::string_view text);

// As one segment of a path, or as a value in a query.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace nearcast::client
