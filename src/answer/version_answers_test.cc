// SPDX-License-Identifier: Apache-2.0

// Property: a version that is an image and a delta has the same records in the same order, and
// gives the same answers, bit for bit, as an image compiled from all of its records.
//
// Zones, changes and questions are random. NEARCAST_SEED=N runs the case with that seed alone.

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "answer/served_zones.h"
#include "dns/ascii.h"
#include "dns/encoding.h"
#include "dnssec/nsec3.h"
#include "zone/apply.h"
#include "zone/delta.h"
#include "zone/difference.h"
#include "zone/zone_fixture.h"

namespace nearcast::answer {
namespace {

using dns::RRType;
using zone::Changeset;
using zone::ImageBlock;
using zone::Version;

constexpr size_t kSeeds = 30;
constexpr size_t kChangesPerSeed = 12;
constexpr size_t kQuestionsPerChange = 60;

// Few names, so that changes meet: cuts, wildcards and what lies below them.
constexpr std::array<const char*, 9> kLabels = {"a",     "b",      "C",  "*", "ns",
                                                "\\001", "\\255x", "_t", "d"};
constexpr std::array<const char*, 27> kData = {
    "A 192.0.2.1",
    "A 192.0.2.2",
    "AAAA 2001:db8::1",
    "TXT x",
    "TXT \"y z\"",
    "NS ns",
    "NS a",
    "NS ns.a",
    "NS a.b.a",
    "NS ns.example.net.",
    "CNAME a.b",
    "CNAME c",
    "DNAME b",
    "DNAME example.net.",
    "MX 1 a",
    "MX 2 B.a",
    "SRV 1 2 3 c.a",
    "SRV 1 2 3 ns",
    "HTTPS 1 . alpn=h2",
    "HTTPS 0 a",
    "SVCB 1 d.a alpn=h3",
    "DS 1 13 2 49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE66E8A4D9B0EEA4C1BEE3E3D3",
    "NSEC a A NSEC",
    "RRSIG A 13 3 60 20300101000000 20250101000000 1 example.org. q80=",
    "RRSIG A 13 3 60 20300101000000 20250101000000 2 example.org. q80=",
    "RRSIG NS 13 3 60 20300101000000 20250101000000 1 example.org. q80=",
    "RRSIG TXT 13 3 60 20300101000000 20250101000000 1 example.org. q80=",
};
constexpr const char* kLinkSignature =
    " 60 RRSIG NSEC3 13 3 60 20300101000000 20250101000000 1 example.org. q80=\n";
constexpr std::array<const char*, 16> kAsked = {"A",    "AAAA", "NS",    "CNAME", "DNAME", "MX",
                                                "SRV",  "TXT",  "SOA",   "DS",    "HTTPS", "SVCB",
                                                "NSEC", "ANY",  "RRSIG", "NSEC3"};

class RandomChanges {
 public:
    // Where a zone is signed anew after each change, nothing else makes NSEC or NSEC3 records.
    RandomChanges(uint64_t seed, bool is_signed) : random_(seed), is_signed_(is_signed) {}

    size_t below(size_t count) { return random_() % count; }
    template <typename List>
    const auto& one_of(const List& list) {
        return list[below(std::size(list))];
    }

    // Relative to the apex; "@" now and then.
    std::string name() {
        if (below(12) == 0) return "@";
        std::string text = one_of(kLabels);
        for (size_t depth = below(4); depth > 0; --depth) {
            text += std::string(".") + one_of(kLabels);
        }
        return text;
    }

    // A line of a zone file.
    std::string record() {
        constexpr std::string_view kBase32 = "0123456789abcdefghijklmnopqrstuv";
        if (is_signed_) {
            const std::string text = one_of(kData);
            return text.starts_with("NSEC") ? "" : name() + ttl(text) + text + "\n";
        }
        if (below(12) == 0) {
            const std::string hash = std::string(31, '0') + kBase32[below(kBase32.size())];
            if (below(4) == 0) return hash + kLinkSignature;
            return hash + " 60 NSEC3 1 0 0 - " + hash + " A\n";
        }
        const std::string text = one_of(kData);
        return name() + ttl(text) + text + "\n";
    }

    // The changeset that takes away some of what `version` has and adds some more.
    Changeset change(const Version& version, uint32_t serial) {
        std::string removed = soa(serial);
        std::string added = soa(serial + 1);
        zone::ImageRecords records(version);
        zone::RecordView record;
        const size_t removed_of_hundred = below(3) == 0 ? 0 : below(30);
        while (records.next(record)) {
            const bool is_fixed =
                record.type == RRType::SOA || (record.type == RRType::NS && below(4) != 0);
            if (is_fixed || below(100) >= removed_of_hundred) continue;
            zone::append_text(record, removed);
        }
        for (size_t count = below(6); count > 0; --count) added += this->record();
        return zone::change_of(removed, added);
    }

    static std::string soa(uint32_t serial) {
        return "example.org. 60 SOA ns.example.org. h.example.org. " + std::to_string(serial) +
               " 2 3 4 5\n";
    }

    std::string zone() {
        std::string text = soa(1) + "@ 60 NS ns\n";
        if (!is_signed_) text += "@ 60 NSEC a NS SOA NSEC\n";
        for (size_t count = 5 + below(60); count > 0; --count) text += record();
        return text;
    }

    std::string question() {
        std::string text = name();
        text = (text == "@" ? "" : text + ".") + "example.org " + one_of(kAsked);
        if (below(2) == 0) text += " +do";
        return text;
    }

 private:
    // Signatures keep a TTL of their own.
    std::string ttl(const std::string& data) {
        return data.starts_with("RRSIG") && below(3) == 0 ? " 30 " : " 60 ";
    }

    std::mt19937_64 random_;
    bool is_signed_;
};

// A random zone that no check finds fault with.
std::string good_zone(RandomChanges& random) {
    for (;;) {
        const ImageBlock image = zone::image_of(random.zone());
        if (image) return zone::text_of(image);
    }
}

// The zone with a chain of NSEC3 over its names, to which no unsigned delegation belongs.
std::string sign(const ImageBlock& plain) {
    constexpr std::array<uint8_t, 2> kSalt = {0xAA, 0xBB};
    const dnssec::Nsec3Parameters parameters{
        .algorithm = dnssec::kNsec3Sha1, .flags = 0, .iterations = 1, .salt = kSalt};
    std::set<std::string> hashes;
    zone::NodeWalk nodes{Version(plain.image())};
    for (zone::Node node = nodes.next(); node; node = nodes.next()) {
        const bool is_unsigned = node.has(zone::kDelegation) && !node.find(RRType::DS);
        if (node.has(zone::kOccluded) || is_unsigned) continue;
        std::string text;
        dns::append_base32hex(dnssec::nsec3_hash(parameters, zone::HashedName(node.owner()).wire()),
                              text);
        hashes.insert(text);
    }
    std::string text = zone::text_of(plain) + "example.org. 60 NSEC3PARAM 1 0 1 aabb\n";
    for (auto at = hashes.begin(); at != hashes.end(); ++at) {
        const auto next = std::next(at) == hashes.end() ? hashes.begin() : std::next(at);
        text += *at + ".example.org. 60 NSEC3 1 1 1 aabb " + *next + " A\n";
    }
    return text;
}

// The records, in lower case since a name takes the letters of its first record.
std::multiset<std::string> lines_of(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) { return char(dns::lower(uint8_t(c))); });
    std::multiset<std::string> lines;
    for (size_t at = 0; at < text.size();) {
        const size_t end = text.find('\n', at);
        lines.insert(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

// What is transferred whole is what the changes make, no record more or less (RFC 1995 §4); and so
// is what their difference makes, and what the text of it all compiles to.
void expect_only_changed(const Version& from, const Changeset& changes, const Version& to) {
    std::multiset<std::string> lines = lines_of(zone::text_of(from));
    for (const auto& line : lines_of(zone::text_of(changes.removed()))) {
        ASSERT_TRUE(lines.contains(line)) << line;
        lines.extract(line);
    }
    lines.merge(lines_of(zone::text_of(changes.added())));
    EXPECT_EQ(lines, lines_of(zone::text_of(to)));
    const auto made = zone::apply_changes(from, zone::difference(from, to));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(lines_of(zone::text_of(*made)), lines);
    EXPECT_EQ(zone::text_of(zone::image_of(zone::text_of(to))), zone::text_of(to));
}

class VersionAnswers : public testing::Test {
 protected:
    void run(uint64_t seed);
    void run_all();
    void expect_same_records();
    void ask(RandomChanges& random);
    // False when the change is none that a zone can have.
    bool change(RandomChanges& random);
    std::optional<Changeset> changes_of(RandomChanges& random);

    Version version() { return zones_->table().pin(apex_)->version(); }
    Version whole() { return whole_zones_->table().pin(apex_)->version(); }

    const dns::Name apex_ = *dns::parse_name("example.org.");
    std::unique_ptr<ServedZones> zones_;        // With deltas.
    std::unique_ptr<ServedZones> whole_zones_;  // Compiled anew each time.
    bool is_signed_ = false;
    ImageBlock plain_;  // Where it is signed: the zone without its chain.
    size_t delta_count_ = 0;
    size_t fold_count_ = 0;
};

void VersionAnswers::expect_same_records() {
    ASSERT_EQ(zone::text_of(version()), zone::text_of(whole()));
    EXPECT_EQ(version().record_count(), whole().record_count());
    EXPECT_EQ(version().serial(), whole().serial());
    // Backwards, too: a search goes that way.
    const zone::NodeOrder names = version().names();
    const zone::NodeOrder whole_names = whole().names();
    std::vector<uint8_t> end(dns::kLabelSizeMax + size_t{1}, 255);
    end[0] = dns::kLabelSizeMax;
    const auto apex = version().apex().owner();
    end.insert(end.end(), apex.begin(), apex.end());
    auto place = names.after(end);
    auto whole_place = whole_names.after(end);
    for (;;) {
        const zone::Node expected = whole_names.previous(whole_place);
        const zone::Node node = names.previous(place);
        ASSERT_EQ(static_cast<bool>(node), static_cast<bool>(expected));
        if (!node) break;
        ASSERT_TRUE(dns::equal_ignoring_case(node.owner(), expected.owner()))
            << dns::to_text(node.owner()) << " " << dns::to_text(expected.owner()) << "\n"
            << zone::text_of(whole());
    }
}

void VersionAnswers::ask(RandomChanges& random) {
    for (size_t i = 0; i < kQuestionsPerChange; ++i) {
        const std::string question = random.question();
        const auto query = query_for(question);
        const auto transport = random.below(3) == 0 ? Transport::Tcp : Transport::Udp;
        ASSERT_EQ(zones_->send(query, transport), whole_zones_->send(query, transport))
            << question << "\nis: " << zones_->ask(question)
            << "\nshould be: " << whole_zones_->ask(question) << "\nin:\n"
            << zone::text_of(whole());
    }
}

std::optional<Changeset> VersionAnswers::changes_of(RandomChanges& random) {
    if (!is_signed_) return random.change(whole(), whole().serial());
    const Version plain(plain_.image());
    auto next = zone::apply_changes(plain, random.change(plain, plain.serial()));
    if (!next) return std::nullopt;
    plain_ = *std::move(next);
    const ImageBlock with_chain = zone::image_of(sign(plain_));
    return zone::difference(whole(), Version(with_chain.image()));
}

bool VersionAnswers::change(RandomChanges& random) {
    const auto found = changes_of(random);
    if (!found) return false;
    const Changeset& changes = *found;
    auto next_whole = zone::apply_changes(whole(), changes);
    const auto names = zone::name_changes(version(), changes);
    if (!names) return false;
    constexpr size_t kNamesMax = 200;
    auto delta = zone::build_delta(version(), *names, kNamesMax);
    if (!next_whole) {
        EXPECT_TRUE(!delta || !*delta) << next_whole.error().message;
        return false;
    }
    EXPECT_TRUE(delta) << delta.error().message;
    expect_only_changed(whole(), changes, Version(next_whole->image()));
    if (*delta && random.below(10) != 0) {
        ++delta_count_;
        EXPECT_TRUE(zones_->table().publish(**std::move(delta)));
    } else {
        ++fold_count_;
        zones_->table().publish(*zone::apply_changes(version(), changes));
    }
    whole_zones_->table().publish(*std::move(next_whole));
    return true;
}

void VersionAnswers::run(uint64_t seed) {
    SCOPED_TRACE("NEARCAST_SEED=" + std::to_string(seed));
    RandomChanges random(seed, is_signed_);
    zones_ = std::make_unique<ServedZones>();
    whole_zones_ = std::make_unique<ServedZones>();
    std::string text = good_zone(random);
    if (is_signed_) {
        plain_ = zone::image_of(text);
        text = sign(plain_);
    }
    zones_->table().publish(zone::image_of(text));
    whole_zones_->table().publish(zone::image_of(text));
    for (size_t done = 0, tried = 0; done < kChangesPerSeed && tried < 100; ++tried) {
        if (!change(random)) continue;
        ++done;
        expect_same_records();
        if (HasFatalFailure()) return;
        ask(random);
        if (HasFatalFailure()) return;
    }
}

void VersionAnswers::run_all() {
    const char* const only = std::getenv("NEARCAST_SEED");
    if (only != nullptr) {
        run(std::strtoull(only, nullptr, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= kSeeds && !HasFatalFailure(); ++seed) run(seed);
    // Most changes must have been deltas, or the test has shown little.
    EXPECT_GT(delta_count_, kSeeds * kChangesPerSeed / 3);
    EXPECT_GT(fold_count_, kSeeds);
}

TEST_F(VersionAnswers, AreThoseOfAFreshImage) { run_all(); }

TEST_F(VersionAnswers, ProveTheSameWithNsec3) {
    is_signed_ = true;
    run_all();
}

}  // namespace
}  // namespace nearcast::answer
