// SPDX-License-Identifier: Apache-2.0

#include "control/deed.h"

#include <utility>

#include "control/audit.h"
#include "control/zone_rows.h"

namespace nearcast::control {

using base::Result;

Outcome<void> carry_out(Database& database, Deed deed, const DeedWork& work) {
    Outcome<void> answer;
    const auto done = database.write([&](Session& session) -> Result<void> {
        answer = {};
        const auto sequence = take_sequences(session, 1);
        if (!sequence) return std::unexpected(sequence.error());
        auto worked = work(session, static_cast<int64_t>(*sequence), deed);
        if (!worked) return std::unexpected(worked.error());
        answer = *std::move(worked);
        if (!answer) return base::fail("refused");  // And so nothing of it is written.
        return append_audit(session, {.sequence = *sequence,
                                      .at = deed.at,
                                      .actor = deed.actor,
                                      .action = deed.action,
                                      .subject = deed.subject,
                                      .detail = deed.detail});
    });
    if (!answer) return answer;
    if (!done) return unavailable(done.error());
    return {};
}

}  // namespace nearcast::control
