// SPDX-License-Identifier: Apache-2.0

#include "control/quotas.h"

#include <algorithm>
#include <optional>

#include "control/stored_text.h"

namespace nearcast::control {
namespace {

using base::Result;
using Kind = ChangeError::Kind;

constexpr Sql kTenant{"SELECT plan, records, paced_since, paced FROM tenant WHERE name = :a", "t",
                      "tnnn"};
constexpr Sql kZones{"SELECT COUNT(*) FROM zone WHERE account = :a", "t", "n"};
constexpr Sql kTake{"UPDATE tenant SET records = records + :a WHERE name = :b", "nt", ""};
constexpr Sql kTakeChange{
    "UPDATE tenant SET records = records + :a, paced_since = :b, paced = :c WHERE name = :d",
    "nnnt", ""};
constexpr Sql kRecords{
    "SELECT r.records FROM rrset r JOIN zone z ON z.id = r.zone_id WHERE z.account = :a", "t", "t"};
constexpr Sql kCopies{
    "SELECT CAST(COALESCE(SUM(copy_records), 0) AS BIGINT) FROM zone WHERE account = :a", "t", "n"};

Outcome<void> full(const std::string& what, uint64_t limit) {
    return refuse(Kind::Full, "the plan has room for " + std::to_string(limit) + ' ' + what);
}

}  // namespace

const Plan* Quotas::find(std::string_view plan) const {
    const auto found = std::ranges::find(plans_, plan, &Plan::name);
    return found == plans_.end() ? nullptr : &*found;
}

Outcome<void> Quotas::keep_pace(Usage& usage, const Plan& plan, Timestamp now) {
    // The clock of another controller may be ahead by a little; by more, this one was set back.
    const bool is_over = now >= usage.paced_since + kPeriod || now < usage.paced_since - kPeriod;
    if (is_over) {
        usage.paced_since = now;
        usage.paced = 0;
    }
    const uint64_t limit = plan.changes_per_minute_max;
    if (usage.paced < limit) {
        ++usage.paced;
        return {};
    }
    const std::string what = "changes a minute";
    if (limit == 0) return full(what, limit);
    return hold_off(usage.paced_since + kPeriod - now, full(what, limit).error().message);
}

Result<std::optional<Quotas::Usage>> Quotas::usage_of(Session& session,
                                                      const std::string& account) {
    std::optional<Usage> usage;
    if (account.empty()) return usage;
    auto done = session.run(kTenant, {account}, [&](const Row& row) {
        usage = Usage{row.text(0), static_cast<uint64_t>(row.number(1)), Timestamp(row.number(2)),
                      static_cast<uint64_t>(row.number(3))};
    });
    if (!done) return std::unexpected(done.error());
    return usage;
}

const Plan& Quotas::limits_of(const Usage& usage) const {
    static const Plan kNothing{"", 0, 0, 0};
    const Plan* const plan = find(usage.plan);
    return plan != nullptr ? *plan : kNothing;
}

Result<Outcome<void>> Quotas::admit(Session& session, const std::string& account, const Take& take,
                                    Timestamp now) const {
    auto found = usage_of(session, account);
    if (!found) return std::unexpected(found.error());
    std::optional<Usage>& usage = *found;
    if (!usage) return Outcome<void>();
    const Plan& limits = limits_of(*usage);
    const auto records = static_cast<int64_t>(usage->records) + take.records;
    if (take.records > 0 && records > static_cast<int64_t>(limits.records_max)) {
        return full("records", limits.records_max);
    }
    if (take.zones > 0) {
        uint64_t zones = 0;
        auto done = session.run(kZones, {account}, [&](const Row& row) {
            zones = static_cast<uint64_t>(row.number(0));
        });
        if (!done) return std::unexpected(done.error());
        if (zones >= limits.zones_max) return full("zones", limits.zones_max);
    }
    if (auto slow = keep_pace(*usage, limits, now); !slow) return slow;
    auto done = session.run(kTakeChange, {take.records, int64_t{usage->paced_since.count()},
                                          static_cast<int64_t>(usage->paced), account});
    if (!done) return std::unexpected(done.error());
    return Outcome<void>();
}

Result<void> Quotas::count(Session& session, const std::string& account, int64_t records) {
    return session.run(kTake, {records, account});
}

Result<uint64_t> Quotas::room_for(Session& session, const std::string& account,
                                  uint64_t own) const {
    const auto usage = usage_of(session, account);
    if (!usage) return std::unexpected(usage.error());
    if (!*usage) return UINT64_MAX;
    const uint64_t others = (*usage)->records - std::min((*usage)->records, own);
    const uint64_t most = limits_of(**usage).records_max;
    return std::max(own, most - std::min(most, others));
}

Result<int64_t> count_records(Session& session, const std::string& account) {
    int64_t count = 0;
    auto done = session.run(kRecords, {account}, [&](const Row& row) {
        count += static_cast<int64_t>(decode_records(row.text(0)).size());
    });
    if (done) {
        done = session.run(kCopies, {account}, [&](const Row& row) { count += row.number(0); });
    }
    if (!done) return std::unexpected(done.error());
    return count;
}

}  // namespace nearcast::control
