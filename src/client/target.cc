// SPDX-License-Identifier: Apache-2.0

#include "client/target.h"

#include <charconv>
#include <optional>

#include "base/address.h"

namespace nearcast::client {
namespace {

constexpr std::string_view kSecure = "https://";
constexpr std::string_view kPlain = "http://";
constexpr std::string_view kExample = "https://control.example.net:8053";
constexpr uint16_t kSecurePort = 443;
constexpr uint16_t kPlainPort = 80;

std::unexpected<base::Error> refuse(std::string_view url, const std::string& reason) {
    return base::fail('"' + std::string(url) + "\" is no address of a controller: " + reason,
                      std::string(kExample));
}

bool is_this_machine(const std::string& host) {
    if (host == "localhost") return true;
    const auto address = base::parse_ip_address(host);
    if (!address) return false;
    static const base::IpPrefix kLoopback = *base::parse_ip_prefix("127.0.0.0/8");
    static const base::IpAddress kLoopbackV6 = *base::parse_ip_address("::1");
    return *address == kLoopbackV6 || kLoopback.contains(*address);
}

// The host, and what is left of `rest` behind it.
std::optional<std::string> take_host(std::string_view& rest) {
    const bool is_bracketed = rest.starts_with('[');
    const size_t end = is_bracketed ? rest.find(']') : rest.find(':');
    if (is_bracketed && end == std::string_view::npos) return std::nullopt;
    std::string host(is_bracketed ? rest.substr(1, end - 1) : rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view()
                                         : rest.substr(is_bracketed ? end + 1 : end);
    for (const char c : host) {
        if (c <= ' ' || c == '@' || c == '?' || c == '#') return std::nullopt;
    }
    if (host.empty()) return std::nullopt;
    return host;
}

std::optional<uint16_t> read_port(std::string_view text) {
    uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    if (error != std::errc() || stop != end || port == 0) return std::nullopt;
    return port;
}

}  // namespace

base::Result<Url> parse_url(std::string_view text) {
    Url url;
    url.is_secure = !text.starts_with(kPlain);
    if (url.is_secure && !text.starts_with(kSecure)) {
        return refuse(text, "it begins with https://");
    }
    std::string_view rest = text.substr(url.is_secure ? kSecure.size() : kPlain.size());
    const size_t slash = rest.find('/');
    if (slash != std::string_view::npos) {
        url.path = rest.substr(slash);
        rest = rest.substr(0, slash);
        while (url.path.ends_with('/')) url.path.pop_back();
    }
    const auto host = take_host(rest);
    if (!host) return refuse(text, "it names no host");
    url.host = *host;
    url.port = url.is_secure ? kSecurePort : kPlainPort;
    if (!rest.empty()) {
        const auto port = rest.starts_with(':') ? read_port(rest.substr(1)) : std::nullopt;
        if (!port) return refuse(text, "a port is a number from 1 to 65535");
        url.port = *port;
    }
    if (!url.is_secure && !is_this_machine(url.host)) {
        return refuse(text, "without TLS everybody on the way could read the key");
    }
    return url;
}

std::string escaped(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string result;
    for (const char c : text) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                              c == '~';
        if (is_plain) {
            result += c;
        } else {
            const auto byte = static_cast<uint8_t>(c);
            result += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
        }
    }
    return result;
}

}  // namespace nearcast::client
