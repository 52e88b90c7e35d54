// SPDX-License-Identifier: Apache-2.0

#include "signing/rollover_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <utility>
#include <vector>

namespace nearcast::signing {
namespace {

constexpr std::array kRoles = {std::string_view("csk"), std::string_view("ksk"),
                               std::string_view("zsk")};
constexpr std::string_view kNone = "-";

std::string text_of(const KeyRefs& keys) {
    std::string text;
    for (const KeyRef& key : keys) {
        if (!text.empty()) text += ',';
        text += std::to_string(key.number) + '/' + std::to_string(key.algorithm);
    }
    return text.empty() ? std::string(kNone) : text;
}

std::string text_of(const DnskeySet& set) { return text_of(set.keys) + ' ' + text_of(set.signers); }

std::string text_of(std::optional<UnixTime> time) {
    return time ? std::to_string(*time) : std::string(kNone);
}

template <typename T>
void write_views(std::string_view name, const Views<T>& views, std::string& text) {
    for (const View<T>& view : views) {
        text += std::string(name) + ' ' + text_of(view.since) + ' ' + text_of(view.replaced_at) +
                ' ' + text_of(view.gone_at) + ' ' + std::to_string(view.ttl) + ' ' +
                text_of(view.value) + '\n';
    }
}

// The words of one line, taken one after the other. After a word that is not what it should be, all
// that is taken is worth nothing, and is_good() is false.
class Words {
 public:
    explicit Words(std::string_view line) : rest_(line) {}

    std::string_view word() {
        const size_t size = std::min(rest_.find(' '), rest_.size());
        const auto word = rest_.substr(0, size);
        rest_.remove_prefix(std::min(size + 1, rest_.size()));
        is_good_ &= !word.empty();
        return word;
    }
    template <typename T>
    T number() {
        return number_in<T>(word());
    }
    std::optional<UnixTime> time() {
        const auto text = word();
        return text == kNone ? std::nullopt : std::optional(number_in<UnixTime>(text));
    }
    KeyRefs keys() {
        KeyRefs keys;
        std::string_view text = word();
        if (text == kNone) return keys;
        while (is_good_ && !text.empty()) {
            const size_t size = std::min(text.find(','), text.size());
            keys.push_back(key_in(text.substr(0, size)));
            text.remove_prefix(std::min(size + 1, text.size()));
        }
        is_good_ &= std::ranges::adjacent_find(keys, std::greater_equal()) == keys.end();
        return keys;
    }
    KeyRef key() { return key_in(word()); }
    void read(DnskeySet& value) {
        value.keys = keys();
        value.signers = keys();
    }
    void read(KeyRefs& value) { value = keys(); }
    void refuse() { is_good_ = false; }

    [[nodiscard]] bool is_good() const { return is_good_ && rest_.empty(); }

 private:
    template <typename T>
    T number_in(std::string_view text) {
        T value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        is_good_ &= error == std::errc() && end == text.data() + text.size();
        return value;
    }
    KeyRef key_in(std::string_view text) {
        const size_t slash = std::min(text.find('/'), text.size());
        const auto number = number_in<KeyNumber>(text.substr(0, slash));
        return {number, number_in<uint8_t>(text.substr(std::min(slash + 1, text.size())))};
    }

    std::string_view rest_;
    bool is_good_ = true;
};

template <typename T>
void read_view(Words& words, Views<T>& views) {
    View<T> view;
    view.since = words.time();
    view.replaced_at = words.time();
    view.gone_at = words.time();
    view.ttl = words.number<uint32_t>();
    words.read(view.value);
    views.push_back(std::move(view));
}

void read_key(Words& words, RolloverState& state) {
    RolloverKey key;
    key.ref = words.key();
    const auto role = std::ranges::find(kRoles, words.word());
    if (role == kRoles.end()) return words.refuse();
    key.role = static_cast<KeyRole>(role - kRoles.begin());
    key.added_at = words.number<UnixTime>();
    key.is_wanted = words.number<int>() != 0;
    state.keys.push_back(key);
}

void read_line(std::string_view name, Words& words, RolloverState& state) {
    if (name == "key") {
        read_key(words, state);
    } else if (name == "dnskeys") {
        read_view(words, state.views.dnskeys);
    } else if (name == "signers") {
        read_view(words, state.views.signers);
    } else if (name == "ds") {
        read_view(words, state.views.ds);
    } else if (name == "asked") {
        state.asked = words.keys();
    } else if (name == "decided") {
        state.decided_at = words.number<UnixTime>();
    } else if (name == "reach") {
        state.reach = words.number<UnixTime>();
        state.reached_until = words.time();
    } else if (name == "settled") {
        state.is_parent_settled = words.number<int>() != 0;
    } else {
        words.refuse();
    }
}

}  // namespace

std::string to_text(const RolloverState& state) {
    std::string text = "form 1\n";
    for (const RolloverKey& key : state.keys) {
        text += "key " + text_of(KeyRefs{key.ref}) + ' ' +
                std::string(kRoles[static_cast<size_t>(key.role)]) + ' ' +
                std::to_string(key.added_at) + (key.is_wanted ? " 1\n" : " 0\n");
    }
    write_views("dnskeys", state.views.dnskeys, text);
    write_views("signers", state.views.signers, text);
    write_views("ds", state.views.ds, text);
    if (state.asked) text += "asked " + text_of(*state.asked) + '\n';
    if (state.decided_at) text += "decided " + text_of(state.decided_at) + '\n';
    if (state.reach > 0) {
        text += "reach " + text_of(state.reach) + ' ' + text_of(state.reached_until) + '\n';
    }
    text += state.is_parent_settled ? "settled 1\n" : "settled 0\n";
    return text;
}

base::Result<RolloverState> parse_rollover(std::string_view text) {
    const auto refuse = [](std::string_view line) {
        return base::fail("the state of the rollover has a line that is none of its: \"" +
                              std::string(line) + "\"",
                          "restore it from a backup of the database");
    };
    RolloverState state;
    bool is_first = true;
    while (!text.empty()) {
        const size_t size = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, size);
        text.remove_prefix(std::min(size + 1, text.size()));
        if (std::exchange(is_first, false)) {
            if (line != "form 1") return refuse(line);
            continue;
        }
        Words words(line);
        read_line(words.word(), words, state);
        if (!words.is_good()) return refuse(line);
    }
    if (state.views.dnskeys.empty() || state.views.signers.empty()) return refuse("");
    return state;
}

}  // namespace nearcast::signing
