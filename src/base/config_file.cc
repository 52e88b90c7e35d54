// SPDX-License-Identifier: Apache-2.0

#include "base/config_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include <toml++/toml.h>

namespace nearcast::base {

namespace {

enum class Kind : uint8_t { Text, Integer, Real, Boolean, List, Table, Other };

constexpr size_t kAbsent = SIZE_MAX;

struct Node {
    Kind kind = Kind::Other;
    uint32_t line = 0;
    std::string text;  // Of a Text; of anything else as it stood in the file, for messages.
    int64_t integer = 0;
    double real = 0;
    bool boolean = false;
    std::vector<std::pair<std::string, size_t>> children;  // A List's have no names.
    std::vector<std::string> asked;                        // Keys a reader has asked a Table for.
};

}  // namespace

struct ConfigState {
    std::string path;
    std::vector<Node> nodes;
    std::optional<Error> error;

    [[nodiscard]] const Node* child(size_t table, std::string_view key) const {
        if (table == kAbsent) return nullptr;
        for (const auto& [name, index] : nodes[table].children) {
            if (name == key) return &nodes[index];
        }
        return nullptr;
    }

    [[nodiscard]] size_t index_of(const Node& node) const {
        return static_cast<size_t>(&node - nodes.data());
    }

    void refuse(uint32_t line, std::string_view reason, std::string_view hint) {
        if (error) return;
        error = Error{path + ':' + std::to_string(line) + ": " + std::string(reason),
                      std::string(hint)};
    }
};

namespace {

// From here to load(): the only lines that know toml++.

size_t copy_node(const toml::node& from, std::vector<Node>& nodes) {
    const size_t index = nodes.size();
    nodes.emplace_back();
    Node node;
    node.line = from.source().begin.line;
    std::ostringstream shown;
    from.visit([&](const auto& value) {
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, toml::table>) {
            node.kind = Kind::Table;
            shown << "a table";
            for (const auto& [key, child] : value) {
                node.children.emplace_back(key.str(), copy_node(child, nodes));
            }
        } else if constexpr (std::is_same_v<Value, toml::array>) {
            node.kind = Kind::List;
            shown << "a list";
            for (const auto& child : value) {
                node.children.emplace_back("", copy_node(child, nodes));
            }
        } else if constexpr (std::is_same_v<Value, toml::value<std::string>>) {
            node.kind = Kind::Text;
            shown << *value;
        } else if constexpr (std::is_same_v<Value, toml::value<int64_t>>) {
            node.kind = Kind::Integer;
            node.integer = *value;
            shown << *value;
        } else if constexpr (std::is_same_v<Value, toml::value<double>>) {
            node.kind = Kind::Real;
            node.real = *value;
            shown << *value;
        } else if constexpr (std::is_same_v<Value, toml::value<bool>>) {
            node.kind = Kind::Boolean;
            node.boolean = *value;
            shown << (*value ? "true" : "false");
        } else {
            shown << "a date or a time";
        }
    });
    node.text = shown.str();
    nodes[index] = std::move(node);
    return index;
}

// Of what the library refuses: it tells what it found, and seldom what it wanted.
std::string way_out(std::string_view description) {
    if (description.contains("representable")) {
        return "a whole number from " + std::to_string(INT64_MIN) + " to " +
               std::to_string(INT64_MAX);
    }
    return "KEY = VALUE below a [section], with texts in double quotes: TOML (https://toml.io)";
}

Result<void> load(std::string_view text, ConfigState& state) {
    try {
        const toml::table root = toml::parse(text, state.path);
        copy_node(root, state.nodes);
        return {};
    } catch (const toml::parse_error& problem) {
        return fail(state.path + ':' + std::to_string(problem.source().begin.line) + ':' +
                        std::to_string(problem.source().begin.column) + ": " +
                        std::string(problem.description()),
                    way_out(problem.description()));
    }
}

std::string shown(const Node& node) {
    return node.kind == Kind::Text ? '"' + node.text + '"' : node.text;
}

size_t edit_distance(std::string_view left, std::string_view right) {
    std::vector<size_t> row(right.size() + 1);
    for (size_t j = 0; j <= right.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= left.size(); ++i) {
        size_t diagonal = std::exchange(row[0], i);
        for (size_t j = 1; j <= right.size(); ++j) {
            const size_t change = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
        }
    }
    return row.back();
}

std::string nearest(std::string_view key, const std::vector<std::string>& known) {
    if (known.empty()) return {};
    return *std::min_element(known.begin(), known.end(), [key](const auto& a, const auto& b) {
        return edit_distance(key, a) < edit_distance(key, b);
    });
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

// Close enough that the operator mistyped it; otherwise all the known keys are the better hint.
constexpr size_t kTypingErrorsMax = 3;

// Keys that must be there may be as short as "asn": with more changes any word is like them.
constexpr size_t kTypingErrorsInRequiredMax = 2;

bool has_asked(const Node& table, std::string_view key) {
    return std::ranges::find(table.asked, key) != table.asked.end();
}

void remember(ConfigState& state, size_t table, std::string_view key) {
    if (table == kAbsent || has_asked(state.nodes[table], key)) return;
    state.nodes[table].asked.emplace_back(key);
}

std::string assignment(std::string_view key, std::string_view example) {
    if (example.starts_with('[') && example.ends_with(']') && !example.contains('"')) {
        return std::string(example);  // A table's header stands for itself.
    }
    return std::string(key) + " = " + std::string(example);
}

// The key that no reader asked for yet, and that is written almost as `key`; null if there is none.
const std::pair<std::string, size_t>* mistyped(const Node& table, std::string_view key) {
    const auto found = std::ranges::find_if(table.children, [&](const auto& child) {
        return !has_asked(table, child.first) &&
               edit_distance(child.first, key) <= kTypingErrorsInRequiredMax;
    });
    return found == table.children.end() ? nullptr : &*found;
}

struct Wanted {
    std::vector<Kind> kinds;
    std::string_view name;
    std::string_view example;
};

void refuse_kind(ConfigState& state, std::string_view key, const Node& found,
                 const Wanted& wanted) {
    state.refuse(
        found.line,
        std::string(key) + ": expected " + std::string(wanted.name) + ", found " + shown(found),
        assignment(key, wanted.example));
}

// The value of a key, null when it is absent or of a kind that was not wanted.
const Node* ask(ConfigState& state, size_t table, std::string_view key, const Wanted& wanted) {
    remember(state, table, key);
    const Node* node = state.child(table, key);
    if (node == nullptr) return nullptr;
    if (std::ranges::find(wanted.kinds, node->kind) != wanted.kinds.end()) return node;
    refuse_kind(state, key, *node, wanted);
    return nullptr;
}

struct Unit {
    std::string_view name;
    std::chrono::milliseconds length;
};

// Longest first, so that a duration is printed in the largest unit that divides it.
constexpr std::array kUnits = {Unit{"h", std::chrono::hours(1)}, Unit{"m", std::chrono::minutes(1)},
                               Unit{"s", std::chrono::seconds(1)},
                               Unit{"ms", std::chrono::milliseconds(1)}};

// The first key of `table`, or of a table within, that no reader asked for.
void refuse_unknown(ConfigState& state, size_t table) {
    const Node& node = state.nodes[table];
    for (const auto& [key, index] : node.children) {
        const Node& child = state.nodes[index];
        if (node.kind == Kind::Table && !has_asked(node, key)) {
            const std::string near = nearest(key, node.asked);
            const bool is_typing_error =
                !near.empty() && edit_distance(key, near) <= kTypingErrorsMax;
            return state.refuse(child.line, "unknown key \"" + key + '"',
                                is_typing_error ? near : "one of " + joined(node.asked));
        }
        if (child.kind == Kind::Table || child.kind == Kind::List) refuse_unknown(state, index);
    }
}

}  // namespace

ConfigFile::ConfigFile(std::unique_ptr<ConfigState> state) : state_(std::move(state)) {}
ConfigFile::ConfigFile(ConfigFile&&) noexcept = default;
ConfigFile& ConfigFile::operator=(ConfigFile&&) noexcept = default;
ConfigFile::~ConfigFile() = default;

Result<ConfigFile> ConfigFile::read(const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        return fail("cannot read " + path + ": it is a directory", path + "/node.toml");
    }
    std::ifstream file(path);
    if (!file) return fail_errno("cannot read " + path, errno);
    std::ostringstream text;
    text << file.rdbuf();
    return parse(text.str(), path);
}

Result<ConfigFile> ConfigFile::parse(std::string_view text, const std::string& path) {
    auto state = std::make_unique<ConfigState>();
    state->path = path;
    if (auto loaded = load(text, *state); !loaded) return std::unexpected(loaded.error());
    return ConfigFile(std::move(state));
}

ConfigTable ConfigFile::root() { return {*state_, 0}; }

Result<void> ConfigFile::finish() {
    refuse_unknown(*state_, 0);
    if (state_->error) return std::unexpected(*state_->error);
    return {};
}

bool ConfigTable::has(std::string_view key) const { return state_->child(node_, key) != nullptr; }

bool ConfigTable::is_usable(std::string_view key) const { return has(key) && !state_->error; }

void ConfigTable::read(std::string_view key, std::string& value, std::string_view example) {
    const Node* node = ask(*state_, node_, key, {{Kind::Text}, "a string", example});
    if (node != nullptr) value = node->text;
}

void ConfigTable::read(std::string_view key, bool& value, std::string_view example) {
    const Node* node = ask(*state_, node_, key, {{Kind::Boolean}, "true or false", example});
    if (node != nullptr) value = node->boolean;
}

void ConfigTable::read(std::string_view key, double& value, std::string_view example) {
    const Node* node = ask(*state_, node_, key, {{Kind::Real, Kind::Integer}, "a number", example});
    if (node == nullptr) return;
    value = node->kind == Kind::Real ? node->real : static_cast<double>(node->integer);
}

void ConfigTable::read(std::string_view key, std::vector<std::string>& value,
                       std::string_view example) {
    const Wanted wanted{{Kind::List}, "a list of strings", example};
    const Node* list = ask(*state_, node_, key, wanted);
    if (list == nullptr) return;
    value.clear();
    for (const auto& [name, index] : list->children) {
        const Node& item = state_->nodes[index];
        if (item.kind != Kind::Text) return refuse_kind(*state_, key, item, wanted);
        value.push_back(item.text);
    }
}

void ConfigTable::read(std::string_view key, std::chrono::milliseconds& value,
                       std::string_view example) {
    read_as(key, value, parse_duration, example);
}

void ConfigTable::read_number(std::string_view key, uint64_t& value, Range range,
                              std::string_view example) {
    const Node* node = ask(*state_, node_, key, {{Kind::Integer}, "a whole number", example});
    if (node == nullptr) return;
    const auto number = static_cast<uint64_t>(node->integer);
    if (node->integer < 0 || number < range.lowest || number > range.highest) {
        return refuse(key,
                      "must be " + std::to_string(range.lowest) + " to " +
                          std::to_string(range.highest) + ", found " + shown(*node),
                      assignment(key, example));
    }
    value = number;
}

void ConfigTable::require(std::string_view key, std::string_view example) {
    remember(*state_, node_, key);
    if (has(key)) return;
    if (node_ != kAbsent) {
        if (const auto* typo = mistyped(state_->nodes[node_], key)) {
            return state_->refuse(state_->nodes[typo->second].line,
                                  "unknown key \"" + typo->first + '"', key);
        }
    }
    const uint32_t line = node_ == kAbsent ? 1 : state_->nodes[node_].line;
    state_->refuse(line, '"' + std::string(key) + "\" is missing", assignment(key, example));
}

void ConfigTable::leave(std::string_view key) {
    remember(*state_, node_, key);
    if (node_ == kAbsent) return;
    std::erase_if(state_->nodes[node_].children,
                  [key](const auto& each) { return each.first == key; });
}

void ConfigTable::leave_rest() {
    if (node_ == kAbsent) return;
    Node& node = state_->nodes[node_];
    std::erase_if(node.children, [&](const auto& each) { return !has_asked(node, each.first); });
}

void ConfigTable::refuse(std::string_view key, std::string_view reason, std::string_view hint) {
    state_->refuse(line_of(key), std::string(key) + ": " + std::string(reason), hint);
}

std::string ConfigTable::place(std::string_view key) const {
    return state_->path + ':' + std::to_string(line_of(key));
}

uint32_t ConfigTable::line_of(std::string_view key) const {
    if (const Node* node = state_->child(node_, key)) return node->line;
    return node_ == kAbsent ? 1 : state_->nodes[node_].line;
}

ConfigTable ConfigTable::table(std::string_view key) {
    const std::string header = '[' + std::string(key) + ']';
    const Node* node = ask(*state_, node_, key, {{Kind::Table}, "a table", header});
    return {*state_, node == nullptr ? kAbsent : state_->index_of(*node)};
}

std::vector<ConfigTable> ConfigTable::tables(std::string_view key) {
    const std::string header = "[[" + std::string(key) + "]]";
    const Wanted wanted{{Kind::List}, "a list of tables", header};
    std::vector<ConfigTable> found;
    const Node* list = ask(*state_, node_, key, wanted);
    if (list == nullptr) return found;
    for (const auto& [name, index] : list->children) {
        if (state_->nodes[index].kind == Kind::Table) {
            found.push_back({*state_, index});
        } else {
            refuse_kind(*state_, key, state_->nodes[index], wanted);
        }
    }
    return found;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    uint32_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error == std::errc{}) {
        const std::string_view name(end, static_cast<size_t>(text.data() + text.size() - end));
        for (const Unit& unit : kUnits) {
            if (unit.name == name) return unit.length * count;
        }
    }
    return fail("expected a duration, found \"" + std::string(text) + '"',
                "a whole number and ms, s, m or h, as in \"400ms\"");
}

std::string to_text(std::chrono::milliseconds duration) {
    for (const Unit& unit : kUnits) {
        if (duration % unit.length == std::chrono::milliseconds(0) && duration.count() != 0) {
            return std::to_string(duration / unit.length) + std::string(unit.name);
        }
    }
    return "0ms";
}

}  // namespace nearcast::base
