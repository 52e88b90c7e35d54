// SPDX-License-Identifier: Apache-2.0

#include "transfer/catalogs.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "dns/serial.h"

namespace nearcast::transfer {
namespace {

using base::Result;
namespace log = base::log;

std::vector<dns::Name> names_of(const std::vector<FollowedCatalog>& catalogs) {
    std::vector<dns::Name> names;
    for (const FollowedCatalog& each : catalogs) names.push_back(each.catalog.zone);
    return names;
}

bool is_any(const std::vector<NamePattern>& patterns, const dns::Name& zone) {
    return std::ranges::any_of(
        patterns, [&zone](const NamePattern& pattern) { return pattern.holds_for(zone); });
}

zone::RecordView view_of(const dns::Record& record) {
    return {record.owner.wire(), record.type, record.ttl, record.rdata};
}

bool is_in(const std::vector<dns::Record>& list, const dns::Record& record) {
    return std::ranges::any_of(list, [&record](const dns::Record& other) {
        return other.type == record.type && other.owner == record.owner &&
               other.rdata == record.rdata;
    });
}

// None for a member that is not there.
Result<std::vector<dns::Record>> records_of(const dns::Name& catalog,
                                            const std::optional<CatalogMember>& member) {
    if (!member) return std::vector<dns::Record>();
    return member_records(catalog, *member);
}

// The serial of a catalog that nobody has seen yet, or may have gone on with from what we know of
// it: after a loss of everything, or a restored backup, it is later than the one before (RFC 1982),
// unless there were changes every second.
uint32_t first_serial() { return static_cast<uint32_t>(::time(nullptr)); }

}  // namespace

Catalogs::Catalogs(const TransferConfig& config, zone::ZoneTable& table, zone::ZoneLedger& ledger,
                   SecondaryZones& secondaries, const zone::LiveNames* private_zones)
    : config_(config),
      table_(table),
      ledger_(ledger),
      secondaries_(secondaries),
      private_zones_(private_zones),
      names_(config.catalogs()),
      membership_(names_of(config.followed_catalogs),
                  [this](const dns::Name& zone) { return table_.pin(zone).has_value(); }),
      followed_(config.followed_catalogs.size()),
      taken_(config.followed_catalogs.size()) {
    for (const PublishedCatalog& each : config.published_catalogs) {
        published_.push_back({.config = each, .members = {}, .differences = {}});
    }
}

void Catalogs::start(Hooks hooks) {
    hooks_ = std::move(hooks);
    for (const FollowedCatalog& each : config_.followed_catalogs) secondaries_.add(each.catalog);
    if (!names_.empty()) thread_ = std::thread([this] { run(); });
}

void Catalogs::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Catalogs::note(const dns::Name& zone) {
    if (names_.empty()) return;
    {
        const std::lock_guard lock(mutex_);
        noted_.emplace(dns::key_of(zone), zone);
        ++notes_;
    }
    wake_.notify_one();
}

bool Catalogs::is_kept_otherwise(const dns::Name& zone) {
    const std::string key = dns::key_of(zone);
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(taken_, [&key](const auto& of_one) { return of_one.contains(key); });
}

void Catalogs::look_again() {
    const auto is_free = [this](const auto& item) { return !table_.pin(item.second).has_value(); };
    {
        const std::lock_guard lock(mutex_);
        for (size_t i = 0; i < taken_.size(); ++i) {
            if (std::ranges::none_of(taken_[i], is_free)) continue;
            const dns::Name& catalog = config_.followed_catalogs[i].catalog.zone;
            noted_.emplace(dns::key_of(catalog), catalog);
        }
    }
    wake_.notify_one();
}

uint64_t Catalogs::notes() {
    const std::lock_guard lock(mutex_);
    return notes_;
}

void Catalogs::mark(uint64_t mark, std::optional<uint32_t> serial) {
    {
        const std::lock_guard lock(mutex_);
        mark_ = mark;
        mark_serial_ = serial;
        is_marked_ = true;
    }
    wake_.notify_one();
}

void Catalogs::run() {
    for (size_t i = 0; i < config_.followed_catalogs.size(); ++i) follow(i);
    {
        const std::lock_guard lock(mutex_);
        serial_ = mark_serial_;
    }
    for (Published& catalog : published_) {
        restore(catalog);
        for (const zone::StoredZone& zone : ledger_.states()) list(catalog, zone.apex);
        publish(catalog);
    }
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        wake_.wait(lock, [this] { return is_stopping_ || !noted_.empty() || is_marked_; });
        wake_.wait_for(lock, kCoalesce, [this] { return is_stopping_; });
        const auto noted = std::exchange(noted_, {});
        const uint64_t mark = mark_;
        const uint64_t notes = notes_;
        serial_ = mark_serial_;
        is_marked_ = false;
        lock.unlock();
        for (const auto& [key, zone] : noted) take(zone);
        for (Published& catalog : published_) publish(catalog);
        if (hooks_.marked) tell_mark(mark, notes);
        lock.lock();
    }
}

void Catalogs::tell_mark(uint64_t mark, uint64_t notes) {
    for (const Published& catalog : published_) {
        const auto pinned = table_.pin(catalog.config.zone);
        const bool is_served = pinned && !pinned->version().is_unavailable();
        // One that could not be published has a difference still: it does not bear the mark yet.
        if (!is_served || !catalog.differences.empty()) continue;
        hooks_.marked({.catalog = catalog.config.zone,
                       .serial = pinned->version().serial(),
                       .mark = mark,
                       .notes = notes});
    }
}

void Catalogs::take(const dns::Name& zone) {
    for (size_t i = 0; i < config_.followed_catalogs.size(); ++i) {
        if (config_.followed_catalogs[i].catalog.zone == zone) return follow(i);
    }
    for (Published& catalog : published_) list(catalog, zone);
}

// --- What others list ---

std::optional<CatalogMembership::Change> Catalogs::follow_changes(size_t number,
                                                                  const zone::Version& version) {
    const auto& followed = followed_[number];
    if (!followed) return std::nullopt;
    const dns::Name& name = config_.followed_catalogs[number].catalog.zone;
    // They lead to this version, or to a later one by now.
    const auto changes = ledger_.changes_after(name, *followed);
    if (!changes) return std::nullopt;
    const auto difference = read_difference(version, *changes);
    return difference ? membership_.update(number, *difference) : std::nullopt;
}

std::optional<CatalogMembership::Change> Catalogs::follow_whole(size_t number,
                                                                const zone::Version& version) {
    const std::string name = dns::to_text(config_.followed_catalogs[number].catalog.zone);
    auto catalog = read_catalog(version);
    if (!catalog) {
        log::error("catalog_broken", {{"catalog", name},
                                      {"reason", catalog.error().message},
                                      {"try", catalog.error().hint}});
        return std::nullopt;
    }
    auto change = membership_.update(number, catalog->members);
    change.ignored.insert(change.ignored.begin(), catalog->ignored.begin(), catalog->ignored.end());
    return change;
}

void Catalogs::follow(size_t number) {
    const dns::Name& name = config_.followed_catalogs[number].catalog.zone;
    const auto served = ledger_.pin(name);
    // One that is out of date says nothing: its zones go on until they expire themselves.
    if (!served) return;
    const zone::Version version = served->pinned.version();
    const uint32_t serial = version.serial();
    auto change = follow_changes(number, version);
    if (!change) change = follow_whole(number, version);
    followed_[number].reset();
    if (!change) return;
    // What is ignored now may be taken with any later version, whatever that changes.
    if (change->ignored.empty()) followed_[number] = served->number;
    std::map<std::string, dns::Name> taken;
    for (const dns::Name& zone : change->taken) taken.emplace(dns::key_of(zone), zone);
    {
        const std::lock_guard lock(mutex_);
        taken_[number] = std::move(taken);
    }
    for (const std::string& what : change->ignored) {
        log::warning("catalog_member_ignored", {{"catalog", dns::to_text(name)}, {"reason", what}});
    }
    ServedReporter* const reporter = reporter_of(name);
    if (reporter != nullptr) reporter->begin(serial, served->number);
    for (const MemberAction& action : change->actions) carry_out(action, reporter);
    if (reporter != nullptr) reporter->finish();
    log::info("catalog_followed", {{"catalog", dns::to_text(name)},
                                   {"serial", std::to_string(serial)},
                                   {"changes", std::to_string(change->actions.size())},
                                   {"zones", std::to_string(membership_.size())}});
}

ServedReporter* Catalogs::reporter_of(const dns::Name& catalog) const {
    const auto found = std::ranges::find_if(
        hooks_.reporters,
        [&catalog](const ServedReporter* each) { return each->catalog() == catalog; });
    return found == hooks_.reporters.end() ? nullptr : *found;
}

void Catalogs::carry_out(const MemberAction& action, ServedReporter* reporter) {
    const std::string key = dns::key_of(action.zone);
    if (action.kind == MemberAction::Kind::Remove) {
        if (reporter != nullptr) reporter->forget(action.zone);
        sources_.erase(key);
        secondaries_.remove(action.zone);
        return;
    }
    const SecondaryConfig& source =
        config_.followed_catalogs[action.catalog].source_of(action.groups);
    const bool is_new_source = std::exchange(sources_[key], &source) != &source;
    if (is_new_source) {
        SecondaryConfig config = source;
        config.zone = action.zone;
        secondaries_.add(config);
    }
    // Its data are somebody else's, perhaps: all are fetched, whatever their serial is.
    if (action.kind == MemberAction::Kind::Reset) (void)secondaries_.retransfer(action.zone);
    if (!action.serial) return;
    const bool may_be_back =
        source.is_of_controller &&
        (!action.before || dns::is_later_serial(*action.before, *action.serial));
    if (reporter != nullptr) reporter->expect(action.zone, *action.serial, may_be_back);
    secondaries_.hint(action.zone, *action.serial, may_be_back);
}

// --- What we list ---

std::optional<CatalogMember> Catalogs::member_for(const PublishedCatalog& config,
                                                  const dns::Name& zone) {
    const bool is_listed = config.zones.empty() || is_any(config.zones, zone);
    if (!is_listed || std::ranges::find(names_, zone) != names_.end()) return std::nullopt;
    if (private_zones_ != nullptr && private_zones_->has(zone)) return std::nullopt;
    const auto pinned = table_.pin(zone);
    if (!pinned) return std::nullopt;
    CatalogMember member{.zone = zone, .label = catalog_label(zone)};
    for (const PublishedCatalog::Group& group : config.groups) {
        if (is_any(group.zones, zone)) member.groups.push_back(group.name);
    }
    for (const PublishedCatalog::Move& move : config.moves) {
        if (is_any(move.zones, zone)) member.coo = move.to;
    }
    const bool has_data = !pinned->version().is_unavailable();
    if (config.has_serials && has_data) member.serial = pinned->version().serial();
    return member;
}

void Catalogs::list(Published& catalog, const dns::Name& zone) {
    const std::string key = dns::key_of(zone);
    const auto known = catalog.members.find(key);
    Published::Difference difference{.before = {}, .after = member_for(catalog.config, zone)};
    if (known != catalog.members.end()) difference.before = known->second;
    if (difference.before == difference.after) return;
    if (difference.after) {
        catalog.members.insert_or_assign(key, *difference.after);
    } else {
        catalog.members.erase(key);
    }
    const auto [place, is_first] = catalog.differences.try_emplace(key, difference);
    if (!is_first) place->second.after = difference.after;
}

// What was listed before the restart; zones that have gone since are taken off.
void Catalogs::restore(Published& catalog) {
    const dns::Name& name = catalog.config.zone;
    if (!ledger_.state(name) || !ledger_.restore(name)) return;
    const auto pinned = table_.pin(name);
    auto listed = read_catalog(pinned->version());
    if (!listed) return;
    for (const CatalogMember& member : listed->members) {
        catalog.members.emplace(dns::key_of(member.zone), member);
    }
    for (const CatalogMember& member : listed->members) list(catalog, member.zone);
}

std::optional<uint32_t> Catalogs::serial_after(const Published& catalog,
                                               std::optional<uint32_t> served) const {
    if (!hooks_.ask_serial) {
        const uint32_t next = served ? dns::next_serial(*served) : first_serial();
        if (catalog.is_numbered) return next;
        return dns::is_later_serial(first_serial(), next) ? first_serial() : next;
    }
    if (serial_ && (!served || dns::is_later_serial(*serial_, *served))) return serial_;
    hooks_.ask_serial();
    return std::nullopt;
}

bool Catalogs::is_to_be_published(const Published& catalog, std::optional<uint32_t> served) const {
    if (!served || !catalog.differences.empty()) return true;
    return catalog.config.has_serials && serial_ && dns::is_later_serial(*serial_, *served);
}

void Catalogs::publish(Published& catalog) {
    const auto pinned = table_.pin(catalog.config.zone);
    const bool is_served = pinned && !pinned->version().is_unavailable();
    const auto served = is_served ? std::optional(pinned->version().serial()) : std::nullopt;
    if (!is_to_be_published(catalog, served)) return;
    const auto serial = serial_after(catalog, served);
    if (!serial) return;
    auto done = is_served ? publish_changes(catalog, pinned->version(), *serial)
                          : publish_whole(catalog, *serial);
    if (!done && is_served) done = publish_whole(catalog, *serial);
    if (!done) {
        log::error("catalog_not_published", {{"catalog", dns::to_text(catalog.config.zone)},
                                             {"reason", done.error().message},
                                             {"try", done.error().hint}});
        return;
    }
    log::info("catalog_published", {{"catalog", dns::to_text(catalog.config.zone)},
                                    {"changes", std::to_string(catalog.differences.size())},
                                    {"zones", std::to_string(catalog.members.size())}});
    catalog.differences.clear();
    catalog.is_numbered = true;
}

Result<void> Catalogs::publish_changes(Published& catalog, const zone::Version& served,
                                       uint32_t serial) {
    const dns::Name& name = catalog.config.zone;
    zone::Changeset changes;
    changes.remove(view_of(catalog_soa(name, served.serial())));
    changes.add(view_of(catalog_soa(name, serial)));
    for (const auto& [key, difference] : catalog.differences) {
        const auto before = records_of(name, difference.before);
        const auto after = records_of(name, difference.after);
        if (!before) return std::unexpected(before.error());
        if (!after) return std::unexpected(after.error());
        for (const dns::Record& record : *before) {
            if (!is_in(*after, record)) changes.remove(view_of(record));
        }
        for (const dns::Record& record : *after) {
            if (!is_in(*before, record)) changes.add(view_of(record));
        }
    }
    return ledger_.apply(name, changes);
}

Result<void> Catalogs::publish_whole(Published& catalog, uint32_t serial) {
    std::vector<CatalogMember> members;
    for (const auto& [key, member] : catalog.members) members.push_back(member);
    auto image = build_catalog(catalog.config.zone, serial, members);
    if (!image) return std::unexpected(image.error());
    const auto replaced = ledger_.replace(catalog.config.zone, *std::move(image),
                                          {.kind = zone::ZoneOrigin::Kind::Derived});
    if (!replaced) return std::unexpected(replaced.error());
    return {};
}

}  // namespace nearcast::transfer
