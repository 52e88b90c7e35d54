// SPDX-License-Identifier: Apache-2.0

#include "control/quotas.h"

#include <algorithm>
#include <optional>

#include "control/stored_text.h"

namespace nearcast::control {
namespace {

using base::Result;
using Kind = ChangeError::Kind;

constexpr Sql kTenant{"SELECT plan, records FROM tenant WHERE name = :a", "t", "tn"};
constexpr Sql kZones{"SELECT COUNT(*) FROM zone WHERE account = :a", "t", "n"};
constexpr Sql kTake{"UPDATE tenant SET records = records + :a WHERE name = :b", "nt", ""};
constexpr Sql kRecords{
    "SELECT r.records FROM rrset r JOIN zone z ON z.id = r.zone_id WHERE z.account = :a", "t", "t"};

struct Usage {
    std::string plan;
    uint64_t records = 0;
};

Outcome<void> full(const std::string& what, uint64_t limit) {
    return refuse(Kind::Full, "the plan has room for " + std::to_string(limit) + ' ' + what);
}

}  // namespace

const Plan* Quotas::find(std::string_view plan) const {
    const auto found = std::ranges::find(plans_, plan, &Plan::name);
    return found == plans_.end() ? nullptr : &*found;
}

bool Quotas::is_too_fast(const std::string& account, const Plan& plan, Timestamp now) {
    Pace& pace = paces_[account];
    if (now >= pace.since + kPeriod) pace = {now, 0};
    return pace.changes >= plan.changes_per_minute_max;
}

Result<Outcome<void>> Quotas::admit(Session& session, const std::string& account, const Take& take,
                                    Timestamp now) {
    if (account.empty()) return Outcome<void>();
    std::optional<Usage> usage;
    auto done = session.run(kTenant, {account}, [&](const Row& row) {
        usage = Usage{row.text(0), static_cast<uint64_t>(row.number(1))};
    });
    if (!done) return std::unexpected(done.error());
    if (!usage) return Outcome<void>();
    const Plan* const plan = find(usage->plan);
    // A plan that was taken out of the configuration allows nothing new.
    static const Plan kNothing{"", 0, 0, 0};
    const Plan& limits = plan != nullptr ? *plan : kNothing;
    const auto records = static_cast<int64_t>(usage->records) + take.records;
    if (take.records > 0 && records > static_cast<int64_t>(limits.records_max)) {
        return full("records", limits.records_max);
    }
    if (take.zones > 0) {
        uint64_t zones = 0;
        done = session.run(kZones, {account},
                           [&](const Row& row) { zones = static_cast<uint64_t>(row.number(0)); });
        if (!done) return std::unexpected(done.error());
        if (zones >= limits.zones_max) return full("zones", limits.zones_max);
    }
    if (is_too_fast(account, limits, now)) {
        return full("changes a minute", limits.changes_per_minute_max);
    }
    done = session.run(kTake, {take.records, account});
    if (!done) return std::unexpected(done.error());
    ++paces_[account].changes;
    return Outcome<void>();
}

Result<void> Quotas::give_back(Session& session, const std::string& account, int64_t records) {
    return session.run(kTake, {-records, account});
}

Result<int64_t> count_records(Session& session, const std::string& account) {
    int64_t count = 0;
    auto done = session.run(kRecords, {account}, [&](const Row& row) {
        count += static_cast<int64_t>(decode_records(row.text(0)).size());
    });
    if (!done) return std::unexpected(done.error());
    return count;
}

}  // namespace nearcast::control
