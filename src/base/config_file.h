// SPDX-License-Identifier: Apache-2.0
//
// Reads a TOML file key by key, and refuses what nobody asked for.
//
//   ConfigFile file = *ConfigFile::read("node.toml");
//   ConfigTable node = file.root().table("node");
//   node.read("name", name, "\"sin1\"");     // Leaves `name` alone when the key is absent.
//   if (auto done = file.finish(); !done) …   // The first error: file, line, key, way out.
//
// A reader need not check each call: the file remembers the first error, in the order of the calls,
// and finish() reports it, or else the first key that was never asked for and the known key nearest
// to it. One thread at a time; a ConfigTable borrows from its ConfigFile.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nearcast::base {

class ConfigTable;
struct ConfigState;

class ConfigFile {
 public:
    [[nodiscard]] static Result<ConfigFile> read(const std::string& path);
    // `path` is only for messages.
    [[nodiscard]] static Result<ConfigFile> parse(std::string_view text, const std::string& path);

    ConfigFile(ConfigFile&&) noexcept;
    ConfigFile& operator=(ConfigFile&&) noexcept;
    ~ConfigFile();

    [[nodiscard]] ConfigTable root();

    // Call once everything was read.
    [[nodiscard]] Result<void> finish();

 private:
    explicit ConfigFile(std::unique_ptr<ConfigState> state);

    std::unique_ptr<ConfigState> state_;
};

class ConfigTable {
 public:
    struct Range {
        uint64_t lowest = 0;
        uint64_t highest = UINT64_MAX;
    };

    // Each leaves `value` as it is when the key is absent, so what stands there is the default.
    // `example` is a right value in TOML, shown when this one is wrong.
    void read(std::string_view key, std::string& value, std::string_view example);
    void read(std::string_view key, bool& value, std::string_view example);
    void read(std::string_view key, double& value, std::string_view example);
    void read(std::string_view key, std::vector<std::string>& value, std::string_view example);
    // "50ms", "10s", "5m" or "2h": a number and its unit.
    void read(std::string_view key, std::chrono::milliseconds& value, std::string_view example);
    void read_number(std::string_view key, uint64_t& value, Range range, std::string_view example);

    // A string, or a list of them, which `parse` (string_view -> Result<T>) turns into T.
    template <typename T, typename Parse>
    void read_as(std::string_view key, T& value, Parse parse, std::string_view example) {
        std::string text;
        read(key, text, example);
        if (!is_usable(key)) return;
        auto parsed = parse(std::string_view(text));
        if (parsed) {
            value = std::move(*parsed);
        } else {
            refuse(key, parsed.error().message, parsed.error().hint);
        }
    }
    template <typename T, typename Parse>
    void read_list_as(std::string_view key, std::vector<T>& value, Parse parse,
                      std::string_view example) {
        std::vector<std::string> texts;
        read(key, texts, example);
        if (!is_usable(key)) return;
        value.clear();
        for (const std::string& text : texts) {
            auto parsed = parse(std::string_view(text));
            if (!parsed) return refuse(key, parsed.error().message, parsed.error().hint);
            value.push_back(std::move(*parsed));
        }
    }

    [[nodiscard]] bool has(std::string_view key) const;

    // Makes the file invalid unless the key is there.
    void require(std::string_view key, std::string_view example);

    // Makes the file invalid for a reason the caller found, at this key's line.
    void refuse(std::string_view key, std::string_view reason, std::string_view hint);
    // Where the key stands, for what is told and not refused: "node.toml:12".
    [[nodiscard]] std::string place(std::string_view key) const;

    // Says that somebody else reads this key of the same file, and finds what is wrong in it.
    void leave(std::string_view key);
    // The same of every key that was not asked for yet.
    void leave_rest();

    // An absent table reads as an empty one.
    [[nodiscard]] ConfigTable table(std::string_view key);
    // The tables of [[key]], in order.
    [[nodiscard]] std::vector<ConfigTable> tables(std::string_view key);

 private:
    friend class ConfigFile;
    ConfigTable(ConfigState& state, size_t node) : state_(&state), node_(node) {}

    // Of the key, or of the table that does not have it.
    [[nodiscard]] uint32_t line_of(std::string_view key) const;
    // Whether the key is there and no error has been found so far.
    [[nodiscard]] bool is_usable(std::string_view key) const;

    ConfigState* state_;
    size_t node_;  // Index of the table in the state; kAbsent for one that is not there.
};

// "50ms", "10s", "5m", "2h".
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);
[[nodiscard]] std::string to_text(std::chrono::milliseconds duration);

}  // namespace nearcast::base
