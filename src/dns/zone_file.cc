// SPDX-License-Identifier: Apache-2.0

#include "dns/zone_file.h"

#include <algorithm>
#include <mutex>

#include "base/bytes.h"
#include "base/side_by_side.h"
#include "base/work_ahead.h"
#include "dns/ascii.h"
#include "dns/datum.h"
#include "dns/rdata.h"
#include "dns/record_list.h"
#include "dns/zone_generate.h"
#include "dns/zone_lexer.h"
#include "dns/zone_pieces.h"

namespace nearcast::dns {
namespace {

constexpr const char* kRecordHint = "www.example.org. 3600 IN A 192.0.2.1";
constexpr const char* kTypeHint =
    "www.example.org. 3600 IN A 192.0.2.1; a type that has no name here by its number: TYPE65280 "
    "\\# 4 c0000201 (RFC 3597, section 5)";

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // Of UTF-8; some editors write it.

// Fewer are read before another thread has begun.
constexpr size_t kPiecesMin = 4;

// Read at most before they are taken: enough that nobody waits for somebody whose piece takes
// longer. Each keeps about twice its text. Taking is a third of the work, so that many cores gain
// no more.
constexpr size_t kPiecesPerCore = 4;
constexpr size_t kPiecesAheadMax = 32;

// A piece so many times as large as it should be has few lines that give an owner. What is read
// ahead of it would be a memory of its own.
constexpr size_t kPieceGrowthMax = 4;

// Guesses that are wrong in a row, after which nobody guesses any more: the file has many origins.
constexpr size_t kMissesMax = 32;

// A text that is being read. What $GENERATE makes has the place of the directive.
struct Source {
    std::string file;
    size_t depth = 0;
    std::optional<ZoneFilePlace> generated_at = {};
};

// What an entry may take from those before it, but for the owner.
struct Context {
    Name origin;
    std::optional<uint32_t> default_ttl;  // Of $TTL.
    std::optional<uint32_t> last_ttl;     // Of the last record that had one.
};

// A piece of a text, read ahead: from a context that is a guess until all before it is read.
struct Piece {
    bool is_good = false;  // It can be taken where the guess is right.
    Context before;
    Context after;
    bool took_last_ttl = false;
    size_t line_count = 0;
    RecordList records;
};

// The latest context that is known, for those who read ahead.
class SharedContext {
 public:
    explicit SharedContext(const Context& context) : context_(context) {}

    void set(const Context& context) {
        const std::scoped_lock lock(mutex_);
        context_ = context;
    }
    [[nodiscard]] Context get() const {
        const std::scoped_lock lock(mutex_);
        return context_;
    }

 private:
    mutable std::mutex mutex_;
    Context context_;
};

class ZoneFileParser {
 public:
    using OnRecord = std::function<void(const Record&, const ZoneFilePlace&)>;

    ZoneFileParser(const ZoneFileOptions& options, const OnRecord& on_record)
        : options_(options),
          on_record_(on_record),
          context_{.origin = options.origin, .default_ttl = options.default_ttl, .last_ttl = {}} {
        record_.rr_class = options.rr_class;
    }

    void read(std::string_view text, const Source& source);

    // Reads the piece `text` without an effect on anything else.
    static void read_piece(std::string_view text, const ZoneFileOptions& options, Piece& piece);

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

    void read_entries(ZoneLexer& lexer, const Source& source);
    void read_in_pieces(ZoneLexer& lexer, std::string_view text, const Source& source);
    [[nodiscard]] bool fits(const Piece& piece, const ZoneLexer& lexer,
                            std::string_view text) const;
    void replay(const Piece& piece, ZoneLexer& lexer, std::string_view text, const Source& source);

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
    Context context_;
    bool has_last_ttl_of_own_ = false;  // Of a record, not of what was before the text.
    bool took_last_ttl_ = false;        // Of what was before the text, or found none.
    bool has_owner_ = false;
    Record record_;  // Its owner is that of the entry before, until there is another.
    size_t include_count_ = 0;
    size_t generated_count_ = 0;
    std::vector<ZoneFileError> errors_;
};

void ZoneFileParser::read(std::string_view text, const Source& source) {
    if (text.starts_with(kByteOrderMark)) {
        const ZoneEntry entry{.words = {}, .start = text.data(), .line = 1};
        report({source, entry}, text.data(), "the file begins with a byte order mark",
               "save it as UTF-8 without one");
        text.remove_prefix(kByteOrderMark.size());
    }
    ZoneLexer lexer(text);
    const bool is_large =
        options_.piece_size > 0 && text.size() / options_.piece_size >= kPiecesMin;
    if (is_large && !source.generated_at) read_in_pieces(lexer, text, source);
    lexer.stop_at(text.data() + text.size());
    read_entries(lexer, source);
}

// As far as the lexer is to go.
void ZoneFileParser::read_entries(ZoneLexer& lexer, const Source& source) {
    ZoneEntry entry;
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

// Other cores read pieces ahead, from the context that they can know. Where it turns out to be the
// one that there is, what they found is taken; where not, or where anything is unusual (an error, a
// directive with records of its own, a parenthesis that is open at the end), the piece is read as
// ever. May end early, and leave the rest to be read.
void ZoneFileParser::read_in_pieces(ZoneLexer& lexer, std::string_view text, const Source& source) {
    auto texts = cut_zone_text(text, options_.piece_size);
    // The first has what a file begins with: where names are relative to, the TTL of all.
    lexer.stop_at(texts[0].data() + texts[0].size());
    read_entries(lexer, source);
    texts.erase(texts.begin());

    ZoneFileOptions options = options_;
    options.error_count_max = 1;
    options.generate_count_max = 0;
    options.read_file = nullptr;
    SharedContext context(context_);
    std::vector<Piece> pieces(std::min(kPiecesPerCore * base::usable_cores(), kPiecesAheadMax));
    base::WorkAhead ahead(texts.size(), pieces.size(), [&](size_t number) {
        Piece& piece = pieces[number % pieces.size()];
        piece.before = context.get();
        read_piece(texts[number], options, piece);
    });
    size_t misses = 0;  // In a row.
    for (size_t number = 0; number < texts.size() && misses < kMissesMax && !is_full(); ++number) {
        ahead.take(number);
        const Piece& piece = pieces[number % pieces.size()];
        if (fits(piece, lexer, texts[number])) {
            replay(piece, lexer, texts[number], source);
            misses = 0;
        } else {
            lexer.stop_at(texts[number].data() + texts[number].size());
            read_entries(lexer, source);
            ++misses;
        }
        context.set(context_);
    }
}

void ZoneFileParser::read_piece(std::string_view text, const ZoneFileOptions& options,
                                Piece& piece) {
    piece.records.clear();
    piece.is_good = text.size() <= kPieceGrowthMax * options.piece_size;
    if (!piece.is_good) return;
    const OnRecord keep = [&piece](const Record& record, const ZoneFilePlace& place) {
        piece.records.add(record,
                          {static_cast<uint32_t>(place.line), static_cast<uint32_t>(place.column)});
    };
    ZoneFileParser parser(options, keep);
    parser.context_ = piece.before;
    ZoneLexer lexer(text);
    parser.read_entries(lexer, {.file = {}});
    piece.is_good = parser.errors_.empty() && !piece.records.empty();
    piece.after = parser.context_;
    piece.took_last_ttl = parser.took_last_ttl_;
    piece.line_count = lexer.line() - 1;
}

// Whether the piece that was read ahead is what would be read now.
bool ZoneFileParser::fits(const Piece& piece, const ZoneLexer& lexer, std::string_view text) const {
    const Context& guess = piece.before;
    return piece.is_good && lexer.at() == text.data() &&
           std::ranges::equal(guess.origin.wire(), context_.origin.wire()) &&  // Letter for letter.
           guess.default_ttl == context_.default_ttl &&
           (guess.last_ttl == context_.last_ttl || !piece.took_last_ttl);
}

void ZoneFileParser::replay(const Piece& piece, ZoneLexer& lexer, std::string_view text,
                            const Source& source) {
    piece.records.replay(record_, [&](const RecordList::Place& place) {
        on_record_(record_, {source.file, lexer.line() + place.line - 1, place.column});
    });
    has_owner_ = true;
    context_ = piece.after;
    lexer.skip_to(text.data() + text.size(), lexer.line() + piece.line_count);
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
    const NameTextError error = read_name_text(word.text, &context_.origin, record_.owner);
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
    TokenReader words(cursor.rest(), &context_.origin, options_.long_strings);
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
    } else if (context_.default_ttl) {
        record_.ttl = *context_.default_ttl;
    } else if (context_.last_ttl) {
        record_.ttl = *context_.last_ttl;
        took_last_ttl_ |= !has_last_ttl_of_own_;
    } else if (record_.type == RRType::SOA) {
        took_last_ttl_ = true;
        const uint8_t* const minimum = record_.rdata.data() + record_.rdata.size() - 4;
        record_.ttl = std::min(base::load_u32(minimum), kTtlMax);
    } else {
        report(cursor, cursor.entry.words.front().text.data(),
               "the record has no TTL, and none comes before it", "$TTL 3600");
        return false;
    }
    context_.last_ttl = record_.ttl;
    has_last_ttl_of_own_ = true;
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
    const NameTextError error = read_name_text(word.text, &context_.origin, name);
    if (error != NameTextError::None) return report_word(cursor, word, describe(error), kHint);
    context_.origin = name;
}

void ZoneFileParser::read_default_ttl(Cursor& cursor) {
    uint32_t seconds = 0;
    const Token& word = cursor.entry.words.back();
    if (cursor.rest().size() != 1 || !parse_seconds(word.text, seconds) || seconds > kTtlMax) {
        report_word(cursor, word, "ends $TTL, which takes one time, such as 3600 or 1h30m",
                    "$TTL 3600");
        return;
    }
    context_.default_ttl = seconds;
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
    Name origin = context_.origin;
    if (cursor.has_next()) {
        const Token& word = cursor.take();
        const NameTextError error = read_name_text(word.text, &context_.origin, origin);
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
    const Name outer_origin = std::exchange(context_.origin, origin);
    const Name outer_owner = record_.owner;
    const bool had_owner = has_owner_;
    read(*text, {.file = path, .depth = cursor.source.depth + 1});
    context_.origin = outer_origin;
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
