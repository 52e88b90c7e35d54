// SPDX-License-Identifier: Apache-2.0

#include "observe/scrape_request.h"

#include <algorithm>

namespace nearcast::observe {
namespace {

constexpr std::string_view kPath = "/metrics";

// An empty line ends the header fields. A bare LF ends a line too (RFC 9112 §2.2).
bool has_empty_line(std::string_view text) {
    return text.contains("\n\r\n") || text.contains("\n\n");
}

// Up to the next space, which goes as well.
std::string_view take_word(std::string_view& line) {
    const size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
}

// "/metrics?x=y" and "http://host/metrics" (RFC 9112 §3.2.2) mean the same here.
bool names_the_metrics(std::string_view target) {
    if (target.starts_with("http://")) {
        target.remove_prefix(std::string_view("http://").size());
        target.remove_prefix(std::min(target.find('/'), target.size()));
    }
    return target.substr(0, target.find('?')) == kPath;
}

}  // namespace

ScrapeRequest read_scrape_request(std::string_view text) noexcept {
    // Some clients send an empty line after a request before (RFC 9112 §2.2).
    if (text.starts_with("\r\n")) text.remove_prefix(2);
    if (!has_empty_line(text)) {
        return text.size() < kScrapeRequestSizeMax ? ScrapeRequest::Incomplete
                                                   : ScrapeRequest::TooLarge;
    }
    std::string_view line = text.substr(0, text.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string_view method = take_word(line);
    const std::string_view target = take_word(line);
    if (method.empty() || target.empty() || !line.starts_with("HTTP/1.")) {
        return ScrapeRequest::Malformed;
    }
    if (method != "GET" && method != "HEAD") return ScrapeRequest::OtherMethod;
    if (!names_the_metrics(target)) return ScrapeRequest::OtherPath;
    return method == "GET" ? ScrapeRequest::Get : ScrapeRequest::Head;
}

}  // namespace nearcast::observe
