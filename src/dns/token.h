// SPDX-License-Identifier: Apache-2.0
//
// The words of a master-file entry, and a cursor over them.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "dns/name.h"

namespace nearcast::dns {

// Lies in the text it was found in. Escapes are still in it, for only the datum knows what they
// mean; the quotes around it are not. A word like alpn="h2,h3" keeps the quotes within.
struct Token {
    std::string_view text;
    bool is_quoted = false;
};

// The word between quotes as a person may be shown it: not all of a long one, and no control
// characters, which a terminal or a log would obey.
[[nodiscard]] std::string quote(std::string_view word);

// What is wrong with a word, as the end of a sentence about it; or that nothing is.
class [[nodiscard]] Fault {
 public:
    Fault() = default;
    explicit Fault(const char* reason) : reason_(reason) {}

    // A word was needed and there was none.
    [[nodiscard]] static Fault missing() {
        Fault fault("is missing");
        fault.is_missing_ = true;
        return fault;
    }

    [[nodiscard]] explicit operator bool() const { return reason_ != nullptr; }
    [[nodiscard]] const char* reason() const { return reason_; }
    [[nodiscard]] bool is_missing() const { return is_missing_; }

 private:
    const char* reason_ = nullptr;  // A literal.
    bool is_missing_ = false;
};

// What becomes of a character-string of more than 255 bytes where any number of them may stand: a
// master file has none (RFC 1035 §3.3); clients of PowerDNS send one and mean several.
enum class LongStrings : bool { Refused, Divided };

class TokenReader {
 public:
    // Relative names are completed with `origin`; with none they are refused. Both must outlive it.
    TokenReader(std::span<const Token> tokens, const Name* origin,
                LongStrings long_strings = LongStrings::Refused)
        : tokens_(tokens), origin_(origin), long_strings_(long_strings) {}

    [[nodiscard]] const Name* origin() const { return origin_; }
    [[nodiscard]] LongStrings long_strings() const { return long_strings_; }
    [[nodiscard]] bool has_next() const { return next_ < tokens_.size(); }
    [[nodiscard]] const Token& peek() const { return tokens_[next_]; }

    [[nodiscard]] Fault next(std::string_view& text) {
        if (!has_next()) return Fault::missing();
        text = tokens_[next_++].text;
        return {};
    }

    // The word last taken, which a fault is about; null when none was.
    [[nodiscard]] const Token* last() const { return next_ == 0 ? nullptr : &tokens_[next_ - 1]; }

 private:
    std::span<const Token> tokens_;
    const Name* origin_;
    LongStrings long_strings_;
    size_t next_ = 0;
};

}  // namespace nearcast::dns
