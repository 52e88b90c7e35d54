// SPDX-License-Identifier: Apache-2.0

// The part of the publisher that has to do with signed zones.
//
// A state is claimed by the thread that works on it. What is too long for the thread that publishes
// is left to the one that signs: needs_whole is set, and the state is due.

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "control/publisher.h"
#include "control/version_sets.h"
#include "control/zone_build.h"
#include "control/zone_rows.h"
#include "zone/difference.h"

namespace nearcast::control {
namespace {

using base::Result;
namespace log = base::log;

bool says_how_to_sign(const Diff& diff) {
    if (!diff.settings_before || !diff.settings_after) return true;
    const ZoneSettings& before = *diff.settings_before;
    const ZoneSettings& after = *diff.settings_after;
    return before.is_signed != after.is_signed || before.nsec3param != after.nsec3param ||
           before.signing != after.signing || before.account != after.account;
}

}  // namespace

// --- Which zones are signed ---

void Publisher::start_signing() {
    if (signing_->parent != nullptr) {
        looks_ = std::make_unique<ParentLooks>(
            *signing_->parent,
            [this](int64_t zone_id, const auto& answers) { take_answers(zone_id, answers); });
    }
    signing_thread_ = std::thread([this] { run_signing(); });
}

Result<void> Publisher::learn_who_is_signed() {
    return signing_ ? follow_signing() : Result<void>();
}

// Also what this controller has saved itself: there is nothing to be done then.
Result<void> Publisher::follow_signing() {
    if (!signing_) return {};
    const auto steps = signing_->keys.steps_since(signing_step_);
    if (!steps) return std::unexpected(steps.error());
    signing_step_ = steps->last;
    const std::lock_guard lock(mutex_);
    for (const std::string& zone : steps->zones) {
        was_signed_.insert(zone);
        const auto found = signed_ids_.find(zone);
        if (found != signed_ids_.end()) set_due(states_.at(found->second), base::now());
    }
    return {};
}

// A zone that is unsigned may have been signed, and its parent still say so.
void Publisher::begin_signing(State& state, const ZoneSettings& settings) {
    if (!signing_ || state.signing) return;
    const std::string name = row_name(state.name);
    if (!settings.is_signed && !was_signed_.contains(name)) return;
    const std::lock_guard lock(mutex_);
    state.signing = std::make_shared<ZoneSigning>(state.name, signing_->zones);
    signed_ids_[name] = state.zone_id;
    state.needs_whole = true;
    set_due(state, base::now());
}

// Of a zone whose last version is served again.
void Publisher::resume_signing(State& state, const ZoneSettings& settings) {
    state.made = state.signing ? Made::Unknown : Made::Copied;
    if (!state.signing) return;
    std::vector<Rrset> apex;
    if (state.is_fetched) {
        const auto copy = served_.incoming->pin(state.name, state.zone_id);
        if (!copy) return;
        state.made = settings.is_signed ? Made::Signed : Made::Copied;
        apex = sets_of(copy->version(), state.name);
    } else {
        auto contents = served_.changes.contents(state.name, {.owner = state.name});
        if (!contents) return;  // It is made anew, which tells what is wrong.
        apex = std::move(contents->rrsets);
    }
    if (!state.signing->set(settings, apex)) return;
    const auto pinned = served_.table.pin(state.name);
    const bool has_signals = pinned && shows_signals(pinned->version());
    const std::lock_guard lock(mutex_);
    // Of other zones, that may have gone since.
    state.needs_whole = has_signals;
    if (has_signals) set_due(state, base::now() + kSignalPause);
}

// --- Who has a state ---

bool Publisher::claim(State& state, bool must_wait) {
    std::unique_lock lock(mutex_);
    // Who has one that is not signed, or no more, is about to let it go, and would not come back.
    if (must_wait || !state.signing) settled_.wait(lock, [&state] { return !state.is_busy; });
    if (state.is_busy) {
        state.needs_whole = true;
        set_due(state, base::now());
        return false;
    }
    state.is_busy = true;
    return true;
}

void Publisher::release(State& state) {
    {
        const std::lock_guard lock(mutex_);
        state.is_busy = false;
        tell_end_of_delay(state);
    }
    settled_.notify_all();
    due_wake_.notify_all();
}

// With the mutex.
void Publisher::set_due(State& state, base::Instant at) {
    if (state.due_at != base::Instant::max()) due_.erase({state.due_at, state.zone_id});
    state.due_at = at;
    if (at == base::Instant::max()) return;
    due_.emplace(at, state.zone_id);
    due_wake_.notify_all();
}

// With the mutex. By a clock that is set signatures may end now, or not hold yet.
void Publisher::look_at_clock(base::Instant now) {
    using std::chrono::seconds;
    const auto lead = seconds(signing_->zones.now()) -
                      std::chrono::duration_cast<seconds>(now.time_since_epoch());
    const auto step = lead - clock_lead_.value_or(lead);
    clock_lead_ = lead;
    if (std::chrono::abs(step) < kClockStep) return;
    log::warning("clock_set", {{"seconds", std::to_string(step.count())},
                               {"next", "the signatures of every zone are looked at"}});
    for (const auto& [zone, zone_id] : signed_ids_) set_due(states_.at(zone_id), now);
}

// --- The thread that publishes ---

void Publisher::publish_signed(State& state, const Change& change) {
    const bool is_current = state.is_served && !state.is_behind && !state.needs_whole;
    const bool is_to_sign = change.kind == ChangeKind::Records || says_how_to_sign(change.diff);
    if (is_current && !is_to_sign) {
        const std::lock_guard lock(mutex_);
        state.sequence = change.sequence;
        return;
    }
    const bool is_plain = change.kind == ChangeKind::Records && !touches_signals(change);
    if (is_current && is_plain && apply_signed(state, change)) return;
    const std::lock_guard lock(mutex_);
    state.needs_whole = true;
    set_due(state, base::now());
}

bool Publisher::apply_signed(State& state, const Change& change) {
    ZoneSigning& signing = *state.signing;
    const auto pinned = served_.table.pin(state.name);
    if (!pinned || !signing.is_signing() || !is_signed(pinned->version())) return false;
    const uint32_t serial = serial_for(state, change.new_serial, change.sequence);
    const auto edits = build_changes(state.name, pinned->version(), change.diff.rrsets, serial);
    if (!edits || signing.is_to_be_tended(*edits)) return false;
    const auto changes = signing.sign(pinned->version(), *edits, serial, signing::Renewal::Touched);
    if (!changes || !served_.ledger.apply(state.name, *changes)) return false;
    note_signal(state);  // At other name servers, perhaps.
    const std::lock_guard lock(mutex_);
    state.serial = serial;
    state.sequence = change.sequence;
    return true;
}

// --- Whole zones ---

Result<void> Publisher::sign_and_replace(State& state, const ChangeLog::Contents& contents,
                                         zone::ImageBlock image, uint32_t serial) {
    ZoneSigning& signing = *state.signing;
    if (auto done = signing.set(contents.zone.settings, contents.rrsets); !done) return done;
    const zone::Version unsigned_zone(image.image());
    const bool is_new = state.serial == 0 && !served_.ledger.state(state.name);
    if (auto tended = signing.tend(unsigned_zone, is_new); !tended) {
        return std::unexpected(tended.error());
    }
    if (signing.is_signing()) {
        // What is signed already stays so, where it still fits.
        const auto pinned = served_.table.pin(state.name);
        const bool is_ours = !state.is_fetched || state.made == Made::Signed;
        if (pinned && is_ours && is_signed(pinned->version())) {
            const auto edits = zone::difference(pinned->version(), unsigned_zone);
            const auto changes =
                signing.sign(pinned->version(), edits, serial, signing::Renewal::All);
            if (changes && served_.ledger.apply(state.name, *changes)) return signing.published();
        }
        auto made = signing.sign(unsigned_zone, serial);
        if (!made) return std::unexpected(made.error());
        image = *std::move(made);
    }
    const auto step = served_.ledger.replace(state.name, std::move(image), {.kind = kOrigin});
    return step ? signing.published() : std::unexpected(step.error());
}

// --- The thread that signs ---

void Publisher::run_signing() {
    for (;;) {
        const std::vector<State*> states = take_due();
        if (states.empty()) return;
        side_by_side(states.size(), [&](size_t i) { tend(*states[i]); });
    }
}

// Claims those that are due; waits for the first. None once the publisher stops.
std::vector<Publisher::State*> Publisher::take_due() {
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        const base::Instant now = base::now();
        look_at_clock(now);
        base::Instant next = now + kClockPause;
        std::vector<State*> states;
        for (const auto& [at, zone_id] : due_) {
            State& state = states_.at(zone_id);
            if (state.is_busy) continue;  // Who has it will tell.
            if (at > now || states.size() == kTendedMax) {
                next = std::min(next, at);
                break;
            }
            states.push_back(&state);
        }
        for (State* const state : states) {
            state->is_busy = true;
            set_due(*state, base::Instant::max());
        }
        if (!states.empty()) return states;
        due_wake_.wait_until(lock, next);
    }
    return {};
}

void Publisher::tend(State& state) {
    bool is_whole = false;
    {
        const std::lock_guard lock(mutex_);
        is_whole = std::exchange(state.needs_whole, false) || !state.is_served;
    }
    if (state.signing) {
        if (is_whole || !tend_served(state)) publish_whole(state);
        settle(state);
    }
    release(state);
}

// False when the zone must be made anew.
bool Publisher::tend_served(State& state) {
    ZoneSigning& signing = *state.signing;
    const auto pinned = served_.table.pin(state.name);
    if (!pinned || pinned->version().is_unavailable()) return false;
    const auto tended = signing.tend(pinned->version(), false);
    if (!tended) {
        log::error("signing_delayed", {{"zone", dns::to_text(state.name)},
                                       {"reason", tended.error().message},
                                       {"try", tended.error().hint},
                                       {"next", "it is tried again"}});
        return true;
    }
    if (!*tended) return true;
    if (!signing.is_signing() || !is_signed(pinned->version())) return false;
    const uint32_t serial = serial_for(state, state.serial, state.sequence);
    const auto changes = signing.sign(pinned->version(), {}, serial, signing::Renewal::All);
    if (!changes || !served_.ledger.apply(state.name, *changes)) return false;
    {
        const std::lock_guard lock(mutex_);
        state.serial = serial;
    }
    if (const auto done = signing.published(); !done) {
        log::error("signing_not_kept", {{"zone", dns::to_text(state.name)},
                                        {"reason", done.error().message},
                                        {"next", "it is done again"}});
    }
    return true;
}

// What is served now has all that was given out before, so it is enough that all have this.
void Publisher::await_servers(State& state) {
    const auto unconfirmed = state.signing->unconfirmed();
    if (!servers_.versions || !leads() || !unconfirmed) return;
    const uint64_t versions = servers_.versions();
    const std::lock_guard lock(mutex_);
    if (state.awaited == unconfirmed || state.needs_whole || state.is_behind) return;
    awaiting_.erase({state.awaited_versions, state.zone_id});
    state.awaited = unconfirmed;
    state.awaited_versions = versions;
    awaiting_.emplace(versions, state.zone_id);
}

void Publisher::look_at_servers() {
    const auto everywhere = servers_.everywhere();
    if (!everywhere) return;
    const std::lock_guard lock(mutex_);
    for (auto each = awaiting_.begin(); each != awaiting_.end() && each->first <= *everywhere;) {
        State& state = states_.at(each->second);
        const bool is_over = !state.signing || !state.awaited;
        if (!is_over && servers_.is_doubtful(state.name)) {
            ++each;
            continue;
        }
        if (!is_over) {
            state.signing->confirm(*state.awaited);
            set_due(state, base::now());
        }
        each = awaiting_.erase(each);
    }
}

void Publisher::settle(State& state) {
    await_servers(state);
    note_signal(state);
    const std::shared_ptr<ZoneSigning> signing = state.signing;
    const bool is_over = signing->is_over();
    if (looks_ && is_over) looks_->forget(state.zone_id);
    if (looks_ && !is_over && leads()) {
        // Those that are settled are spread over a day, so that a start asks nobody too much.
        const int64_t pauses = signing->awaits_parent() ? 1 : 1 + state.zone_id % kSeldom;
        looks_->ask(state.zone_id, state.name, base::now() + pauses * signing_->parent_pause);
    }
    const std::chrono::seconds pause(signing->due_at() - signing_->zones.now());
    if (!signing->status().trouble.empty() || pause > std::chrono::seconds(1)) signing->rest();

    const std::lock_guard lock(mutex_);
    unremembered_.insert(state.zone_id);
    remember_soon();
    wake_.notify_all();
    if (is_over && !state.needs_whole) {
        signed_ids_.erase(row_name(state.name));
        state.signing.reset();
        return;
    }
    // What could not be made has told no time.
    const std::chrono::seconds pause_min = state.is_served ? std::chrono::seconds(0) : kRetryPause;
    const base::Instant at = base::now() + std::max(pause, pause_min);
    set_due(state, std::min(at, state.due_at));
}

void Publisher::take_answers(int64_t zone_id, const std::optional<ParentAnswers>& answers) {
    const std::lock_guard lock(mutex_);
    const auto found = states_.find(zone_id);
    if (found == states_.end() || !found->second.signing) return;
    if (answers) found->second.signing->take(*answers);
    set_due(found->second, base::now());
}

// --- Others ---

std::optional<SigningStatus> Publisher::signing_status(int64_t zone_id) const {
    const std::lock_guard lock(mutex_);
    const auto found = states_.find(zone_id);
    if (found == states_.end() || !found->second.signing) return std::nullopt;
    return found->second.signing->status();
}

std::optional<base::Error> Publisher::key_refusal(const ZoneSettings& settings) const {
    if (!signing_) return std::nullopt;
    const auto wanted = signing_settings_of(settings, signing_->zones.usual);
    if (!wanted) return wanted.error();
    return dnssec::refusal_by(signing_->zones.signer.token, wanted->algorithm);
}

bool Publisher::wait_for(int64_t zone_id, uint64_t sequence, std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return settled_.wait_for(lock, limit, [&] {
        if (is_stopping_) return true;
        const auto found = states_.find(zone_id);
        if (found == states_.end()) return false;
        const State& state = found->second;
        const uint64_t taken = std::max(state.sequence, state.tried);
        return taken >= sequence && !state.is_busy && !state.needs_whole;
    });
}

bool Publisher::wait_for_step(int64_t zone_id, uint64_t sequence, std::chrono::milliseconds limit) {
    const base::Instant deadline = base::now() + limit;
    if (!wait_for(zone_id, sequence, limit)) return false;
    std::unique_lock lock(mutex_);
    const auto found = states_.find(zone_id);
    if (found == states_.end() || !found->second.signing || leads()) return true;
    State& state = found->second;
    const std::shared_ptr<ZoneSigning> signing = state.signing;
    signing->ask();
    set_due(state, base::now());
    return settled_.wait_until(
        lock, deadline, [&] { return is_stopping_ || (!signing->is_asked() && !state.is_busy); });
}

bool Publisher::replace_key(int64_t zone_id, signing::KeyRole role,
                            std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    const auto found = states_.find(zone_id);
    if (found == states_.end() || !found->second.signing) return false;
    State& state = found->second;
    const std::shared_ptr<ZoneSigning> signing = state.signing;
    signing->replace(role);
    set_due(state, base::now());
    return settled_.wait_for(
        lock, limit, [&] { return is_stopping_ || (!signing->is_to_replace() && !state.is_busy); });
}

void Publisher::tend_soon(int64_t zone_id) {
    const std::lock_guard lock(mutex_);
    const auto found = states_.find(zone_id);
    if (found == states_.end() || !found->second.signing) return;
    found->second.signing->ask();
    set_due(found->second, base::now());
    if (looks_) looks_->ask(zone_id, found->second.name, base::now());
}

void Publisher::take_lead() {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, zone_id] : signed_ids_) set_due(states_.at(zone_id), base::now());
}

}  // namespace nearcast::control
