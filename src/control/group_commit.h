// SPDX-License-Identifier: Apache-2.0
//
// Carries out changes, many in one transaction: one wait for the disk acknowledges all of them.
//
// A thread of its own takes what has come while the last transaction was on its way to the disk.
// So nobody waits for others to come, and the more come, the more share a transaction.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "control/change_error.h"
#include "control/database.h"
#include "control/group_rows.h"
#include "control/model.h"
#include "control/quotas.h"

namespace nearcast::control {

class GroupCommit {
 public:
    // Of one transaction: a PATCH mostly writes some rows, so this is some milliseconds. One of
    // very many sets makes the others wait (docs/security.md).
    static constexpr size_t kGroupMax = 256;
    // Each waits in a thread of whoever asked; beyond this the next is told to come again.
    static constexpr size_t kWaitingMax = 4096;

    // What a job may use besides the rows.
    struct Turn {
        uint64_t sequence = 0;  // Its own, greater than all before it.
        Timestamp now{};
        const Quotas* quotas = nullptr;  // Null: nobody has any.
    };
    // Decides first, and writes only when nothing speaks against it. May be run twice. An error
    // outside is the database's, and ends the transaction; one inside is the answer.
    using Job = std::function<base::Result<Outcome<Committed>>(GroupRows&, const Turn&)>;

    // `now` gives the time. `told` is called on the thread, with the greatest sequence of each
    // transaction that is on the disk.
    GroupCommit(Database& database, std::function<Timestamp()> now,
                std::function<void(uint64_t)> told, const Quotas* quotas);
    GroupCommit(const GroupCommit&) = delete;
    GroupCommit& operator=(const GroupCommit&) = delete;
    // Carries out what waits.
    ~GroupCommit();

    // Waits until the job's transaction is on the disk. `look`: what it will ask for, as far as
    // that is known; it may ask for anything. Any thread.
    [[nodiscard]] Outcome<Committed> run(Job job, std::optional<GroupRows::Look> look = {});

 private:
    struct Waiting {
        Job job;
        std::optional<GroupRows::Look> look;
        std::promise<Outcome<Committed>> promise;
    };
    using Group = std::vector<Waiting>;
    using Answers = std::vector<Outcome<Committed>>;

    void work();
    [[nodiscard]] Group take();
    void carry_out(Group& group);
    [[nodiscard]] base::Result<void> transact(std::span<Waiting> group, Answers& answers,
                                              uint64_t& last);

    Database& database_;
    const std::function<Timestamp()> now_;
    const std::function<void(uint64_t)> told_;
    const Quotas* const quotas_;
    std::mutex mutex_;  // Guards what follows.
    std::condition_variable wake_;
    std::deque<Waiting> waiting_;
    bool is_stopping_ = false;
    std::thread thread_;  // Last: it uses all the others.
};

}  // namespace nearcast::control
