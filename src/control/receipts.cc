// SPDX-License-Identifier: Apache-2.0

#include "control/receipts.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "control/zone_rows.h"
#include "dns/serial.h"

namespace nearcast::control {
namespace {

using base::Result;
namespace log = base::log;

// How often to look for what other controllers did, and for how long a waiter sleeps at most.
constexpr std::chrono::milliseconds kLookPause{250};
constexpr Timestamp kPrunePause = std::chrono::hours(1);

constexpr Sql kInsertStep{
    "INSERT INTO receipt (node_id, sequence, at) VALUES (:a, :b, :c) "
    "ON CONFLICT (node_id, sequence) DO NOTHING",
    "nnn", ""};
constexpr Sql kPutGap{
    "INSERT INTO receipt_gap (node_id, zone, after_sequence, until_sequence, ended_at) "
    "VALUES (:a, :b, :c, :d, :e) ON CONFLICT (node_id, zone, after_sequence) "
    "DO UPDATE SET until_sequence = :f, ended_at = :g",
    "ntnnnnn", ""};
constexpr Sql kFirstStep{
    "SELECT at FROM receipt WHERE node_id = :a AND sequence >= :b ORDER BY sequence LIMIT 1", "nn",
    "n"};
constexpr Sql kGap{
    "SELECT MAX(ended_at) FROM receipt_gap WHERE node_id = :a AND zone = :b AND "
    "after_sequence < :c AND until_sequence >= :d AND ended_at > 0",
    "ntnn", "n"};
constexpr Sql kPruneSteps{"DELETE FROM receipt WHERE at < :a", "n", ""};
constexpr Sql kPruneGaps{"DELETE FROM receipt_gap WHERE ended_at > 0 AND ended_at < :a", "n", ""};

template <typename Container>
void bound(Container& container, size_t size_max) {
    while (container.size() > size_max) container.pop_front();
}

double quantile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    const auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::ranges::nth_element(values, values.begin() + place);
    return values[static_cast<size_t>(place)];
}

// When the last of the gaps ended that the change was in; zero when it was in none.
template <typename Gaps>
Timestamp last_end(const Gaps& gaps, uint64_t sequence, const std::string& zone) {
    Timestamp last{};
    for (const auto& gap : gaps) {
        const bool is_in = gap.zone == zone && gap.after < sequence && sequence <= gap.until;
        if (is_in) last = std::max(last, gap.ended_at);
    }
    return last;
}

int64_t to_row(uint64_t number) { return static_cast<int64_t>(number); }

}  // namespace

Receipts::Receipts(Database& database, Network& network, std::function<Timestamp()> now)
    : database_(database), network_(network), now_(std::move(now)), thread_([this] { run(); }) {}

Receipts::~Receipts() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

// --- What is told ---

void Receipts::note_changes(std::span<const Change> changes) {
    const std::lock_guard lock(mutex_);
    for (const Change& change : changes) {
        commits_.push_back({change.sequence, change.at, dns::key_of(change.zone)});
    }
    bound(commits_, kCommitsMax);
    told_.notify_all();
}

// A node may have told of a version before we knew how far it reaches.
void Receipts::note_version(uint32_t serial, uint64_t sequence, uint64_t notes) {
    {
        const std::lock_guard lock(mutex_);
        has_news_ = true;
        if (!versions_.empty() && versions_.back().serial == serial) {
            versions_.back().sequence = std::max(versions_.back().sequence, sequence);
            versions_.back().notes = std::max(versions_.back().notes, notes);
        } else {
            versions_.push_back({serial, sequence, notes});
            bound(versions_, kVersionsMax);
        }
        const Timestamp now = now_();
        for (auto& [node_id, heard] : heard_) {
            credit(node_id, heard, now);
            credit_held(node_id, heard, now);
        }
    }
    told_.notify_all();
    wake_.notify_one();
}

void Receipts::hold(const dns::Name& zone, uint64_t after, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    const auto [place, is_new] = held_.try_emplace(dns::key_of(zone), Held{zone});
    Held& held = place->second;
    if (is_new || held.notes) held.after = after;
    held.reason = reason;
    held.notes.reset();
    held.nodes.clear();
}

void Receipts::release(const dns::Name& zone, uint64_t until, uint64_t notes) {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(dns::key_of(zone));
    if (found == held_.end()) return;
    found->second.until = until;
    found->second.notes = notes;
    found->second.reason.clear();
    told_.notify_all();
}

void Receipts::hear(const Node& node, const transfer::ServedReport& report) {
    {
        const std::lock_guard lock(mutex_);
        const Timestamp now = now_();
        Heard& heard = heard_[node.id];
        heard.state.heard_at = now;
        heard.state.serial = report.serial;
        take_late(node.id, heard, report);
        credit(node.id, heard, now);
        credit_held(node.id, heard, now);
        end_late(node.id, heard, report, now);
        has_news_ = true;
    }
    told_.notify_all();
    wake_.notify_one();
}

// The last version that is not later. Nothing of one later than all of ours: it is not known yet,
// or of a database that was lost.
const Receipts::Version* Receipts::version_of(uint32_t serial) const {
    if (versions_.empty() || dns::is_later_serial(serial, versions_.back().serial)) return nullptr;
    for (auto each = versions_.rbegin(); each != versions_.rend(); ++each) {
        if (!dns::is_later_serial(each->serial, serial)) return &*each;
    }
    return nullptr;
}

void Receipts::put(const Gap& gap) {
    if (gaps_.size() < kUnwrittenMax) gaps_.push_back(gap);
    wake_.notify_one();
}

void Receipts::credit(int64_t node_id, Heard& heard, Timestamp now) {
    if (!heard.state.serial) return;
    const Version* const version = version_of(*heard.state.serial);
    if (version == nullptr) return;
    const uint64_t sequence = version->sequence;
    if (sequence <= heard.state.sequence && !heard.steps.empty()) return;
    // What a node serves when it is first heard of tells nothing of how long that took.
    if (!heard.steps.empty()) measure(heard, sequence, now);
    heard.state.sequence = sequence;
    heard.state.served_at = now;
    heard.steps.push_back({sequence, now});
    bound(heard.steps, kStepsMax);
    if (rows_.size() < kUnwrittenMax) rows_.push_back({node_id, {sequence, now}});
    wake_.notify_one();
}

// Which changes of a zone were late at a node, and until when, is kept as a gap of that node. What
// all nodes serve that were ever heard of is held no more.
void Receipts::credit_held(int64_t node_id, Heard& heard, Timestamp now) {
    const Version* const version =
        heard.state.serial && !held_.empty() ? version_of(*heard.state.serial) : nullptr;
    if (version == nullptr) return;
    for (auto each = held_.begin(); each != held_.end();) {
        Held& held = each->second;
        if (!held.notes || version->notes < *held.notes) {
            ++each;
            continue;
        }
        if (held.nodes.insert(node_id).second) {
            const Gap gap{node_id, row_name(held.zone), held.after, held.until, now};
            heard.ended.push_back(gap);
            bound(heard.ended, kStepsMax);
            put(gap);
        }
        const bool is_everywhere = std::ranges::all_of(
            heard_, [&held](const auto& other) { return held.nodes.contains(other.first); });
        each = is_everywhere ? held_.erase(each) : std::next(each);
    }
}

// Nothing when nothing keeps the node from serving that change.
const Receipts::Held* Receipts::held(int64_t node_id, uint64_t sequence,
                                     const std::string& key) const {
    const auto found = held_.find(key);
    if (found == held_.end()) return nullptr;
    const Held& held = found->second;
    const bool is_in = sequence > held.after && (!held.notes || sequence <= held.until);
    return is_in && !held.nodes.contains(node_id) ? &held : nullptr;
}

void Receipts::measure(const Heard& heard, uint64_t up_to, Timestamp now) {
    const auto begin =
        std::ranges::upper_bound(commits_, heard.state.sequence, {}, &Commit::sequence);
    for (auto each = begin; each != commits_.end() && each->sequence <= up_to; ++each) {
        if (heard.late.contains(each->zone) || held_.contains(each->zone)) continue;
        const double delay = std::chrono::duration<double>(now - each->at).count();
        const auto place = std::ranges::lower_bound(Delays::kBounds, delay);
        ++delays_.counts[static_cast<size_t>(place - Delays::kBounds.begin())];
        delays_.sum += delay;
        last_delays_.push_back(delay);
    }
    bound(last_delays_, kDelaysMax);
}

void Receipts::take_late(int64_t node_id, Heard& heard, const transfer::ServedReport& report) {
    for (const transfer::ServedReport::Late& each : report.late) {
        const auto [place, is_new] = heard.late.try_emplace(
            dns::key_of(each.zone), Late{each.zone, each.reason, heard.state.sequence});
        place->second.reason = each.reason;
        if (!is_new) continue;
        put({node_id, row_name(each.zone), heard.state.sequence, 0, {}});
    }
}

void Receipts::end_late(int64_t node_id, Heard& heard, const transfer::ServedReport& report,
                        Timestamp now) {
    heard.state.zones_behind = report.late;
    std::erase_if(heard.late, [&](const auto& item) {
        const auto& [key, late] = item;
        const bool is_late = std::ranges::any_of(
            report.late, [&](const auto& each) { return each.zone == late.zone; });
        if (is_late) return false;
        const Gap gap{node_id, row_name(late.zone), late.after, heard.state.sequence, now};
        heard.ended.push_back(gap);
        bound(heard.ended, kStepsMax);
        put(gap);
        return true;
    });
}

// --- What is asked ---

Timestamp Receipts::lag_of(const Heard& heard) const {
    const auto first =
        std::ranges::upper_bound(commits_, heard.state.sequence, {}, &Commit::sequence);
    return first == commits_.end() ? Timestamp(0) : std::max(now_() - first->at, Timestamp(0));
}

std::optional<uint64_t> Receipts::notes_everywhere() const {
    const auto nodes = network_.nodes();
    std::optional<uint64_t> least;
    const std::lock_guard lock(mutex_);
    for (const auto& [pin, node] : *nodes) {
        const auto found = heard_.find(node.id);
        const bool is_heard = found != heard_.end() && found->second.state.serial;
        const Version* const version = is_heard ? version_of(*found->second.state.serial) : nullptr;
        if (version == nullptr) return std::nullopt;
        least = std::min(least.value_or(version->notes), version->notes);
    }
    return least;
}

bool Receipts::is_late(const dns::Name& zone) const {
    const std::string key = dns::key_of(zone);
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(heard_,
                               [&key](const auto& item) { return item.second.late.contains(key); });
}

std::optional<Receipts::State> Receipts::state(int64_t node_id) const {
    const std::lock_guard lock(mutex_);
    const auto found = heard_.find(node_id);
    if (found == heard_.end()) return std::nullopt;
    State state = found->second.state;
    state.lag = lag_of(found->second);
    return state;
}

Outcome<Receipts::Served> Receipts::served(int64_t node_id, uint64_t sequence,
                                           const dns::Name& zone) {
    std::optional<Timestamp> at;
    {
        const std::lock_guard lock(mutex_);
        const std::string key = dns::key_of(zone);
        if (const Held* const found = held(node_id, sequence, key)) {
            return Served{std::nullopt, found->reason};
        }
        const auto found = heard_.find(node_id);
        if (found != heard_.end()) {
            const Heard& heard = found->second;
            const auto late = heard.late.find(key);
            if (late != heard.late.end() && sequence > late->second.after) {
                return Served{std::nullopt, late->second.reason};
            }
            const auto& steps = heard.steps;
            if (!steps.empty() && steps.front().sequence < sequence) {
                const auto step = std::ranges::lower_bound(steps, sequence, {}, &Step::sequence);
                const bool is_here = step != steps.end();
                // It may have gone over to another controller, and told that.
                if (!is_here && !database_.is_shared()) return Served{};
                if (is_here) at = step->at;
                // So is every gap that could matter, unless there were too many.
                const auto ended = last_end(heard.ended, sequence, row_name(zone));
                const bool is_all_here = is_here && heard.ended.size() < kStepsMax;
                if (is_all_here) return Served{std::max(*at, ended), {}};
            }
        }
    }
    if (!at) {
        auto looked = look_up(node_id, sequence);
        if (!looked) return std::unexpected(looked.error());
        at = *looked;
    }
    if (!at) return Served{};
    const auto ended = end_of_gap(node_id, sequence, zone);
    if (!ended) return std::unexpected(ended.error());
    return Served{*ended ? std::max(**ended, *at) : *at, {}};
}

// In the database, and among what is not there yet.
Outcome<std::optional<Timestamp>> Receipts::look_up(int64_t node_id, uint64_t sequence) {
    std::optional<Timestamp> at;
    const auto done = database_.read([&](Session& session) {
        at.reset();
        return session.run(kFirstStep, {node_id, to_row(sequence)},
                           [&](const auto& row) { at = Timestamp(row.number(0)); });
    });
    if (!done) return unavailable(done.error());
    const std::lock_guard lock(mutex_);
    for (const Row& row : rows_) {
        const bool is_it = row.node_id == node_id && row.step.sequence >= sequence;
        if (is_it) at = std::min(at.value_or(row.step.at), row.step.at);
    }
    return at;
}

Outcome<std::optional<Timestamp>> Receipts::end_of_gap(int64_t node_id, uint64_t sequence,
                                                       const dns::Name& zone) {
    std::optional<Timestamp> ended;
    const std::string name = row_name(zone);
    {
        const std::lock_guard lock(mutex_);
        for (const Gap& gap : gaps_) {
            if (gap.node_id != node_id || gap.zone != name || gap.ended_at.count() == 0) continue;
            if (gap.after < sequence && sequence <= gap.until) ended = gap.ended_at;
        }
    }
    if (ended) return ended;
    const int64_t number = to_row(sequence);
    const auto done = database_.read([&](Session& session) {
        ended.reset();
        return session.run(kGap, {node_id, name, number, number}, [&](const auto& row) {
            if (!row.is_null(0)) ended = Timestamp(row.number(0));
        });
    });
    if (!done) return unavailable(done.error());
    return ended;
}

Outcome<bool> Receipts::wait(base::Instant deadline,
                             const std::function<Outcome<bool>()>& is_done) {
    {
        const std::lock_guard lock(mutex_);
        if (waiters_ >= kWaitersMax) {
            return refuse(ChangeError::Kind::Unavailable, "too many wait for nodes already");
        }
        ++waiters_;
    }
    Outcome<bool> done = is_done();
    std::unique_lock lock(mutex_);
    while (done && !*done && base::now() < deadline && !are_waits_over_) {
        // What was told while nobody looked is seen at the next look, a moment later at most.
        told_.wait_until(lock, std::min(deadline, base::now() + kLookPause));
        lock.unlock();
        done = is_done();
        lock.lock();
    }
    --waiters_;
    return done;
}

void Receipts::end_waits() {
    const std::lock_guard lock(mutex_);
    are_waits_over_ = true;
    told_.notify_all();
}

Receipts::Delays Receipts::delays() const {
    std::vector<double> last;
    Delays delays;
    {
        const std::lock_guard lock(mutex_);
        delays = delays_;
        last.assign(last_delays_.begin(), last_delays_.end());
    }
    delays.p50 = quantile(last, 0.5);
    delays.p99 = quantile(std::move(last), 0.99);
    return delays;
}

// --- The thread that writes ---

void Receipts::run() {
    const bool is_shared = database_.is_shared();
    base::Instant refreshed_at{};
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        const auto is_due = [this] {
            return is_stopping_ || has_news_ || !rows_.empty() || !gaps_.empty();
        };
        if (is_shared) {
            wake_.wait_for(lock, kLookPause, is_due);
        } else {
            wake_.wait(lock, is_due);
        }
        const bool has_rows = !rows_.empty() || !gaps_.empty();
        if (has_rows) wake_.wait_for(lock, kWritePause, [this] { return is_stopping_; });
        const bool has_news = std::exchange(has_news_, false) && !is_stopping_;
        lock.unlock();
        if (has_news && on_news_) on_news_();
        if (is_shared && base::now() - refreshed_at >= kLookPause) {
            (void)network_.refresh();  // When it fails the next one may not.
            refreshed_at = base::now();
        }
        const bool is_written = write_all();
        lock.lock();
        if (!is_written) wake_.wait_for(lock, kRetryPause, [this] { return is_stopping_; });
    }
    lock.unlock();
    (void)write_all();  // What came since, or before the first look.
}

bool Receipts::write_all() {
    const auto done = write_rows();
    if (done) return true;
    log::warning("receipts_not_written", {{"reason", done.error().message}});
    return false;
}

Result<void> Receipts::write_rows() {
    std::vector<Row> rows;
    std::vector<Gap> gaps;
    {
        const std::lock_guard lock(mutex_);
        rows = rows_;
        gaps = gaps_;
    }
    const Timestamp now = now_();
    const bool prunes = now - pruned_at_ > kPrunePause;
    if (rows.empty() && gaps.empty()) return {};
    const auto written = database_.write([&](Session& session) -> Result<void> {
        Result<void> done;
        for (const Row& row : rows) {
            done = session.run(kInsertStep, {row.node_id, to_row(row.step.sequence),
                                             int64_t{row.step.at.count()}});
            if (!done) return done;
        }
        for (const Gap& gap : gaps) {
            const int64_t ended = gap.ended_at.count();
            done = session.run(kPutGap, {gap.node_id, gap.zone, to_row(gap.after),
                                         to_row(gap.until), ended, to_row(gap.until), ended});
            if (!done) return done;
        }
        if (!prunes) return done;
        const int64_t before = (now - kKept).count();
        done = session.run(kPruneSteps, {before});
        return done ? session.run(kPruneGaps, {before}) : done;
    });
    if (!written) return written;
    if (prunes) pruned_at_ = now;
    // No others have been taken away: this is the only one who writes.
    const std::lock_guard lock(mutex_);
    rows_.erase(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(rows.size()));
    gaps_.erase(gaps_.begin(), gaps_.begin() + static_cast<std::ptrdiff_t>(gaps.size()));
    return {};
}

}  // namespace nearcast::control
