// SPDX-License-Identifier: Apache-2.0
//
// What there is to tell about a zone, collected while it is looked at.

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "zone/draft.h"

namespace nearcast::zone {

enum class Severity : uint8_t { Warning, Error };

struct Finding {
    Severity severity = Severity::Warning;
    SourceLine source;       // Line 0: of the whole zone.
    const char* check = "";  // Its name in docs/reference/zone-checks.md: "cname-and-other".
    std::string message;     // Names the owner and the fault. One line.
    std::string hint;        // What to do about it; may be empty.
};

// Findings of one severity that are told, at most: a wrong zone of a million names need not be told
// a million times.
constexpr size_t kFindingsMax = 20;

class Findings {
 public:
    void error(const char* check, SourceLine source, std::string message, std::string hint = {}) {
        add(errors_, {Severity::Error, source, check, std::move(message), std::move(hint)});
    }
    void warn(const char* check, SourceLine source, std::string message, std::string hint = {}) {
        add(warnings_, {Severity::Warning, source, check, std::move(message), std::move(hint)});
    }

    // All of them, errors first.
    [[nodiscard]] std::vector<Finding> take() {
        std::vector<Finding> all = std::move(errors_);
        all.insert(all.end(), std::make_move_iterator(warnings_.begin()),
                   std::make_move_iterator(warnings_.end()));
        return all;
    }

 private:
    static void add(std::vector<Finding>& to, Finding finding) {
        if (to.size() < kFindingsMax) to.push_back(std::move(finding));
    }

    std::vector<Finding> errors_;
    std::vector<Finding> warnings_;
};

}  // namespace nearcast::zone
