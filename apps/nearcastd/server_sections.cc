// SPDX-License-Identifier: Apache-2.0

#include "server_sections.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

namespace nearcast::app {
namespace {

using base::Result;

template <typename Section>
Result<void> take(Result<Section> section, Section& into) {
    if (!section) return std::unexpected(section.error());
    into = *std::move(section);
    return {};
}

// What each section says alone is right: do they fit together?
Result<void> check(const std::string& path, const ServerOptions& options) {
    if (options.serve.tls_listen.empty() || options.transfers.tls.has_server()) return {};
    return base::fail(path + ": serve.tls_listen is set, and there is no certificate",
                      "certificate and key in the section [tls]");
}

}  // namespace

Result<void> parse_sections(std::string_view text, const std::string& path,
                            ServerOptions& options) {
    Result<void> done = take(transfer::parse_transfer_config(text, path), options.transfers);
    if (done) done = take(serve::parse_serve_config(text, path), options.serve);
    if (done) done = take(zone::parse_store_config(text, path), options.store);
    if (done) done = take(shield::parse_cookie_config(text, path), options.cookies);
    if (done) done = take(observe::parse_metrics_config(text, path), options.metrics);
    if (done) done = take(observe::parse_tap_config(text, path), options.dnstap);
    return done ? check(path, options) : done;
}

Result<void> read_sections(const std::string& path, ServerOptions& options) {
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file) return base::fail_errno("cannot read " + path, errno);
    return parse_sections(text, path, options);
}

}  // namespace nearcast::app
