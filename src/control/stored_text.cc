// SPDX-License-Identifier: Apache-2.0

#include "control/stored_text.h"

#include <charconv>

namespace nearcast::control {
namespace {

void append_escaped(std::string_view item, std::string& text) {
    for (const char c : item) {
        if (c == '\n') {
            text += "\\n";
        } else if (c == '\t') {
            text += "\\t";
        } else {
            if (c == '\\') text += '\\';
            text += c;
        }
    }
}

std::string unescaped(std::string_view item) {
    std::string text;
    for (size_t i = 0; i < item.size(); ++i) {
        if (item[i] != '\\' || i + 1 == item.size()) {
            text += item[i];
            continue;
        }
        const char escaped = item[++i];
        text += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped;
    }
    return text;
}

// Up to the separator, which goes too.
std::string_view take_until(char separator, std::string_view& text) {
    const size_t end = text.find(separator);
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

template <typename Number>
Number to_number(std::string_view text) {
    Number number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

void append_record(const RecordText& record, std::string& text) {
    text += record.is_disabled ? '-' : '+';
    text += record.content;
    text += '\n';
}

RecordText record_of(std::string_view line) {
    return {.content = std::string(line.substr(1)), .is_disabled = line.front() == '-'};
}

void append_comment(const Comment& comment, std::string& text) {
    text += std::to_string(comment.modified_at.count()) + '\t';
    append_escaped(comment.account, text);
    text += '\t';
    append_escaped(comment.content, text);
    text += '\n';
}

Comment comment_of(std::string_view line) {
    Comment comment;
    comment.modified_at = std::chrono::seconds(to_number<int64_t>(take_until('\t', line)));
    comment.account = unescaped(take_until('\t', line));
    comment.content = unescaped(line);
    return comment;
}

std::string joined(const std::vector<std::string>& items) {
    std::string text;
    for (const std::string& item : items) text += (text.empty() ? "" : " ") + item;
    return text;
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> items;
    while (!text.empty()) items.emplace_back(take_until(' ', text));
    return items;
}

void put_setting(std::string_view key, std::string_view value, std::string& text) {
    text += key;
    text += '=';
    append_escaped(value, text);
    text += '\n';
}

void take_setting(std::string_view line, ZoneSettings& settings) {
    const std::string_view key = take_until('=', line);
    const std::string value = unescaped(line);
    if (key == "kind") settings.kind = parse_zone_kind(value).value_or(ZoneKind::Native);
    if (key == "account") settings.account = value;
    if (key == "masters") settings.masters = split(value);
    if (key == "primary_key") settings.primary_key = value;
    if (key == "soa_edit_api") settings.soa_edit_api = value;
    if (key == "soa_edit") settings.soa_edit = value;
    if (key == "catalog") settings.catalog = value;
    if (key == "catalog_groups") settings.catalog_groups = split(value);
    if (key == "catalog_label") settings.catalog_label = value;
    if (key == "nsec3param") settings.nsec3param = value;
    if (key == "signing") settings.signing = value;
    if (key == "signed") settings.is_signed = value == "yes";
    if (key == "nsec3narrow") settings.is_nsec3_narrow = value == "yes";
    if (key == "rectified") settings.is_rectified = value == "yes";
}

// Each line of `block` with `mark` in front.
void append_marked(std::string_view mark, std::string_view block, std::string& text) {
    while (!block.empty()) {
        text += mark;
        text += take_until('\n', block);
        text += '\n';
    }
}

void append_rrset(char mark, const std::optional<Rrset>& rrset, std::string& text) {
    if (!rrset) return;
    const std::string side(1, mark);
    text += side + ' ' + std::to_string(rrset->ttl) + '\n';
    append_marked(side, encode_records(rrset->records), text);
    append_marked(side + '#', encode_comments(rrset->comments), text);
}

void append_settings(char mark, const std::optional<ZoneSettings>& settings, std::string& text) {
    if (!settings) return;
    const std::string side = std::string(1, mark) + '$';
    text += side + '\n';  // Also of settings that are as they are without being said.
    append_marked(side, encode_settings(*settings), text);
}

class DiffReader {
 public:
    bool take(std::string_view line) {
        if (line.size() < 2) return false;
        if (line.starts_with("@ ")) return open_rrset(line.substr(2));
        if (line[0] != '-' && line[0] != '+') return false;
        const bool is_before = line[0] == '-';
        const std::string_view rest = line.substr(1);
        if (rest[0] == '$') {
            take_settings(is_before, rest.substr(1));
            return true;
        }
        return !diff_.rrsets.empty() && take_part(is_before, rest);
    }

    [[nodiscard]] Diff finish() { return std::move(diff_); }

 private:
    bool open_rrset(std::string_view head) {
        const auto owner = dns::parse_name(take_until(' ', head));
        const auto type = dns::parse_rr_type(head);
        if (!owner || !type) return false;
        owner_ = *owner;
        type_ = *type;
        diff_.rrsets.emplace_back();
        return true;
    }

    void take_settings(bool is_before, std::string_view line) {
        auto& settings = is_before ? diff_.settings_before : diff_.settings_after;
        if (!settings) settings.emplace();
        if (!line.empty()) take_setting(line, *settings);
    }

    bool take_part(bool is_before, std::string_view line) {
        RrsetChange& change = diff_.rrsets.back();
        auto& rrset = is_before ? change.before : change.after;
        if (line[0] == ' ') {
            rrset = Rrset{owner_, type_, to_number<uint32_t>(line.substr(1)), {}, {}};
            return true;
        }
        if (!rrset) return false;
        if (line[0] == '#') {
            rrset->comments.push_back(comment_of(line.substr(1)));
        } else {
            rrset->records.push_back(record_of(line));
        }
        return true;
    }

    Diff diff_;
    dns::Name owner_;
    dns::RRType type_ = dns::RRType::None;
};

}  // namespace

std::string encode_records(const std::vector<RecordText>& records) {
    std::string text;
    for (const RecordText& record : records) append_record(record, text);
    return text;
}

std::vector<RecordText> decode_records(std::string_view text) {
    std::vector<RecordText> records;
    while (!text.empty()) {
        const std::string_view line = take_until('\n', text);
        if (!line.empty()) records.push_back(record_of(line));
    }
    return records;
}

std::string encode_comments(const std::vector<Comment>& comments) {
    std::string text;
    for (const Comment& comment : comments) append_comment(comment, text);
    return text;
}

std::vector<Comment> decode_comments(std::string_view text) {
    std::vector<Comment> comments;
    while (!text.empty()) comments.push_back(comment_of(take_until('\n', text)));
    return comments;
}

std::string encode_settings(const ZoneSettings& settings) {
    const ZoneSettings usual;
    std::string text;
    const auto put = [&](std::string_view key, const auto& value, const auto& default_value,
                         std::string_view as_text) {
        if (value != default_value) put_setting(key, as_text, text);
    };
    const auto put_flag = [&](std::string_view key, bool value, bool default_value) {
        put(key, value, default_value, value ? "yes" : "no");
    };
    put("kind", settings.kind, usual.kind, to_text(settings.kind));
    put("account", settings.account, usual.account, settings.account);
    put("masters", settings.masters, usual.masters, joined(settings.masters));
    put("primary_key", settings.primary_key, usual.primary_key, settings.primary_key);
    put("soa_edit_api", settings.soa_edit_api, usual.soa_edit_api, settings.soa_edit_api);
    put("soa_edit", settings.soa_edit, usual.soa_edit, settings.soa_edit);
    put("catalog", settings.catalog, usual.catalog, settings.catalog);
    put("catalog_groups", settings.catalog_groups, usual.catalog_groups,
        joined(settings.catalog_groups));
    put("catalog_label", settings.catalog_label, usual.catalog_label, settings.catalog_label);
    put("nsec3param", settings.nsec3param, usual.nsec3param, settings.nsec3param);
    put("signing", settings.signing, usual.signing, settings.signing);
    put_flag("signed", settings.is_signed, usual.is_signed);
    put_flag("nsec3narrow", settings.is_nsec3_narrow, usual.is_nsec3_narrow);
    put_flag("rectified", settings.is_rectified, usual.is_rectified);
    return text;
}

ZoneSettings decode_settings(std::string_view text) {
    ZoneSettings settings;
    while (!text.empty()) take_setting(take_until('\n', text), settings);
    return settings;
}

std::string encode_diff(const Diff& diff) {
    std::string text;
    append_settings('-', diff.settings_before, text);
    append_settings('+', diff.settings_after, text);
    for (const RrsetChange& change : diff.rrsets) {
        text += "@ " + dns::to_text(change.either().owner) + ' ' +
                dns::to_text(change.either().type) + '\n';
        append_rrset('-', change.before, text);
        append_rrset('+', change.after, text);
    }
    return text;
}

std::optional<Diff> decode_diff(std::string_view text) {
    DiffReader reader;
    while (!text.empty()) {
        if (!reader.take(take_until('\n', text))) return std::nullopt;
    }
    return reader.finish();
}

}  // namespace nearcast::control
