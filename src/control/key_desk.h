// SPDX-License-Identifier: Apache-2.0
//
// What holders of TSIG keys do at the hidden primary: they change zones by dynamic update (RFC
// 2136), and fetch those that they may have as a whole.
//
// An update becomes one change of the log, as a PATCH of the API does: the same checks and quotas,
// the same history. It is judged upon what the zone has in the database, without signatures, with
// the serial that is served.

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "control/change_log.h"
#include "control/tsig_keys.h"
#include "transfer/live_keys.h"
#include "transfer/update_message.h"
#include "transfer/update_taker.h"

namespace nearcast::control {

class KeyDesk final : public transfer::UpdateTaker, public transfer::Grants {
 public:
    // What is served of a zone, and the last change that it has.
    struct Served {
        uint32_t serial = 0;
        uint64_t sequence = 0;
    };
    struct Parts {
        ChangeLog& changes;
        TsigKeys& keys;
        // Nothing when it is not served.
        std::function<std::optional<Served>(int64_t zone_id)> served;
        // Waits a moment for a change to be served, so that who changed it and asks sees it.
        std::function<void(int64_t zone_id, uint64_t sequence)> await;
        std::function<Timestamp()> now;
    };

    explicit KeyDesk(Parts parts) : parts_(std::move(parts)) {}

    // Any thread.
    [[nodiscard]] transfer::Verdict admit(const std::optional<zone::Version>& version,
                                          const dns::Query& query, std::span<const uint8_t> message,
                                          const transfer::Requestor& requestor) const override;
    [[nodiscard]] transfer::Verdict carry_out(const dns::Query& query,
                                              std::span<const uint8_t> message,
                                              const transfer::Requestor& requestor) override;
    [[nodiscard]] bool might_have(const dns::Name& zone,
                                  const transfer::Requestor& requestor) const override;
    [[nodiscard]] bool may_have(const dns::Name& zone,
                                const transfer::Requestor& requestor) override;

 private:
    // Whether the key may do that in the zone now, as far as the zone's name tells.
    [[nodiscard]] bool is_good(const KeyScope& scope, const dns::Name& zone, Right right,
                               const transfer::Requestor& requestor) const;
    [[nodiscard]] uint32_t visible_serial(const Zone& zone) const;

    const Parts parts_;
};

}  // namespace nearcast::control
