// SPDX-License-Identifier: Apache-2.0
//
// How much a tenant may have: by his plan, judged within the transaction that would take it.
//
// A zone is the tenant's whose name is its account. What he has, and how fast he changes it, is
// counted in the database, for all controllers. Any thread.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/change_error.h"
#include "control/database.h"
#include "control/model.h"

namespace nearcast::control {

// From [[plan]] of control.toml.
struct Plan {
    std::string name = {};
    uint64_t zones_max = UINT32_MAX;
    uint64_t records_max = UINT32_MAX;
    uint64_t changes_per_minute_max = UINT32_MAX;
};

// A change, as a quota sees it.
struct Take {
    int64_t zones = 0;
    int64_t records = 0;
};

class Quotas {
 public:
    static constexpr std::chrono::seconds kPeriod{60};

    explicit Quotas(std::vector<Plan> plans) : plans_(std::move(plans)) {}

    // Null when there is none of that name.
    [[nodiscard]] const Plan* find(std::string_view plan) const;

    // Has the account take that much, or says which quota does not allow it. An account that is no
    // tenant's has none.
    [[nodiscard]] base::Result<Outcome<void>> admit(Session& session, const std::string& account,
                                                    const Take& take, Timestamp now) const;
    // So many records are the account's, or its no more, whatever its plan says.
    [[nodiscard]] static base::Result<void> count(Session& session, const std::string& account,
                                                  int64_t records);
    // How many records a zone of the account may have that has `own` now: as many at least.
    [[nodiscard]] base::Result<uint64_t> room_for(Session& session, const std::string& account,
                                                  uint64_t own) const;

 private:
    struct Usage {
        std::string plan;
        uint64_t records = 0;
        Timestamp paced_since{};
        uint64_t paced = 0;  // Changes, since then.
    };
    // Nothing when it is no tenant's.
    [[nodiscard]] static base::Result<std::optional<Usage>> usage_of(Session& session,
                                                                     const std::string& account);
    // A plan that was taken out of the configuration allows nothing new.
    [[nodiscard]] const Plan& limits_of(const Usage& usage) const;
    // Counts one more, or says that it is too many.
    [[nodiscard]] static Outcome<void> keep_pace(Usage& usage, const Plan& plan, Timestamp now);

    const std::vector<Plan> plans_;
};

// Counted anew: of all zones of the account.
[[nodiscard]] base::Result<int64_t> count_records(Session& session, const std::string& account);

}  // namespace nearcast::control
