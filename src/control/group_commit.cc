// SPDX-License-Identifier: Apache-2.0

#include "control/group_commit.h"

#include <algorithm>
#include <utility>

#include "control/catalog_rows.h"
#include "control/zone_rows.h"

namespace nearcast::control {

using base::Result;

GroupCommit::GroupCommit(Database& database, std::function<Timestamp()> now,
                         std::function<void(uint64_t)> told, const Quotas* quotas)
    : database_(database),
      now_(std::move(now)),
      told_(std::move(told)),
      quotas_(quotas),
      thread_([this] { work(); }) {}

GroupCommit::~GroupCommit() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

Outcome<Committed> GroupCommit::run(Job job, std::optional<GroupRows::Look> look) {
    std::future<Outcome<Committed>> answer;
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() >= kWaitingMax) {
            return refuse(ChangeError::Kind::Unavailable,
                          "too many changes wait already; nothing was done");
        }
        waiting_.push_back({std::move(job), std::move(look), {}});
        answer = waiting_.back().promise.get_future();
    }
    wake_.notify_one();
    return answer.get();
}

GroupCommit::Group GroupCommit::take() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
    Group group;
    while (!waiting_.empty() && group.size() < kGroupMax) {
        group.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
    return group;
}

void GroupCommit::work() {
    for (Group group = take(); !group.empty(); group = take()) carry_out(group);
}

namespace {

// What the zones of the group mean for their catalogs. Nobody else takes a sequence meanwhile:
// these are the next ones.
Result<void> list_catalogs(GroupRows& rows, const GroupCommit::Turn& turn, uint64_t& last) {
    const size_t count = rows.moved().size();
    if (count == 0) return {};
    const auto first = take_sequences(rows.session(), count);
    if (!first) return std::unexpected(first.error());
    last = *first + count - 1;
    GroupCommit::Turn own = turn;
    own.sequence = *first;
    return list_moved_zones(rows, own);
}

}  // namespace

void GroupCommit::carry_out(Group& group) {
    Answers answers;
    uint64_t last = 0;
    const auto done = transact(group, answers, last);
    if (done) {
        if (told_) told_(last);
        for (size_t i = 0; i < group.size(); ++i) group[i].promise.set_value(answers[i]);
        return;
    }
    // Whose fault it was shows when each is tried alone; it may be everybody's (a full disk). What
    // may have been done is not done again.
    const bool is_final = group.size() == 1 || database_.is_last_write_unknown();
    for (Waiting& waiting : group) {
        auto alone = is_final ? done : transact({&waiting, 1}, answers, last);
        if (alone && told_) told_(last);
        waiting.promise.set_value(alone ? answers.front()
                                        : Outcome<Committed>(unavailable(alone.error())));
    }
}

Result<void> GroupCommit::transact(std::span<Waiting> group, Answers& answers, uint64_t& last) {
    return database_.write([&](Session& session) -> Result<void> {
        answers.clear();
        const auto first = take_sequences(session, group.size());
        if (!first) return std::unexpected(first.error());
        last = *first + group.size() - 1;
        GroupRows rows(session, database_.is_shared() ? GroupRows::Serving::WithOthers
                                                      : GroupRows::Serving::Alone);
        std::vector<GroupRows::Look> looks;
        for (const Waiting& waiting : group) {
            if (waiting.look) looks.push_back(*waiting.look);
        }
        if (auto done = rows.look_ahead(looks); !done) return done;
        Turn turn{.sequence = *first, .now = now_(), .quotas = quotas_};
        for (Waiting& waiting : group) {
            auto answer = waiting.job(rows, turn);
            if (!answer) return std::unexpected(answer.error());
            answers.push_back(*std::move(answer));
            ++turn.sequence;
        }
        if (auto listed = list_catalogs(rows, turn, last); !listed) return listed;
        return rows.write();
    });
}

}  // namespace nearcast::control
