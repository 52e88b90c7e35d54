// SPDX-License-Identifier: Apache-2.0

// The part of the publisher that has to do with what zones signal at their name servers (RFC 9615).
//
// It is of no zone's records: a zone that is made anew gets it beside those, and is made anew when
// there is something else. That takes the thread that signs.

#include <algorithm>
#include <set>

#include "control/publisher.h"
#include "control/version_sets.h"
#include "control/zone_rows.h"

namespace nearcast::control {
namespace {

using dns::RRType;

bool is_cut(RRType type) { return type == RRType::NS || type == RRType::DNAME; }

// Signals are there to get a first DS: they go when they were heeded, and do not
// ask to delete.
bool is_to_signal(const SigningStatus& status) {
    const bool has_ds =
        status.is_parent_settled ||
        (status.parent &&
         std::ranges::any_of(status.parent->sets, [](const auto& set) { return !set.empty(); }));
    return status.is_signing && status.is_asking && !status.ds.empty() && !has_ds;
}

// With what the served version has, as that is what is signed and known to be given out.
BootstrapSignal signal_in(const zone::Version& version, const dns::Name& zone) {
    BootstrapSignal signal;
    for (Rrset& set : sets_of(version, zone)) {
        if (set.type == RRType::CDS || set.type == RRType::CDNSKEY) {
            signal.sets.push_back(std::move(set));
        } else if (set.type == RRType::NS) {
            for (const RecordText& record : set.records) {
                const auto server = dns::parse_name(record.content);
                if (server) signal.servers.push_back(*server);
            }
        }
    }
    return signal;
}

}  // namespace

// Of a zone that was tended, or has other name servers.
void Publisher::note_signal(const State& state) {
    const SigningStatus status = state.signing->status();
    if (!status.trouble.empty()) return;
    if (!is_to_signal(status)) return put_signal(state.name, {});
    // No server of the parent answered: what was found before may still be so.
    if (status.parent && status.parent->sets.empty()) return;
    const auto pinned = served_.table.pin(state.name);
    if (!pinned || pinned->version().is_unavailable()) return;
    BootstrapSignal signal = signal_in(pinned->version(), state.name);
    signal.account = status.account;
    put_signal(state.name, signal);
}

// The zone that a name is in may have it from now on.
void Publisher::put_signal(const dns::Name& zone, const BootstrapSignal& signal) {
    const std::vector<dns::Name> touched = signals_.put(zone, signal);
    const std::lock_guard lock(mutex_);
    for (const dns::Name& name : touched) {
        for (dns::Name apex = name.parent(); !apex.is_root(); apex = apex.parent()) {
            const auto found = signed_ids_.find(row_name(apex));
            if (found == signed_ids_.end()) continue;
            State& host = states_.at(found->second);
            if (host.is_fetched) break;  // It has what its primary has.
            host.needs_whole = true;
            set_due(host, std::min(host.due_at, base::now() + kSignalPause));
            break;
        }
    }
}

// Into a zone that is signed, where its own records leave them room: nothing below a cut, nor what
// another zone here has.
void Publisher::add_signals(ChangeLog::Contents& contents) {
    const Zone& zone = contents.zone;
    if (!signing_ || !zone.settings.is_signed) return;
    std::vector<Rrset> signals = signals_.below(zone.name, zone.settings.account);
    if (signals.empty()) return;
    std::set<std::string> taken;
    std::set<std::string> cuts;
    for (const Rrset& set : contents.rrsets) {
        taken.insert(row_name(set.owner));
        const bool is_apex = set.owner == zone.name;
        if (is_cut(set.type) && !(is_apex && set.type == RRType::NS)) {
            cuts.insert(row_name(set.owner));
        }
    }
    const auto has_no_room = [&](const Rrset& set) {
        if (taken.contains(row_name(set.owner)) || cuts.contains(row_name(zone.name))) return true;
        for (dns::Name at = set.owner; at != zone.name; at = at.parent()) {
            if (cuts.contains(row_name(at)) || served_.table.pin(at)) return true;
        }
        return false;
    };
    std::erase_if(signals, has_no_room);
    contents.rrsets.insert(contents.rrsets.end(), signals.begin(), signals.end());
}

// Whether there may be other room for them after the change.
bool Publisher::touches_signals(const Change& change) const {
    return std::ranges::any_of(change.diff.rrsets, [&](const RrsetChange& each) {
        const Rrset& set = each.either();
        if (is_signalling_name(set.owner)) return true;
        const bool is_cut_there = is_cut(set.type) && set.owner != change.zone;
        return is_cut_there && !signals_.below(set.owner, {}).empty();
    });
}

}  // namespace nearcast::control
