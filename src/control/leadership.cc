// SPDX-License-Identifier: Apache-2.0

#include "control/leadership.h"

#include <array>
#include <utility>

#include "base/log.h"

namespace nearcast::control {
namespace {

namespace log = base::log;

// The lock is the database's; a controller that has its tables in another schema has another.
constexpr Sql kTake{
    "SELECT CASE WHEN pg_try_advisory_lock(7023518, hashtext(current_schema())) "
    "THEN 1 ELSE 0 END",
    "", "n"};
constexpr Sql kProve{"SELECT 1", "", "n"};
// So that the server sees that a machine has vanished, and not only a program.
constexpr std::array kKeepAlive{"SET tcp_keepalives_idle = 5", "SET tcp_keepalives_interval = 2",
                                "SET tcp_keepalives_count = 3"};

}  // namespace

Leadership::Leadership(Database& database)
    : database_(database), is_alone_(database.dialect() == Database::Dialect::Sqlite) {}

bool Leadership::leads() const { return is_alone_ || base::now() < leads_until_.load(); }

void Leadership::start(std::function<void()> on_gain) {
    if (is_alone_) return;
    on_gain_ = std::move(on_gain);
    look();
    thread_ = std::thread([this] { run(); });
}

void Leadership::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    lose();
}

void Leadership::run() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kLookPause, [this] { return is_stopping_; })) {
        lock.unlock();
        if (look()) on_gain_();
        lock.lock();
    }
}

bool Leadership::connect() {
    auto connected = database_.connect();
    for (const char* setting : kKeepAlive) {
        if (connected && !(*connected)->run_once(setting)) return false;
    }
    if (connected) session_ = *std::move(connected);
    return connected.has_value();
}

bool Leadership::look() {
    if (!session_ && !connect()) return false;  // What else needs the database tells it.
    const base::Instant asked_at = base::now();
    bool is_held = false;
    const auto done = session_->run(holds_lock_ ? kProve : kTake, {},
                                    [&](const Row& row) { is_held = row.number(0) == 1; });
    if (!done) {
        lose();
        return false;
    }
    if (!is_held) return false;
    leads_until_.store(asked_at + kProofLife);
    if (std::exchange(holds_lock_, true)) return false;
    log::info("signing_led", {{"by", "this controller"}});
    return true;
}

void Leadership::lose() {
    session_.reset();
    leads_until_.store(base::Instant::min());
    if (std::exchange(holds_lock_, false)) log::info("signing_led", {{"by", "no longer this one"}});
}

}  // namespace nearcast::control
