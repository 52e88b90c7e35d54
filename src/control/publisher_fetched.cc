// SPDX-License-Identifier: Apache-2.0

// The part of the publisher that has to do with zones that are fetched from primaries.
//
// What is published of one is made of its copy as that is, whichever change has told of it: so a
// change that was told late, or twice, does no harm.

#include <utility>

#include "base/log.h"
#include "control/publisher.h"
#include "control/version_sets.h"
#include "zone/apply.h"

namespace nearcast::control {

using base::Result;

// A zone is fetched from its beginning to its end, or never: who has the state may read that.
void Publisher::fetch_as_told(State& state, const Zone& zone) {
    if (!is_fetched(zone.settings.kind) || served_.incoming == nullptr) return;
    {
        const std::lock_guard lock(mutex_);
        if (!state.is_fetched) state.is_fetched = true;
    }
    served_.incoming->put(zone);
}

// Also of a change that is in what is served: that has its records alone. Whoever has the state.
void Publisher::heed_primaries(State& state, const Change& change) {
    if (change.diff.settings_after) {
        fetch_as_told(state, {.id = state.zone_id,
                              .name = state.name,
                              .settings = *change.diff.settings_after,
                              .serial = change.new_serial});
    }
    if (change.kind == ChangeKind::Transfer && served_.incoming != nullptr) {
        served_.incoming->heed(change);
    }
}

// Whether what was published with the zone's last change is made of the copy that is there.
bool Publisher::is_copy_of(const State& state, const Zone& zone) {
    const auto copy = served_.incoming->pin(state.name, state.zone_id);
    return copy && copy->version().serial() == zone.serial;
}

void Publisher::follow_copy(State& state, const Change& change) {
    const bool is_current = state.is_served && !state.is_behind;
    if (!is_current || change.kind == ChangeKind::Transfer) return publish_copy(state);
    const std::lock_guard lock(mutex_);
    state.sequence = change.sequence;
}

void Publisher::renew(int64_t zone_id) {
    {
        const std::lock_guard lock(mutex_);
        const auto found = states_.find(zone_id);
        if (found == states_.end() || !found->second.is_fetched) return;
        State& state = found->second;
        if (state.signing) {
            state.needs_whole = true;
            set_due(state, base::now());
            return;
        }
        state.needs_retry = needs_retry_ = has_renewals_ = true;
    }
    wake_.notify_all();
}

void Publisher::note_cut(int64_t zone_id) {
    const std::lock_guard lock(mutex_);
    const auto found = states_.find(zone_id);
    if (found != states_.end()) found->second.is_cut = true;
}

// One that was served and has no data any more is told so: SERVFAIL. One that never had any is not
// served yet.
void Publisher::publish_copy(State& state) {
    const auto zone = served_.changes.zone(state.name);
    if (!zone) {
        if (zone.error().kind == ChangeError::Kind::NotFound) return;  // That change comes next.
        return fail(state, {zone.error().message}, Next::Retry);
    }
    if (zone->id != state.zone_id) return;
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(state.is_cut, false)) state.made = Made::Unknown;
    }
    const auto copy = served_.incoming->pin(state.name, state.zone_id);
    Result<void> done;
    if (!copy) {
        if (served_.ledger.state(state.name)) served_.ledger.make_unavailable(state.name);
        state.made = Made::Unknown;
    } else if (is_others(state.name)) {
        done = base::fail("the name is that of a catalog of this controller");
    } else {
        done = state.signing ? sign_copy(state, *zone, copy->version())
                             : pass_on(state, copy->version());
    }
    if (!done) return fail(state, done.error(), Next::Retry);
    const std::lock_guard lock(mutex_);
    state.sequence = zone->sequence;
    state.is_served = copy.has_value();
    state.is_behind = false;
    state.trouble.clear();
}

// Bit by bit, with the serial that the primary gave it.
Result<void> Publisher::pass_on(State& state, const zone::Version& copy) {
    if (state.made == Made::Copied && pass_on_changes(state, copy)) return {};
    state.made = Made::Unknown;
    auto image = zone::fold(copy);
    if (!image) return std::unexpected(image.error());
    const auto step = served_.ledger.replace(state.name, *std::move(image), {.kind = kOrigin});
    if (!step) return std::unexpected(step.error());
    state.made = Made::Copied;
    const std::lock_guard lock(mutex_);
    state.serial = copy.serial();
    return {};
}

// False when there is no way from what is served to the copy but all of it.
bool Publisher::pass_on_changes(State& state, const zone::Version& copy) {
    uint32_t serial = 0;
    {
        const auto served = served_.table.pin(state.name);
        if (!served || served->version().is_unavailable()) return false;
        serial = served->version().serial();
    }
    if (serial == copy.serial()) return false;  // Under it there may be other records now.
    const auto changes = served_.incoming->changes_since(state.name, serial);
    if (!changes) return false;
    for (const zone::Changeset& each : *changes) {
        if (!served_.ledger.apply(state.name, each)) return false;
        const std::lock_guard lock(mutex_);
        state.serial = each.to_serial();
    }
    return true;
}

// The serial is the primary's, as long as it is later than all that were served: signatures are
// renewed in between, and each time it moves on.
Result<void> Publisher::sign_copy(State& state, const Zone& zone, const zone::Version& copy) {
    auto image = zone::fold(copy);
    if (!image) return std::unexpected(image.error());
    const ChangeLog::Contents contents{zone, sets_of(copy, state.name)};
    const uint32_t serial = serial_for(state, copy.serial(), zone.sequence);
    auto done = sign_and_replace(state, contents, *std::move(image), serial);
    if (!done) return done;
    const bool is_signing = state.signing->is_signing();
    state.made = is_signing ? Made::Signed : Made::Copied;
    const std::lock_guard lock(mutex_);
    state.serial = is_signing ? serial : copy.serial();
    return {};
}

}  // namespace nearcast::control
