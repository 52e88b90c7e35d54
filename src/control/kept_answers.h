// SPDX-License-Identifier: Apache-2.0
//
// Answers that are told again: of what was done under an idempotency key and is no change of a
// zone (those are remembered by the change log).
//
// An answer may hold a secret that is shown once, so answers are sealed. They are kept for a day.
// Any thread.

#pragma once

#include <optional>
#include <string>

#include "control/change_error.h"
#include "control/database.h"
#include "control/model.h"
#include "dnssec/seal.h"

namespace nearcast::control {

class KeptAnswers {
 public:
    // Both outlive it.
    KeptAnswers(Database& database, const dnssec::SealingKey& sealing)
        : database_(database), sealing_(sealing) {}

    struct Question {
        std::string asker;    // Nobody else has this one.
        std::string name;     // The idempotency key.
        std::string request;  // A digest of what is asked.
    };

    // Nothing: it is the caller's to do, who then says what came of it. Otherwise the answer that
    // was kept. Invalid: something else was asked under that name. Exists: it is being done, or the
    // program ended meanwhile.
    [[nodiscard]] Outcome<std::optional<std::string>> begin(const Question& question,
                                                            Timestamp now);
    [[nodiscard]] Outcome<void> keep(const Question& question, const std::string& answer);
    // It was not done: it may be asked again.
    [[nodiscard]] Outcome<void> forget(const Question& question);

 private:
    [[nodiscard]] Outcome<std::string> open(const Question& question, const std::string& hex) const;

    Database& database_;
    const dnssec::SealingKey& sealing_;
};

}  // namespace nearcast::control
