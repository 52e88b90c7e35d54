// SPDX-License-Identifier: Apache-2.0
//
// A request and a response as the API sees them: no socket, no library.

#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nearcast::control_api {

struct Request {
    std::string method;
    std::vector<std::string> path;               // Segments, with their escapes undone.
    std::map<std::string, std::string> query;    // The first of each name.
    std::map<std::string, std::string> headers;  // Names in lower case; the first of each.
    std::string body;
    std::string peer;  // Address.

    // Empty when it is not there.
    [[nodiscard]] std::string header(const std::string& name) const;
    [[nodiscard]] std::optional<std::string> parameter(const std::string& name) const;
};

struct Response {
    int status = 200;
    std::string content_type;  // Empty, with an empty body: none.
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

// What is known of a request before its body has come.
struct Admission {
    // Of what is longer the connection ends with 413. 0: the answer is known without it, and it is
    // not read.
    size_t body_size_max = 0;
    // Once, with the same request and its body.
    std::function<Response(const Request&)> answer;
};

// UTF-8 (RFC 3629) without U+0000, which databases and DNS names have other uses for.
[[nodiscard]] bool is_text(std::string_view bytes);

// As a value in a query: letters, digits and "-._~" stay as they are (RFC 3986 §2.3).
[[nodiscard]] std::string escaped(std::string_view text);

// Divides "/api/v1/zones/a%2Fb?x=1" into the path and query of `request`. False when an escape is
// none, or what it stands for is no text.
[[nodiscard]] bool read_target(std::string_view target, Request& request);

}  // namespace nearcast::control_api
