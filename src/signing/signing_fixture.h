// SPDX-License-Identifier: Apache-2.0
//
// For tests: plans with keys, and what there is to say about a signed zone.

#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "dns/rdata.h"
#include "signing/node_sets.h"
#include "signing/sign_zone.h"
#include "zone/apply.h"
#include "zone/zone_check.h"
#include "zone/zone_fixture.h"

namespace nearcast::signing {

constexpr uint32_t kNow = 1'800'000'000;

[[nodiscard]] inline dnssec::ZoneKey make_key(
    uint16_t flags, dnssec::Algorithm algorithm = dnssec::Algorithm::EcdsaP256Sha256) {
    return {*dnssec::PrivateKey::generate(algorithm), flags};
}

// One key for all.
[[nodiscard]] inline SigningPlan plan_with(const dnssec::ZoneKey& key) {
    SigningPlan plan;
    plan.keys = {{.key = key, .signs_keys = true, .signs_zone = true}};
    plan.dnskeys = {{key.dnskey().begin(), key.dnskey().end()}};
    const auto apex = *dns::parse_name("example.org.");
    plan.cds = {dnssec::ds_rdata(apex.wire(), key.dnskey(), dnssec::DsDigest::Sha256)};
    plan.cdnskeys = plan.dnskeys;
    plan.times = {
        .now = kNow, .back = 3600, .life = 1'000'000, .jitter = 1000, .remaining_min = 500'000};
    plan.serial = 1;
    return plan;
}

[[nodiscard]] inline SigningPlan plan_with_one_key() {
    return plan_with(make_key(dnssec::kZoneKeyFlag | dnssec::kSepFlag));
}

[[nodiscard]] inline Denial nsec3(bool opts_out = false) {
    return {.uses_nsec3 = true, .opts_out = opts_out, .iterations = 0, .salt = {}};
}

[[nodiscard]] inline zone::ImageBlock sign(const zone::ImageBlock& unsigned_zone,
                                           const SigningPlan& plan) {
    auto image = signed_image(zone::Version(unsigned_zone.image()), plan);
    EXPECT_TRUE(image) << base::to_text(image.error());
    return image ? *std::move(image) : zone::ImageBlock();
}

// Each record of the zone a line, in order; of signatures not what hangs on chance and time.
[[nodiscard]] inline std::string outline(const zone::Version& version) {
    zone::ImageRecords records(version);
    zone::RecordView record;
    std::vector<std::string> lines;
    while (records.next(record)) {
        std::vector<uint8_t> rdata(record.rdata.begin(), record.rdata.end());
        if (record.type == dns::RRType::RRSIG) {
            const auto rrsig = *dnssec::read_rrsig(record.rdata);
            std::fill(rdata.begin() + 8, rdata.begin() + 16, 0);
            rdata.resize(rdata.size() - rrsig.signature.size());
            rdata.push_back(0);
        }
        // The digest of the zone is over signatures too.
        if (record.type == dns::RRType::ZONEMD) std::fill(rdata.begin() + 6, rdata.end(), 0);
        std::string line;
        zone::append_text({record.owner, record.type, record.ttl, rdata}, line);
        lines.push_back(line);
    }
    std::ranges::sort(lines);
    std::string text;
    for (const std::string& line : lines) text += line;
    return text;
}

// Whether one of these keys made it, and which algorithm it has.
[[nodiscard]] inline std::optional<uint8_t> maker_of(const dnssec::CanonicalSet& set,
                                                     std::span<const uint8_t> rrsig,
                                                     const Rdatas& dnskeys) {
    const auto key = std::ranges::find_if(
        dnskeys, [&](const auto& dnskey) { return dnssec::is_signature_good(set, rrsig, dnskey); });
    return key == dnskeys.end() ? std::nullopt : std::optional((*key)[3]);
}

// What is wrong with the signatures of a set: each is checked, and each algorithm of the zone's
// keys must have made one (RFC 4035 §2.2).
[[nodiscard]] inline std::string signature_faults(std::span<const uint8_t> owner,
                                                  const OwnedSet& set, const Rdatas& dnskeys,
                                                  const Rdatas& unpublished) {
    if (set.signatures.empty()) return {};
    dnssec::CanonicalSet canonical;
    canonical.begin(owner, set.type, set.ttl);
    for (const auto& rdata : set.records) canonical.add(rdata);
    canonical.finish();
    std::set<uint8_t> wanted;
    for (const auto& dnskey : dnskeys) wanted.insert(dnskey[3]);
    const std::string what = dns::to_text(owner) + " " + dns::to_text(set.type) + "\n";
    std::string faults;
    std::set<uint8_t> found;
    for (const auto& rrsig : set.signatures) {
        if (const auto algorithm = maker_of(canonical, rrsig, dnskeys)) {
            found.insert(*algorithm);
            continue;
        }
        // Nobody takes it for a proof, nor for what is missing.
        const auto other = maker_of(canonical, rrsig, unpublished);
        if (!other) faults += "bad signature: " + what;
        if (other && wanted.contains(*other)) faults += "signature of an unknown key: " + what;
    }
    if (!std::ranges::includes(found, wanted)) faults += "an algorithm has no signature: " + what;
    return faults;
}

// What is wrong with the zone, an empty text when nothing is: signatures, and what the zone's own
// checks find, but that there are iterations. Keys that are `unpublished` may have signed beside
// the zone's, if these have other algorithms: so a new algorithm begins, and an old one ends
// (RFC 6781 §4.1.4).
[[nodiscard]] inline std::string faults_of(const zone::Version& version,
                                           const Rdatas& unpublished = {}) {
    std::string faults;
    zone::Changeset none;
    uint32_t ttl = 0;
    const auto soa = zone::soa_rdata(version, ttl);
    const auto apex = version.apex().owner();
    none.remove({apex, dns::RRType::SOA, ttl, soa});
    none.add({apex, dns::RRType::SOA, ttl, soa});
    const auto draft = zone::changed_draft(version, none);
    if (!draft) return draft.error().message;
    zone::Findings findings;
    zone::check_dnssec(*draft, findings);
    zone::check_digest(*draft, findings);
    for (const zone::Finding& finding : findings.take()) {
        const std::string_view check = finding.check;
        const bool is_expected = check == "nsec3-iterations" ||
                                 (check == "signature-without-key" && !unpublished.empty());
        if (!is_expected) faults += finding.message + "\n";
    }

    const OwnedSets at_apex = read_sets(version.apex());
    const OwnedSet* const keys = find_set(at_apex, dns::RRType::DNSKEY);
    if (keys == nullptr) return "no DNSKEY";
    zone::NodeWalk walk(version);
    for (zone::Node node = walk.next(); node; node = walk.next()) {
        for (const OwnedSet& set : read_sets(node)) {
            faults += signature_faults(node.owner(), set, keys->records, unpublished);
        }
    }
    return faults;
}

}  // namespace nearcast::signing
