// SPDX-License-Identifier: Apache-2.0

#include "dns/zone_lexer.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace nearcast::dns {
namespace {

enum class Kind : uint8_t {
    Word,
    Escape,
    Blank,
    Return,
    LineEnd,
    Comment,
    Open,
    Close,
    Quote,
    Zero
};

constexpr auto kKinds = [] {
    std::array<Kind, 256> kinds{};
    kinds[' '] = kinds['\t'] = Kind::Blank;
    kinds['\r'] = Kind::Return;
    kinds['\n'] = Kind::LineEnd;
    kinds[';'] = Kind::Comment;
    kinds['('] = Kind::Open;
    kinds[')'] = Kind::Close;
    kinds['"'] = Kind::Quote;
    kinds['\\'] = Kind::Escape;
    kinds['\0'] = Kind::Zero;
    return kinds;
}();

Kind kind_of(char character) { return kKinds[static_cast<uint8_t>(character)]; }

}  // namespace

ZoneLexer::Status ZoneLexer::next(ZoneEntry& entry) {
    while (at_ < stop_) {
        entry.words.clear();
        entry.start = at_;
        entry.line = line_;
        entry.starts_blank = kind_of(*at_) == Kind::Blank;
        if (!read_entry(entry)) {
            resume_behind_error(entry);
            return Status::Error;
        }
        if (!entry.words.empty()) return Status::Entry;
    }
    return Status::End;
}

bool ZoneLexer::read_entry(ZoneEntry& entry) {
    size_t depth = 0;
    const char* opened_at = nullptr;
    while (at_ != end_) {
        switch (kind_of(*at_)) {
            case Kind::Blank:
                ++at_;
                break;
            case Kind::Return:
                if (++at_ != end_ && *at_ != '\n') {
                    return fail(at_ - 1,
                                "is a carriage return within a line: save the file with "
                                "the line ends of Unix or Windows");
                }
                break;
            case Kind::LineEnd:
                ++at_;
                ++line_;
                if (depth == 0) return true;
                break;
            case Kind::Comment:
                at_ = std::find(at_, end_, '\n');
                break;
            case Kind::Open:
                if (depth++ == 0) opened_at = at_;
                ++at_;
                break;
            case Kind::Close:
                if (depth == 0) return fail(at_, "closes a parenthesis that is not open");
                --depth;
                ++at_;
                break;
            case Kind::Zero:
                return fail(at_, "is a byte of zero: save the file as UTF-8, or write \\000");
            case Kind::Quote:
                if (!read_quoted(entry)) return false;
                break;
            case Kind::Word:
            case Kind::Escape:
                if (!read_word(entry)) return false;
                break;
        }
        if (entry.words.size() > kEntryWordsMax) {
            return fail(opened_at == nullptr ? entry.start : opened_at,
                        "begins an entry of too many words: is a parenthesis left open?");
        }
    }
    return depth == 0 || fail(opened_at, "opens a parenthesis that is never closed");
}

bool ZoneLexer::read_quoted(ZoneEntry& entry) {
    const char* const start = at_ + 1;
    if (!skip_quoted()) return false;
    entry.words.push_back({{start, static_cast<size_t>(at_ - 1 - start)}, true});
    return true;
}

bool ZoneLexer::read_word(ZoneEntry& entry) {
    const char* const start = at_;
    while (at_ != end_) {
        const Kind kind = kind_of(*at_);
        if (kind == Kind::Word) {
            ++at_;
        } else if (kind == Kind::Escape) {
            skip_escape();
        } else if (kind == Kind::Quote && at_ != start && at_[-1] == '=') {
            if (!skip_quoted()) return false;  // As in alpn="h2,h3".
        } else {
            break;
        }
    }
    entry.words.push_back({{start, static_cast<size_t>(at_ - start)}, false});
    return true;
}

// From one quote past the next that no backslash takes away.
bool ZoneLexer::skip_quoted() {
    const char* const opened_at = at_++;
    while (at_ != end_ && *at_ != '\n') {
        if (*at_ == '\\') {
            skip_escape();
        } else if (*at_++ == '"') {
            return true;
        }
    }
    // A string over several lines would be legal, but a quote forgotten is what is found.
    return fail(opened_at, "opens a quote that is not closed on this line");
}

// A backslash and what it takes away; never a line's end.
void ZoneLexer::skip_escape() {
    ++at_;
    if (at_ != end_ && *at_ != '\n') ++at_;
}

bool ZoneLexer::fail(const char* at, const char* reason) {
    error_at_ = at;
    error_reason_ = reason;
    return false;
}

void ZoneLexer::resume_behind_error(const ZoneEntry& entry) {
    at_ = std::find(error_at_, end_, '\n');
    if (at_ != end_) ++at_;
    line_ = entry.line + static_cast<size_t>(std::count(entry.start, at_, '\n'));
}

}  // namespace nearcast::dns
