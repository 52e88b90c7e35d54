// SPDX-License-Identifier: Apache-2.0

#include "server_sections.h"

#include <cerrno>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "base/config_file.h"
#include "base/log.h"
#include "base/read_file.h"

namespace nearcast::app {
namespace {

using base::Result;

template <typename Section>
Result<void> take(Result<Section> section, Section& into) {
    if (!section) return std::unexpected(section.error());
    into = *std::move(section);
    return {};
}

// What the command line says where there is no node. Said in the file, it would go unnoticed.
Result<void> refuse_what_a_node_says(std::string_view text, const std::string& path) {
    auto file = base::ConfigFile::parse(text, path);
    if (!file) return std::unexpected(file.error());
    const auto refuse = [&](const char* section, const char* key, std::string_view option) {
        base::ConfigTable table = file->root().table(section);
        if (!table.has(key)) return;
        table.refuse(key, "in [" + std::string(section) + "] is for a whole node",
                     std::string(option) + " on the command line; or --config FILE for a node");
    };
    refuse("zones", "directory", "--zones DIR");
    refuse("serve", "listen", "--listen ADDR:PORT");
    refuse("serve", "threads", "--threads N");
    for (const char* section : {"zones", "serve"}) file->root().leave(section);
    file->root().leave_rest();
    return file->finish();
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
    options.settings_path = path;
    options.settings_text = text;
    return done ? check(path, options) : done;
}

Result<void> read_sections(const std::string& path, ServerOptions& options) {
    const Result<std::string> text = base::read_file(path);
    return text ? parse_sections(*text, path, options) : std::unexpected(text.error());
}

Result<void> read_settings(const std::string& path, ServerOptions& options) {
    const Result<std::string> text = base::read_file(path);
    if (!text) return std::unexpected(text.error());
    if (auto done = refuse_what_a_node_says(*text, path); !done) return done;
    return parse_sections(*text, path, options);
}

std::optional<base::Error> tell_kept_settings(const ServerOptions& options, std::string& told) {
    if (options.settings_path.empty()) return std::nullopt;
    const Result<std::string> text = base::read_file(options.settings_path);
    if (text && *text == options.settings_text) return std::nullopt;
    const base::Error kept =
        text ? base::Error{options.settings_path +
                               ": it is another than at the start, and only read then",
                           "a restart"}
             : base::Error{text.error().message,
                           "a file there that the user of the server can read"};
    // A node that root started was given what root read: the file may well be root's alone.
    const bool is_roots =
        !text && ::access(options.settings_path.c_str(), R_OK) != 0 && errno == EACCES;
    const std::string& found = text ? *text : kept.message;
    if (found != told) {
        told = found;
        base::log::warning(
            "settings_not_reloaded",
            {{"file", options.settings_path}, {"reason", kept.message}, {"try", kept.hint}});
    }
    return is_roots ? std::nullopt : std::optional(kept);
}

}  // namespace nearcast::app
