// SPDX-License-Identifier: Apache-2.0

#include "control/publisher.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/log.h"
#include "control/zone_build.h"
#include "control/zone_rows.h"
#include "dns/serial.h"

namespace nearcast::control {
namespace {

using base::Error;
using base::Result;
namespace log = base::log;

constexpr Sql kReadPublications{
    "SELECT zone_id, sequence, serial FROM publication WHERE controller = :a", "t", "nnn"};
// Both databases know this form, and do it in one step.
constexpr RowsSql kRemember{
    "INSERT INTO publication (controller, zone_id, sequence, serial) VALUES ",
    "(?, ?, ?, ?)",
    ", ",
    " ON CONFLICT (controller, zone_id) DO UPDATE "
    "SET sequence = excluded.sequence, serial = excluded.serial",
    "tnnn",
    ""};
constexpr Sql kReadServedSerials{
    "SELECT zone, serial, sequence FROM served_serial WHERE controller = :a", "t", "tnn"};
constexpr RowsSql kRememberSerial{
    "INSERT INTO served_serial (controller, zone, serial, sequence) VALUES ",
    "(?, ?, ?, ?)",
    ", ",
    " ON CONFLICT (controller, zone) DO UPDATE "
    "SET serial = excluded.serial, sequence = excluded.sequence",
    "ttnn",
    ""};
constexpr RowsSql kForget{
    "DELETE FROM publication WHERE ", "(controller = ? AND zone_id = ?)", " OR ", "", "tn", ""};

Error to_error(const ChangeError& error) { return {error.message}; }

}  // namespace

Publisher::Publisher(Served served, std::string controller, std::vector<dns::Name> others,
                     std::optional<Signing> signing)
    : served_(served),
      controller_(std::move(controller)),
      others_(std::move(others)),
      signing_(std::move(signing)) {}

Result<void> Publisher::start() {
    if (auto done = learn_who_is_signed(); !done) return done;
    if (auto done = catch_up_at_start(); !done) return done;
    const auto turn = next_turn();
    if (!turn) return std::unexpected(turn.error());
    tell({}, serial_at_position(*turn));
    thread_ = std::thread([this] { run(); });
    if (signing_) start_signing();
    return {};
}

void Publisher::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
    due_wake_.notify_all();
    settled_.notify_all();
    if (thread_.joinable()) thread_.join();
    if (signing_thread_.joinable()) signing_thread_.join();
    looks_.reset();
}

void Publisher::wake(uint64_t sequence) {
    {
        const std::lock_guard lock(mutex_);
        wanted_ = std::max(wanted_, sequence);
    }
    wake_.notify_all();
}

std::optional<Publisher::ServedZone> Publisher::served_zone(int64_t zone_id) const {
    const std::lock_guard lock(mutex_);
    const auto found = states_.find(zone_id);
    if (found == states_.end() || !found->second.is_served) return std::nullopt;
    return ServedZone{found->second.serial, found->second.sequence};
}

std::optional<uint32_t> Publisher::published_serial(int64_t zone_id) const {
    const auto served = served_zone(zone_id);
    return served ? std::optional(served->serial) : std::nullopt;
}

std::string Publisher::trouble(int64_t zone_id) const {
    const std::lock_guard lock(mutex_);
    const auto found = states_.find(zone_id);
    return found == states_.end() ? std::string() : found->second.trouble;
}

bool Publisher::is_stuck(int64_t zone_id, uint64_t sequence) const {
    const std::lock_guard lock(mutex_);
    const auto found = states_.find(zone_id);
    return found != states_.end() && found->second.sequence < sequence &&
           found->second.tried >= sequence;
}

Publisher::State& Publisher::state_of(int64_t zone_id, const dns::Name& name) {
    const std::lock_guard lock(mutex_);
    State& state = states_[zone_id];
    // Once, before another thread has it: who has it reads them without the lock.
    if (state.zone_id == 0) {
        state.zone_id = zone_id;
        state.name = name;
    }
    return state;
}

bool Publisher::is_others(const dns::Name& name) const {
    return std::ranges::find(others_, name) != others_.end();
}

// --- The start ---

Result<void> Publisher::read_publications() {
    return served_.database.read([this](Session& session) {
        const std::lock_guard lock(mutex_);
        auto done = session.run(kReadPublications, {controller_}, [this](const Row& row) {
            State& state = states_[row.number(0)];
            state.sequence = static_cast<uint64_t>(row.number(1));
            state.serial = static_cast<uint32_t>(row.number(2));
        });
        if (!done) return done;
        return session.run(kReadServedSerials, {controller_}, [this](const Row& row) {
            floors_[row.text(0)] = {static_cast<uint32_t>(row.number(1)),
                                    static_cast<uint64_t>(row.number(2))};
        });
    });
}

// Serves what the ledger has, if that is what was published last, and nothing came since. Otherwise
// that goes on until the zone is made anew, or if it cannot be.
void Publisher::take_over(const Zone& zone) {
    State& state = state_of(zone.id, zone.name);
    note_kind(zone.name, zone.settings);
    fetch_as_told(state, zone);
    begin_signing(state, zone.settings);
    const auto stored = served_.ledger.state(zone.name);
    const bool is_current = state.sequence == zone.sequence && stored &&
                            stored->serial == state.serial && stored->origin.kind == kOrigin &&
                            (!state.is_fetched || is_copy_of(state, zone));
    if (is_current && served_.ledger.restore(zone.name)) {
        resume_signing(state, zone.settings);
        const std::lock_guard lock(mutex_);
        state.is_served = true;
        return;
    }
    const bool is_its = stored && state.serial != 0 && stored->origin.kind == kOrigin &&
                        !dns::is_later_serial(state.serial, stored->serial);
    // Most signatures of an older version are those of the new one too.
    const bool is_of_use = (is_its && !state.is_fetched) || (state.signing && stored);
    if (is_of_use && served_.ledger.restore(zone.name)) {
        const std::lock_guard lock(mutex_);
        state.is_served = true;
        if (is_its) state.serial = stored->serial;
    }
    publish_whole(state);
    const std::lock_guard lock(mutex_);
    tell_delay(state, zone.sequence);
}

void Publisher::withdraw_unknown(const std::set<std::string>& known) {
    for (const zone::StoredZone& stored : served_.ledger.states()) {
        if (is_others(stored.apex) || known.contains(dns::key_of(stored.apex))) continue;
        if (auto done = served_.ledger.withdraw(stored.apex); !done) {
            log::error("zone_not_withdrawn",
                       {{"zone", dns::to_text(stored.apex)}, {"reason", done.error().message}});
        }
    }
}

Result<void> Publisher::catch_up_at_start() {
    if (auto done = read_publications(); !done) return done;
    const auto last = served_.changes.last_sequence();
    if (!last) return std::unexpected(to_error(last.error()));
    position_ = *last;
    std::set<std::string> known;
    std::string after;
    for (;;) {
        const auto zones = served_.changes.zones(after, kBatchMax);
        if (!zones) return std::unexpected(to_error(zones.error()));
        if (zones->empty()) break;
        side_by_side(zones->size(), [&](size_t i) { take_over((*zones)[i]); });
        for (const Zone& zone : *zones) known.insert(dns::key_of(zone.name));
        const std::lock_guard lock(mutex_);
        for (const Zone& zone : *zones) unremembered_.insert(zone.id);
        after = row_name(zones->back().name);
    }
    withdraw_unknown(known);
    if (served_.incoming != nullptr) served_.incoming->forget_others();
    log::info("zones_published", {{"zones", std::to_string(known.size())}});
    {
        const std::lock_guard lock(mutex_);
        remember_at_ = base::now();
    }
    return remember();
}

// --- Following ---

// With the mutex. When to go on though nobody wakes us.
base::Instant Publisher::next_look() const {
    base::Instant next = base::Instant::max();
    if (needs_retry_) next = std::min(next, base::now() + kRetryPause);
    if (served_.database.is_shared()) next = std::min(next, base::now() + kLookPause);
    return next;
}

bool Publisher::wait() {
    std::unique_lock lock(mutex_);
    const base::Instant look_at = next_look();
    while (!is_stopping_ && !has_renewals_ && !needs_turn_ && wanted_ <= position_) {
        const base::Instant until = std::min(look_at, remember_at_);
        if (until <= base::now()) break;
        if (until == base::Instant::max()) {
            wake_.wait(lock);
        } else {
            wake_.wait_until(lock, until);
        }
    }
    return !is_stopping_;
}

void Publisher::run() {
    while (wait()) {
        retry();
        auto done = follow();
        if (done) done = follow_signing();
        if (done) done = remember();
        if (done) continue;
        log::error("publishing_paused", {{"reason", done.error().message}});
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, kRetryPause, [this] { return is_stopping_; });
    }
    {
        const std::lock_guard lock(mutex_);
        remember_at_ = base::now();
    }
    if (const auto done = remember(); !done) {
        log::warning("publications_not_remembered", {{"reason", done.error().message}});
    }
}

Result<void> Publisher::follow() {
    const auto turn = next_turn();
    if (!turn) return std::unexpected(turn.error());
    uint64_t wanted = 0;
    {
        const std::lock_guard lock(mutex_);
        wanted = wanted_;
    }
    const auto changes = served_.changes.changes_after(position_, kBatchMax);
    if (!changes) return std::unexpected(to_error(changes.error()));
    publish_all(*changes);
    if (!changes->empty()) position_ = changes->back().sequence;
    // Sequences that no change has, of requests that were refused, are behind us too.
    if (changes->size() < kBatchMax) {
        position_ = std::max(position_, wanted);
        if (*turn) position_ = std::max(position_, (*turn)->sequence);
    }
    tell_delays(*changes);
    const auto serial = serial_at_position(*turn);
    if (!changes->empty() || serial != catalog_serial_) tell(*changes, serial);
    return {};
}

// With the mutex. Whoever publishes the zone after this tells the end.
void Publisher::tell_delay(State& state, uint64_t sequence) {
    if (state.sequence >= sequence || !told_of_delay_) return;
    state.delayed = sequence;
    told_of_delay_({.zone = state.name,
                    .after = state.sequence,
                    .until = sequence,
                    .reason = state.trouble.empty() ? "it is not published yet" : state.trouble});
}

void Publisher::tell_delays(const std::vector<Change>& changes) {
    const std::lock_guard lock(mutex_);
    for (const Change& change : changes) {
        const auto found = states_.find(change.zone_id);
        if (found != states_.end()) tell_delay(found->second, change.sequence);
    }
}

// With the mutex.
void Publisher::tell_end_of_delay(State& state) {
    if (state.delayed == 0 || state.sequence < state.delayed) return;
    told_of_delay_({.zone = state.name, .until = state.sequence, .is_over = true});
    state.delayed = 0;
}

void Publisher::publish_all(const std::vector<Change>& changes) {
    if (changes.empty()) return;
    std::vector<Work> works;
    std::unordered_map<int64_t, size_t> places;
    for (const Change& change : changes) {
        const auto [place, is_new] = places.emplace(change.zone_id, works.size());
        if (is_new) works.push_back({change.zone_id, change.zone, {}});
        works[place->second].changes.push_back(&change);
    }
    // A zone may come under a name that another one leaves: those of one name by one thread, in
    // the order of their first changes.
    std::map<std::string, std::vector<size_t>> by_name;
    for (size_t i = 0; i < works.size(); ++i) by_name[dns::key_of(works[i].name)].push_back(i);
    // Catalogs last: who hears of one asks for the zones that it lists.
    std::vector<const std::vector<size_t>*> zones;
    std::vector<const std::vector<size_t>*> catalogs;
    for (const auto& [name, list] : by_name) {
        const bool is_catalog =
            served_.catalogs != nullptr && served_.catalogs->has(works[list.front()].name);
        (is_catalog ? catalogs : zones).push_back(&list);
    }
    for (const auto& names : {zones, catalogs}) {
        side_by_side(names.size(), [&](size_t i) {
            for (const size_t work : *names[i]) publish(works[work]);
        });
    }
    const std::lock_guard lock(mutex_);
    for (const Work& work : works) unremembered_.insert(work.zone_id);
    remember_soon();
}

// A zone that was deleted may have been overtaken by the one that has its name now.
bool Publisher::raise_floor(const State& state) {
    if (state.serial == 0) return false;
    const std::lock_guard lock(mutex_);
    Floor& floor = floors_[row_name(state.name)];
    if (floor.serial != 0 && dns::is_later_serial(floor.serial, state.serial)) return false;
    floor = {state.serial, state.sequence};
    return true;
}

Result<void> Publisher::remember(Session& session, std::span<const State> states) {
    std::vector<Fields> published;
    std::vector<Fields> gone;
    std::map<std::string, Fields> serials;  // By name: of two zones the later one counts.
    for (const State& state : states) {
        const auto sequence = static_cast<int64_t>(state.sequence);
        const int64_t serial = state.serial;
        if (state.is_served) {
            published.push_back({controller_, state.zone_id, sequence, serial});
        } else {
            gone.push_back({controller_, state.zone_id});
        }
        if (!raise_floor(state)) continue;
        const std::string zone = row_name(state.name);
        serials[zone] = {controller_, zone, serial, sequence};
    }
    const auto rows = std::views::values(serials);
    auto done = session.run_rows(kRemember, published);
    if (done) done = session.run_rows(kForget, gone);
    if (done) done = session.run_rows(kRememberSerial, std::vector(rows.begin(), rows.end()));
    return done;
}

// One transaction for all. When it is lost, those zones are made anew at the next start.
Result<void> Publisher::remember() {
    std::vector<State> states;
    {
        const std::lock_guard lock(mutex_);
        if (base::now() < remember_at_) return {};
        for (const int64_t zone_id : unremembered_) {
            const auto found = states_.find(zone_id);
            states.push_back(found == states_.end() ? State{} : found->second);
            states.back().zone_id = zone_id;
        }
        // Those that are published meanwhile are remembered next.
        unremembered_.clear();
        remember_at_ = base::Instant::max();
    }
    const auto written =
        served_.database.write([&](Session& session) { return remember(session, states); });
    if (written) return {};
    const std::lock_guard lock(mutex_);
    for (const State& state : states) unremembered_.insert(state.zone_id);
    remember_at_ = base::now() + kRememberPause;
    return written;
}

void Publisher::remember_soon() {
    const bool is_urgent = std::exchange(is_ahead_, false) && served_.database.is_shared();
    remember_at_ =
        std::min(remember_at_, base::now() + (is_urgent ? base::Duration::zero() : kRememberPause));
}

void Publisher::retry() {
    std::vector<State*> states;
    {
        const std::lock_guard lock(mutex_);
        has_renewals_ = false;
        if (!std::exchange(needs_retry_, false)) return;
        for (auto& [zone_id, state] : states_) {
            if (std::exchange(state.needs_retry, false)) states.push_back(&state);
        }
    }
    side_by_side(states.size(), [&](size_t i) {
        if (!claim(*states[i], false)) return;
        publish_whole(*states[i]);
        release(*states[i]);
    });
}

void Publisher::side_by_side(size_t count, const std::function<void(size_t)>& publish_one) {
    std::atomic<size_t> next = 0;
    const auto work = [&] {
        for (size_t i = next++; i < count; i = next++) publish_one(i);
    };
    std::vector<std::thread> threads;
    for (size_t i = 1; i < std::min(count, kThreads); ++i) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
}

// Before anybody can see the zone.
void Publisher::note_kind(const dns::Name& zone, const ZoneSettings& settings) {
    if (served_.catalogs == nullptr) return;
    if (is_catalog(settings.kind)) served_.catalogs->add(zone);
}

void Publisher::publish(const Work& work) {
    State& state = state_of(work.zone_id, work.name);
    for (const Change* change : work.changes) {
        if (change->diff.settings_after) note_kind(work.name, *change->diff.settings_after);
        heed_primaries(state, *change);
    }
    const bool is_ending = std::ranges::any_of(
        work.changes, [](const Change* change) { return change->kind == ChangeKind::Delete; });
    if (!claim(state, is_ending)) return;  // Who has it makes it anew, with these changes.
    for (const Change* change : work.changes) {
        if (change->diff.settings_after) begin_signing(state, *change->diff.settings_after);
        // A whole version that was made meanwhile has it already, or was to have it.
        if (change->sequence > std::max(state.sequence, state.tried)) publish_one(state, *change);
    }
    release(state);
}

void Publisher::publish_one(State& state, const Change& change) {
    if (change.kind == ChangeKind::Delete) {
        end(state);
        const std::lock_guard lock(mutex_);
        state.sequence = change.sequence;
        return;
    }
    if (state.signing) return publish_signed(state, change);
    if (state.is_fetched) return follow_copy(state, change);
    if (change.kind == ChangeKind::Create || state.is_behind || !state.is_served) {
        return publish_whole(state);
    }
    if (change.kind == ChangeKind::Records) {
        const auto pinned = served_.table.pin(state.name);
        if (!pinned) return publish_whole(state);
        const uint32_t serial = serial_for(state, change.new_serial, change.sequence);
        const auto changes =
            build_changes(state.name, pinned->version(), change.diff.rrsets, serial);
        // What does not fit shows in the whole: a zone without name servers, for example.
        if (!changes || !served_.ledger.apply(state.name, *changes)) return publish_whole(state);
        const std::lock_guard lock(mutex_);
        state.serial = serial;
    }
    const std::lock_guard lock(mutex_);
    state.sequence = change.sequence;
}

uint32_t Publisher::serial_for(const State& state, uint32_t edited, uint64_t sequence) const {
    uint32_t serial = edited;
    const auto pass = [&serial](uint32_t served) {
        if (served != 0 && !dns::is_later_serial(serial, served)) serial = dns::next_serial(served);
    };
    pass(state.serial);
    const auto stored = served_.ledger.state(state.name);
    {
        const std::lock_guard lock(mutex_);
        const auto floor = floors_.find(row_name(state.name));
        if (floor != floors_.end()) {
            pass(floor->second.serial);
            // The store is lost, and with it what was served since that was remembered: a serial a
            // change at most.
            const uint64_t since = sequence - std::min(sequence, floor->second.sequence);
            if (!stored) pass(floor->second.serial + static_cast<uint32_t>(since));
        }
    }
    if (stored) {
        pass(stored->serial);
        pass(stored->lost_serial.value_or(0));
    }
    if (serial == edited) return serial;
    const std::lock_guard lock(mutex_);
    is_ahead_ = true;
    return serial;
}

void Publisher::publish_whole(State& state) {
    if (state.is_fetched) return publish_copy(state);
    auto contents = served_.changes.contents(state.name);
    if (!contents) {
        // Deleted meanwhile: that change comes next.
        if (contents.error().kind == ChangeError::Kind::NotFound) return;
        return fail(state, to_error(contents.error()), Next::Retry);
    }
    if (contents->zone.id != state.zone_id) return;  // And another one has its name.
    // The change that has it signed may come only next, and must not pass for published unsigned.
    if (contents->zone.settings.is_signed && !state.signing) {
        begin_signing(state, contents->zone.settings);
        if (state.signing) return;
    }
    const uint32_t serial = serial_for(state, contents->zone.serial, contents->zone.sequence);
    add_signals(*contents);
    auto image = is_others(state.name)
                     ? base::fail("the name is that of a catalog of this controller")
                     : build_zone(state.name, contents->rrsets, serial);
    if (!image) {
        fail(state, image.error(), Next::WaitForChange);
        const std::lock_guard lock(mutex_);
        state.tried = contents->zone.sequence;
        return;
    }
    Result<void> done;
    if (state.signing) {
        done = sign_and_replace(state, *contents, *std::move(image), serial);
    } else {
        const auto step = served_.ledger.replace(state.name, *std::move(image), {.kind = kOrigin});
        if (!step) done = std::unexpected(step.error());
    }
    if (!done) return fail(state, done.error(), Next::Retry);
    take_up(state, contents->zone.sequence, serial);
}

// What is served is the whole zone, as it was with that change.
void Publisher::take_up(State& state, uint64_t sequence, uint32_t serial) {
    const std::lock_guard lock(mutex_);
    state.serial = serial;
    state.sequence = sequence;
    state.is_served = true;
    state.is_behind = false;
    state.trouble.clear();
}

void Publisher::end(State& state) {
    const auto done = served_.ledger.withdraw(state.name);
    if (!done) {
        log::error("zone_not_withdrawn",
                   {{"zone", dns::to_text(state.name)}, {"reason", done.error().message}});
    }
    if (served_.catalogs != nullptr) served_.catalogs->remove(state.name);
    if (looks_) looks_->forget(state.zone_id);
    put_signal(state.name, {});
    if (state.is_fetched && served_.incoming != nullptr) served_.incoming->remove(state.name);
    const std::lock_guard lock(mutex_);
    state.is_served = false;
    state.is_behind = false;
    state.trouble.clear();
    state.needs_retry = false;
    state.needs_whole = false;
    set_due(state, base::Instant::max());
    if (state.signing) signed_ids_.erase(row_name(state.name));
    state.awaited.reset();
    state.signing.reset();
}

void Publisher::fail(State& state, const Error& error, Next next) {
    log::error("zone_not_published", {{"zone", dns::to_text(state.name)},
                                      {"reason", error.message},
                                      {"try", error.hint},
                                      {"next", "the last version that could be served goes on"}});
    const std::lock_guard lock(mutex_);
    state.is_behind = true;
    state.trouble = error.message;
    if (next == Next::WaitForChange) return;
    if (state.signing) {
        state.needs_whole = true;
        return set_due(state, base::now() + kRetryPause);
    }
    state.needs_retry = true;
    needs_retry_ = true;
}

}  // namespace nearcast::control
