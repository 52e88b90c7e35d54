// SPDX-License-Identifier: Apache-2.0
//
// Says which of the many servers behind one address has answered: NSID, and names in class CH.
//
// id.server (RFC 4892) and NSID (RFC 5001) give "node.pop", hostname.bind the node, version.server
// and version.bind the program. All else in class CH is refused.

#pragma once

#include <string>

#include "answer/composer.h"
#include "answer/responder.h"

namespace nearcast::answer {

class IdentityAnswer {
 public:
    explicit IdentityAnswer(const Identity& identity);

    // What goes into the NSID option: at most 64 bytes.
    [[nodiscard]] std::span<const uint8_t> nsid() const;

    // Answers a question of class CH about `qname`.
    [[nodiscard]] Outcome answer(const dns::Query& query, std::span<const uint8_t> qname,
                                 ResponseWriter& writer) const;

 private:
    [[nodiscard]] const std::string* text_for(std::span<const uint8_t> name) const;

    std::string server_;  // Each a character-string: its length, then the text.
    std::string host_;
    std::string version_;
};

}  // namespace nearcast::answer
