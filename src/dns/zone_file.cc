// SPDX-License-Identifier: Apache-2.0

#include "dns/zone_file.h"

#include <algorithm>

#include "base/bytes.h"
#include "dns/ascii.h"
#include "dns/datum.h"
#include "dns/rdata.h"
#include "dns/zone_generate.h"
#include "dns/zone_lexer.h"

namespace nearcast::dns {
namespace {

constexpr const char* kRecordHint = "www.example.org. 3600 IN A 192.0.2.1";
constexpr const char* kTypeHint =
    "www.example.org. 3600 IN A 192.0.2.1; a type that has no name here by its number: TYPE65280 "
    "\\# 4 c0000201 (RFC 3597, section 5)";

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // Of UTF-8; some editors write it.

// A text that is being read. What $GENERATE makes has the place of the directive.
struct Source {
    std::string file;
    size_t depth = 0;
    std::optional<ZoneFilePlace> generated_at = {};
};

class ZoneFileParser {
 public:
    using OnRecord = std::function<void(const Record&, const ZoneFilePlace&)>;

    ZoneFileParser(const ZoneFileOptions& options, const OnRecord& on_record)
        : options_(options),
          on_record_(on_record),
          origin_(options.origin),
          default_ttl_(options.default_ttl) {
        record_.rr_class = options.rr_class;
    }

    void read(std::string_view text, const Source& source);

    [[nodiscard]] std::vector<ZoneFileError> take_errors() { return std::move(errors_); }

 private:
    // An entry being read, word by word.
    struct Cursor {
        const Source& source;
        const ZoneEntry& entry;
        size_t next = 0;

        [[nodiscard]] bool has_next() const { return next < entry.words.size(); }
        [[nodiscard]] const Token& word() const { return entry.words[next]; }
        [[nodiscard]] const Token& take() { return entry.words[next++]; }
        [[nodiscard]] std::span<const Token> rest() const {
            return std::span(entry.words).subspan(next);
        }
    };

    void read_entry(Cursor& cursor);
    void read_record(Cursor& cursor);
    bool read_owner(Cursor& cursor);
    bool read_ttl_and_class(Cursor& cursor, std::optional<uint32_t>& ttl);
    bool read_type(Cursor& cursor);
    bool read_data(Cursor& cursor);
    bool settle_ttl(Cursor& cursor, std::optional<uint32_t> given);

    void read_directive(Cursor& cursor);
    void read_origin(Cursor& cursor);
    void read_default_ttl(Cursor& cursor);
    void read_include(Cursor& cursor);
    void include(Cursor& cursor, const std::string& path, const Name& origin);
    void read_generate(Cursor& cursor);

    [[nodiscard]] bool is_full() const { return errors_.size() >= options_.error_count_max; }
    // `at` is the place in the source's text that it is about.
    void report(const Cursor& cursor, const char* at, std::string reason, std::string hint);
    void report_word(const Cursor& cursor, const Token& word, const char* reason, std::string hint);
    [[nodiscard]] static ZoneFilePlace place_of(const Cursor& cursor, const char* at);

    const ZoneFileOptions& options_;
    const OnRecord& on_record_;
    Name origin_;
    std::optional<uint32_t> default_ttl_;  // Of $TTL.
    std::optional<uint32_t> last_ttl_;     // Of the last record that had one.
    bool has_owner_ = false;
    Record record_;  // Its owner is that of the entry before, until there is another.
    size_t include_count_ = 0;
    size_t generated_count_ = 0;
    std::vector<ZoneFileError> errors_;
};

void ZoneFileParser::read(std::string_view text, const Source& source) {
    ZoneEntry entry;
    if (text.starts_with(kByteOrderMark)) {
        entry = {.words = {}, .start = text.data(), .line = 1};
        report({source, entry}, text.data(), "the file begins with a byte order mark",
               "save it as UTF-8 without one");
        text.remove_prefix(kByteOrderMark.size());
    }
    ZoneLexer lexer(text);
    while (!is_full()) {
        const ZoneLexer::Status status = lexer.next(entry);
        if (status == ZoneLexer::Status::End) return;
        Cursor cursor{source, entry};
        if (status == ZoneLexer::Status::Entry) {
            read_entry(cursor);
        } else {
            const char* const at = lexer.error_at();
            report(cursor, at, quote({at, 1}) + ' ' + lexer.error_reason(), "");
        }
    }
}

void ZoneFileParser::read_entry(Cursor& cursor) {
    const Token& first = cursor.word();
    if (first.text.starts_with('$') && !first.is_quoted) {
        read_directive(cursor);
    } else {
        read_record(cursor);
    }
}

void ZoneFileParser::read_record(Cursor& cursor) {
    std::optional<uint32_t> ttl;
    const bool is_good = read_owner(cursor) && read_ttl_and_class(cursor, ttl) &&
                         read_type(cursor) && read_data(cursor) && settle_ttl(cursor, ttl);
    if (!is_good) return;
    on_record_(record_, place_of(cursor, cursor.entry.words.front().text.data()));
}

bool ZoneFileParser::read_owner(Cursor& cursor) {
    if (cursor.entry.starts_blank) {
        if (has_owner_) return true;
        report(cursor, cursor.word().text.data(),
               "a line that begins blank takes the owner of the "
               "record before it, and there is none",
               kRecordHint);
        return false;
    }
    const Token& word = cursor.take();
    const NameTextError error = read_name_text(word.text, &origin_, record_.owner);
    has_owner_ = error == NameTextError::None;
    if (!has_owner_) report_word(cursor, word, describe(error), kRecordHint);
    return has_owner_;
}

bool ZoneFileParser::read_ttl_and_class(Cursor& cursor, std::optional<uint32_t>& ttl) {
    bool has_class = false;
    for (; cursor.has_next(); (void)cursor.take()) {
        const Token& word = cursor.word();
        uint32_t seconds = 0;
        if (!ttl && !word.text.empty() && is_digit(static_cast<uint8_t>(word.text[0]))) {
            if (!parse_seconds(word.text, seconds) || seconds > kTtlMax) {
                report_word(cursor, word, "is no TTL: write seconds up to 2147483647, or 1h30m",
                            kRecordHint);
                return false;
            }
            ttl = seconds;
            continue;
        }
        const auto rr_class = has_class ? std::nullopt : parse_rr_class(word.text);
        if (!rr_class) break;
        if (*rr_class != options_.rr_class) {
            report_word(cursor, word, "is not the class of this zone", kRecordHint);
            return false;
        }
        has_class = true;
    }
    return true;
}

bool ZoneFileParser::read_type(Cursor& cursor) {
    if (!cursor.has_next()) {
        const Token& last = cursor.entry.words.back();
        report_word(cursor, last, "ends the entry, which names no record type", kRecordHint);
        return false;
    }
    const Token& word = cursor.take();
    const auto type = parse_rr_type(word.text);
    if (!type) {
        report_word(cursor, word, "is not a record type", kTypeHint);
        return false;
    }
    if (is_meta_type(*type)) {
        report_word(cursor, word, "is not a type that a zone can hold", kRecordHint);
        return false;
    }
    record_.type = *type;
    return true;
}

bool ZoneFileParser::read_data(Cursor& cursor) {
    record_.rdata.clear();
    TokenReader words(cursor.rest(), &origin_);
    const Fault fault = parse_rdata(record_.type, words, record_.rdata);
    if (!fault) return true;
    const Token* const last = words.last();
    base::Error error = describe_fault(record_.type, words, fault);
    const Token& at = last != nullptr ? *last : cursor.entry.words.back();
    report(cursor, at.text.data(), std::move(error.message),
           to_text(record_.owner) + " 3600 " + to_text(record_.rr_class) + ' ' + error.hint);
    return false;
}

bool ZoneFileParser::settle_ttl(Cursor& cursor, std::optional<uint32_t> given) {
    if (given) {
        record_.ttl = *given;
    } else if (default_ttl_) {
        record_.ttl = *default_ttl_;
    } else if (last_ttl_) {
        record_.ttl = *last_ttl_;
    } else if (record_.type == RRType::SOA) {
        const uint8_t* const minimum = record_.rdata.data() + record_.rdata.size() - 4;
        record_.ttl = std::min(base::load_u32(minimum), kTtlMax);
    } else {
        report(cursor, cursor.entry.words.front().text.data(),
               "the record has no TTL, and none comes before it", "$TTL 3600");
        return false;
    }
    last_ttl_ = record_.ttl;
    return true;
}

void ZoneFileParser::read_directive(Cursor& cursor) {
    const Token& word = cursor.take();
    const auto is = [&](std::string_view name) {
        return std::ranges::equal(word.text, name, [](char a, char b) {
            return lower(static_cast<uint8_t>(a)) == static_cast<uint8_t>(b);
        });
    };
    if (is("$origin")) return read_origin(cursor);
    if (is("$ttl")) return read_default_ttl(cursor);
    if (is("$include")) return read_include(cursor);
    if (is("$generate")) return read_generate(cursor);
    report_word(cursor, word, "is no directive: there are $ORIGIN, $TTL, $INCLUDE and $GENERATE",
                "$ORIGIN example.org.");
}

void ZoneFileParser::read_origin(Cursor& cursor) {
    constexpr const char* kHint = "$ORIGIN example.org.";
    if (cursor.rest().size() != 1) {
        report_word(cursor, cursor.entry.words.back(), "ends $ORIGIN, which takes one name", kHint);
        return;
    }
    const Token& word = cursor.take();
    Name name;
    const NameTextError error = read_name_text(word.text, &origin_, name);
    if (error != NameTextError::None) return report_word(cursor, word, describe(error), kHint);
    origin_ = name;
}

void ZoneFileParser::read_default_ttl(Cursor& cursor) {
    uint32_t seconds = 0;
    const Token& word = cursor.entry.words.back();
    if (cursor.rest().size() != 1 || !parse_seconds(word.text, seconds) || seconds > kTtlMax) {
        report_word(cursor, word, "ends $TTL, which takes one time, such as 3600 or 1h30m",
                    "$TTL 3600");
        return;
    }
    default_ttl_ = seconds;
}

void ZoneFileParser::read_include(Cursor& cursor) {
    constexpr const char* kHint = "$INCLUDE hosts.zone sub.example.org.";
    if (cursor.rest().empty() || cursor.rest().size() > 2) {
        const Token& last = cursor.entry.words.back();
        report_word(cursor, last, "ends $INCLUDE, which takes a file and perhaps an origin", kHint);
        return;
    }
    std::string path(cursor.take().text);
    const std::string& from = cursor.source.file;
    if (const size_t slash = from.rfind('/'); slash != std::string::npos && path[0] != '/') {
        path.insert(0, from, 0, slash + 1);
    }
    Name origin = origin_;
    if (cursor.has_next()) {
        const Token& word = cursor.take();
        const NameTextError error = read_name_text(word.text, &origin_, origin);
        if (error != NameTextError::None) return report_word(cursor, word, describe(error), kHint);
    }
    include(cursor, path, origin);
}

void ZoneFileParser::include(Cursor& cursor, const std::string& path, const Name& origin) {
    const Token& word = cursor.entry.words[1];
    if (!options_.read_file) return report_word(cursor, word, "cannot be included here", "");
    if (cursor.source.depth == kIncludeDepthMax || ++include_count_ > kIncludeCountMax) {
        return report_word(cursor, word,
                           "is included too deep or too often: does it include itself?", "");
    }
    const auto text = options_.read_file(path);
    if (!text) return report(cursor, word.text.data(), text.error().message, text.error().hint);
    const Name outer_origin = std::exchange(origin_, origin);
    const Name outer_owner = record_.owner;
    const bool had_owner = has_owner_;
    read(*text, {.file = path, .depth = cursor.source.depth + 1});
    origin_ = outer_origin;
    record_.owner = outer_owner;
    has_owner_ = had_owner;
}

void ZoneFileParser::read_generate(Cursor& cursor) {
    constexpr const char* kHint = "$GENERATE 1-254 host-$ A 192.0.2.$";
    GenerateRange range;
    const Token& word = cursor.has_next() ? cursor.take() : cursor.entry.words.back();
    if (!parse_generate_range(word.text, range)) {
        return report_word(cursor, word, "is no range, such as 1-254 or 0-100/2", kHint);
    }
    if (range.count() > options_.generate_count_max - generated_count_) {
        return report_word(cursor, word, "would make too many records", kHint);
    }
    if (cursor.source.generated_at) return report_word(cursor, word, "is generated itself", kHint);
    generated_count_ += range.count();
    Source source{.file = cursor.source.file,
                  .depth = cursor.source.depth,
                  .generated_at = place_of(cursor, cursor.entry.words.front().text.data())};
    std::string line;
    const size_t errors_before = errors_.size();
    const Name outer_owner = record_.owner;
    const bool had_owner = has_owner_;
    for (uint64_t value = range.first; value <= range.last; value += range.step) {
        line.clear();
        if (!expand_generate(cursor.rest(), static_cast<uint32_t>(value), line)) {
            return report_word(cursor, word, "meets a $ that is malformed, or a number below zero",
                               kHint);
        }
        read(line, source);
        if (errors_.size() > errors_before) return;  // The others would say the same.
    }
    record_.owner = outer_owner;
    has_owner_ = had_owner;
}

void ZoneFileParser::report(const Cursor& cursor, const char* at, std::string reason,
                            std::string hint) {
    const ZoneFilePlace place = place_of(cursor, at);
    errors_.push_back({.file = std::string(place.file),
                       .line = place.line,
                       .column = place.column,
                       .reason = std::move(reason),
                       .hint = std::move(hint)});
}

void ZoneFileParser::report_word(const Cursor& cursor, const Token& word, const char* reason,
                                 std::string hint) {
    report(cursor, word.text.data(), quote(word.text) + ' ' + reason, std::move(hint));
}

ZoneFilePlace ZoneFileParser::place_of(const Cursor& cursor, const char* at) {
    if (cursor.source.generated_at) return *cursor.source.generated_at;
    const char* line_start = cursor.entry.start;
    size_t line = cursor.entry.line;
    for (const char* next = line_start; next < at; ++next) {
        if (*next != '\n') continue;
        ++line;
        line_start = next + 1;
    }
    return {cursor.source.file, line, static_cast<size_t>(at - line_start) + 1};
}

}  // namespace

base::Error to_error(const ZoneFileError& error) {
    return {error.file + ':' + std::to_string(error.line) + ':' + std::to_string(error.column) +
                ": " + error.reason,
            error.hint};
}

std::vector<ZoneFileError> parse_zone_file(
    std::string_view text, const ZoneFileOptions& options,
    const std::function<void(const Record&, const ZoneFilePlace&)>& on_record) {
    ZoneFileParser parser(options, on_record);
    parser.read(text, {.file = options.file});
    return parser.take_errors();
}

}  // namespace nearcast::dns
