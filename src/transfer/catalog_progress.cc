// SPDX-License-Identifier: Apache-2.0

#include "transfer/catalog_progress.h"

#include <iterator>

#include "dns/serial.h"

namespace nearcast::transfer {

bool CatalogProgress::begin(uint32_t serial, uint64_t number) {
    const bool goes_back =
        version_ != 0 && number != number_ && !dns::is_later_serial(serial, serial_);
    ++version_;
    serial_ = serial;
    number_ = number;
    if (goes_back) versions_.clear();
    went_back_ |= goes_back;
    return goes_back;
}

void CatalogProgress::finish() {
    versions_.insert_or_assign(version_, serial_);
    forget_versions();
}

void CatalogProgress::expect(const dns::Name& zone, uint32_t serial, bool may_be_back) {
    const std::string key = dns::key_of(zone);
    const auto [place, is_new] = zones_.try_emplace(key, Zone{.name = zone.lowered()});
    std::vector<Expected>& expected = place->second.expected;
    if (is_new) on_their_way_.emplace(version_, key);
    if (!expected.empty() && dns::is_later_serial(expected.back().serial, serial)) {
        // What was expected so far does not come any more.
        expected = {{expected.front().version, serial, may_be_back}};
    } else if (expected.size() < kExpectedMax) {
        expected.push_back({version_, serial, may_be_back});
    } else {
        expected.back().serial = serial;
        expected.back().may_be_back = may_be_back;
    }
}

void CatalogProgress::attain(const dns::Name& zone, uint32_t serial, bool is_confirmed) {
    const auto found = zones_.find(dns::key_of(zone));
    if (found == zones_.end()) return;
    auto& [key, late] = *found;
    on_their_way_.erase({late.expected.front().version, key});
    const auto is_attained = [&](const Expected& wanted) {
        if (wanted.serial == serial) return true;
        return dns::is_later_serial(serial, wanted.serial) && (is_confirmed || !wanted.may_be_back);
    };
    while (!late.expected.empty() && is_attained(late.expected.front())) {
        late.expected.erase(late.expected.begin());
        late.problem.clear();
    }
    if (late.problem.empty()) failed_.erase(key);
    if (late.expected.empty()) return erase(found);
    if (late.problem.empty()) on_their_way_.emplace(late.expected.front().version, key);
}

void CatalogProgress::fail(const dns::Name& zone, std::string reason) {
    const auto found = zones_.find(dns::key_of(zone));
    if (found == zones_.end()) return;
    on_their_way_.erase({found->second.expected.front().version, found->first});
    failed_.insert(found->first);
    found->second.problem = reason.empty() ? "it could not be fetched" : std::move(reason);
}

void CatalogProgress::forget(const dns::Name& zone) {
    const auto found = zones_.find(dns::key_of(zone));
    if (found != zones_.end()) erase(found);
}

void CatalogProgress::erase(Zones::iterator zone) {
    if (!zone->second.expected.empty()) {
        on_their_way_.erase({zone->second.expected.front().version, zone->first});
    }
    failed_.erase(zone->first);
    zones_.erase(zone);
}

// But for the one that is told, and those that may be told later.
void CatalogProgress::forget_versions() {
    const uint64_t wanted = on_their_way_.empty() ? version_ : on_their_way_.begin()->first;
    auto first = versions_.lower_bound(wanted);
    if (first != versions_.begin()) --first;
    versions_.erase(versions_.begin(), first);
    while (versions_.size() > kVersionsMax) versions_.erase(std::prev(versions_.end(), 2));
}

void CatalogProgress::tell(ServedReport& report) {
    if (went_back_) {
        report.serial.reset();
        report.late.clear();
    }
    if (failed_.size() > ServedReport::kLateMax) return;
    auto end = on_their_way_.empty() ? versions_.end()
                                     : versions_.lower_bound(on_their_way_.begin()->first);
    if (end == versions_.begin()) return;
    went_back_ = false;
    report.serial = std::prev(end)->second;
    report.late.clear();
    for (const std::string& key : failed_) {
        const Zone& zone = zones_.at(key);
        report.late.push_back({zone.name, zone.problem.substr(0, ServedReport::kReasonSizeMax)});
    }
}

}  // namespace nearcast::transfer
