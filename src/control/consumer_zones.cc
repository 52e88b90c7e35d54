// SPDX-License-Identifier: Apache-2.0

#include "control/consumer_zones.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/log.h"
#include "base/side_by_side.h"
#include "control/zone_rows.h"

namespace nearcast::control {
namespace {

namespace log = base::log;
using Kind = ChangeError::Kind;

constexpr const char* kActor = "catalog";
// They wait for the disk together. A thread for each so many steps.
constexpr size_t kStepsOfThread = 4;

std::string label_text(const std::string& label) {
    dns::Name name;
    (void)name.append(label);
    return dns::to_text(name);
}

ZoneSettings settings_of(const Zone& consumer, const transfer::CatalogMember& member) {
    ZoneSettings settings;
    settings.kind = ZoneKind::Slave;
    settings.account = consumer.settings.account;
    settings.masters = consumer.settings.masters;
    settings.primary_key = consumer.settings.primary_key;
    settings.catalog = row_name(consumer.name);
    settings.catalog_label = label_text(member.label);
    return settings;
}

// What a person chose for the zone beside that stays.
ZoneSettings adjusted(ZoneSettings settings, const ZoneSettings& wanted) {
    settings.account = wanted.account;
    settings.masters = wanted.masters;
    settings.primary_key = wanted.primary_key;
    return settings;
}

SettingsEdit edit_of(const ZoneSettings& settings) {
    SettingsEdit edit;
    edit.account = settings.account;
    edit.masters = settings.masters;
    edit.primary_key = settings.primary_key;
    return edit;
}

// Whether it would come to the same if it was tried again soon.
bool is_settled(const Outcome<Committed>& done) {
    return done || (done.error().kind != Kind::Unavailable && done.error().kind != Kind::TooFast);
}

void log_ignored(const Zone& consumer, const std::string& reason) {
    log::warning("catalog_member_ignored",
                 {{"catalog", dns::to_text(consumer.name)}, {"reason", reason}});
}

}  // namespace

std::vector<MemberStep> plan_members(const Zone& consumer,
                                     const std::vector<transfer::CatalogMember>& listed,
                                     const std::vector<Zone>& ours) {
    std::map<std::string, const Zone*> present;
    for (const Zone& zone : ours) {
        if (zone.settings.kind == ZoneKind::Slave) present.emplace(row_name(zone.name), &zone);
    }
    std::vector<MemberStep> steps;
    for (const transfer::CatalogMember& member : listed) {
        ZoneSettings wanted = settings_of(consumer, member);
        const auto found = present.find(row_name(member.zone));
        if (found == present.end()) {
            steps.push_back({MemberStep::Kind::Make, member.zone, std::move(wanted)});
            continue;
        }
        const ZoneSettings& has = found->second->settings;
        present.erase(found);
        if (has.catalog_label != wanted.catalog_label) {
            steps.push_back({MemberStep::Kind::Remake, member.zone, std::move(wanted)});
        } else if (ZoneSettings next = adjusted(has, wanted); next != has) {
            steps.push_back({MemberStep::Kind::Adjust, member.zone, std::move(next)});
        }
    }
    for (const auto& [name, zone] : present) {
        steps.push_back({MemberStep::Kind::End, zone->name, {}});
    }
    return steps;
}

ConsumerZones::ConsumerZones(Parts parts) : parts_(std::move(parts)) {
    thread_ = std::thread([this] { run(); });
}

void ConsumerZones::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void ConsumerZones::note(const std::vector<Change>& changes) {
    const bool is_of_catalog = std::ranges::any_of(
        changes, [this](const Change& change) { return parts_.catalogs.has(change.zone); });
    if (!is_of_catalog) return;
    {
        const std::lock_guard lock(mutex_);
        is_wanted_ = true;
    }
    wake_.notify_all();
}

void ConsumerZones::take_lead() {
    {
        const std::lock_guard lock(mutex_);
        is_wanted_ = is_new_lead_ = true;
    }
    wake_.notify_all();
}

void ConsumerZones::run() {
    bool needs_retry = false;
    std::unique_lock lock(mutex_);
    for (;;) {
        const auto is_called = [this] { return is_stopping_ || is_wanted_; };
        if (needs_retry) {
            wake_.wait_for(lock, kRetryPause, is_called);
        } else {
            wake_.wait(lock, is_called);
        }
        if (is_stopping_) return;
        is_wanted_ = false;
        if (std::exchange(is_new_lead_, false)) followed_.clear();
        lock.unlock();
        needs_retry = false;
        zone::LiveNames::Seen catalogs;
        (void)parts_.catalogs.refresh(catalogs);
        for (const dns::Name& catalog : *catalogs.names) {
            if (!follow(catalog)) needs_retry = true;
        }
        lock.lock();
    }
}

bool ConsumerZones::follow(const dns::Name& catalog) {
    if (parts_.leads && !parts_.leads()) return true;
    const auto consumer = parts_.changes.zone(catalog);
    if (!consumer) return consumer.error().kind == Kind::NotFound;
    uint64_t& followed = followed_[row_name(catalog)];
    if (consumer->settings.kind != ZoneKind::Consumer || followed == consumer->sequence) {
        return true;
    }
    // One that is out of date says nothing: its zones go on until they expire themselves.
    const auto copy = parts_.incoming.pin(catalog, consumer->id);
    if (!copy) return true;
    const auto listed = transfer::read_catalog(copy->version());
    if (!listed) {
        log::error("catalog_broken", {{"catalog", dns::to_text(catalog)},
                                      {"reason", listed.error().message},
                                      {"try", listed.error().hint}});
        followed = consumer->sequence;
        return true;
    }
    for (const std::string& what : listed->ignored) log_ignored(*consumer, what);
    std::vector<Zone> ours;
    const auto read = parts_.database.read([&](Session& session) {
        return zones_of_catalog(session, row_name(catalog),
                                [&](const Zone& zone) { ours.push_back(zone); });
    });
    if (!read) return false;
    const auto steps = plan_members(*consumer, listed->members, ours);
    std::atomic<bool> is_done = true;
    base::side_by_side(steps.size(), kStepsOfThread, [&](size_t i) {
        if (!carry_out(*consumer, steps[i])) is_done = false;
    });
    if (is_done) followed = consumer->sequence;
    log::info("catalog_followed", {{"catalog", dns::to_text(catalog)},
                                   {"serial", std::to_string(copy->version().serial())},
                                   {"changes", std::to_string(steps.size())},
                                   {"zones", std::to_string(listed->members.size())}});
    return is_done;
}

bool ConsumerZones::carry_out(const Zone& consumer, const MemberStep& step) {
    Intent intent;
    intent.actor = {.name = kActor, .tenant = consumer.settings.account};
    intent.comment = dns::to_text(consumer.name);
    using Step = MemberStep::Kind;
    if (step.kind == Step::Adjust) {
        return is_settled(
            parts_.changes.update_settings(step.zone, edit_of(step.settings), intent));
    }
    if (step.kind == Step::Remake || step.kind == Step::End) {
        const auto gone = parts_.changes.delete_zone(step.zone, intent);
        if (!gone || step.kind == Step::End) return is_settled(gone);
    }
    if (parts_.is_others && parts_.is_others(step.zone)) {
        log_ignored(consumer, dns::to_text(step.zone) + " is a catalog of this controller");
        return true;
    }
    const auto made = parts_.changes.create_zone({.name = step.zone.lowered(),
                                                  .settings = step.settings,
                                                  .rrsets = {},
                                                  .nameservers = {},
                                                  .intent = intent});
    if (!made && is_settled(made)) {
        log_ignored(consumer, dns::to_text(step.zone) + ": " + made.error().message);
    }
    return is_settled(made);
}

}  // namespace nearcast::control
