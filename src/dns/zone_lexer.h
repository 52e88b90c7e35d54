// SPDX-License-Identifier: Apache-2.0
//
// Divides the text of a master file into entries, and entries into words (RFC 1035 §5.1).
//
// Comments, parentheses and line ends within them are gone then; quotes too, escapes are not.
// Words lie in the text, so finding them copies nothing.

#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "dns/token.h"

namespace nearcast::dns {

// More words than any record can need: TYPE0 to TYPE65535 in a bitmap, and some in front. It bounds
// the memory that a parenthesis left open can take.
constexpr size_t kEntryWordsMax = 66'000;

// A record or a directive. Kept and filled again, so that its words need no new memory.
struct ZoneEntry {
    std::vector<Token> words;
    bool starts_blank = false;    // Its first line begins with white space: no owner is given.
    const char* start = nullptr;  // In the text.
    size_t line = 0;              // Of `start`, from 1.
};

class ZoneLexer {
 public:
    enum class Status { Entry, End, Error };

    // `text` must outlive the lexer and the entries.
    explicit ZoneLexer(std::string_view text)
        : at_(text.data()), end_(text.data() + text.size()), stop_(end_) {}

    // Fills `entry` with the next one that has words. After an error, reads on in the line behind
    // the one at fault.
    [[nodiscard]] Status next(ZoneEntry& entry);

    // What begins in the text at `stop` or behind it is not read until there is another stop; the
    // end comes there.
    void stop_at(const char* stop) { stop_ = stop; }

    // Where the next entry is looked for: the begin of a line, and its number.
    [[nodiscard]] const char* at() const { return at_; }
    [[nodiscard]] size_t line() const { return line_; }
    // Goes on from there, the begin of another line.
    void skip_to(const char* at, size_t line) {
        at_ = at;
        line_ = line;
    }

    // After an error: the place in the text, and what is wrong there.
    [[nodiscard]] const char* error_at() const { return error_at_; }
    [[nodiscard]] const char* error_reason() const { return error_reason_; }

 private:
    [[nodiscard]] bool read_entry(ZoneEntry& entry);
    [[nodiscard]] bool read_quoted(ZoneEntry& entry);
    [[nodiscard]] bool read_word(ZoneEntry& entry);
    [[nodiscard]] bool skip_quoted();
    void skip_escape();
    [[nodiscard]] bool fail(const char* at, const char* reason);
    void resume_behind_error(const ZoneEntry& entry);

    const char* at_;
    const char* end_;
    const char* stop_;
    size_t line_ = 1;
    const char* error_at_ = nullptr;
    const char* error_reason_ = nullptr;
};

}  // namespace nearcast::dns
