// SPDX-License-Identifier: Apache-2.0

#include "observe/tap_config.h"

#include "base/config_file.h"

namespace nearcast::observe {

base::Result<TapConfig> parse_tap_config(std::string_view text, const std::string& path) {
    auto file = base::ConfigFile::parse(text, path);
    if (!file) return std::unexpected(file.error());
    TapConfig config;
    base::ConfigTable root = file->root();
    base::ConfigTable table = root.table("dnstap");
    table.read("socket", config.socket, "\"/run/nearcast/dnstap.sock\"");
    table.read("file", config.file, "\"/var/lib/nearcast/dnstap.fstrm\"");
    uint64_t sample = config.sample;
    table.read_number("sample", sample, {1, UINT32_MAX}, "100");
    config.sample = static_cast<uint32_t>(sample);
    table.read("queries", config.has_queries, "true");
    table.read("responses", config.has_responses, "true");
    if (table.has("socket") && table.has("file")) {
        table.refuse("file", "and socket are both there", "keep one of the two");
    }
    if (!config.has_queries && !config.has_responses) {
        table.refuse("responses", "and queries are both false", "queries = true");
    }
    root.leave_rest();
    if (auto done = file->finish(); !done) return std::unexpected(done.error());
    return config;
}

}  // namespace nearcast::observe
