// SPDX-License-Identifier: Apache-2.0

// Property: no response is longer than it would be with every name spelled out; each pointer leads
// to a place in a name that stands in front of it, where fourteen bits reach.
//
// Zones and questions are random. NEARCAST_SEED=N runs the case with that seed alone.

#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "answer/served_zones.h"

namespace nearcast::answer {
namespace {

using dns::RRType;

constexpr size_t kSeeds = 40;
constexpr size_t kNamesPerZone = 40;
constexpr size_t kQuestionsPerSeed = 400;
constexpr size_t kPointerMax = 0x3FFF;

constexpr std::array<const char*, 4> kApexes = {".", "example.", "b.example.", "a.b.test."};
constexpr std::array<const char*, 8> kLabels = {"a", "B", "*", "ns", "\\000", "mail", "x-1", "_t"};
constexpr std::array<const char*, 11> kTypes = {"NS",  "MX",  "SOA",  "A",     "PTR",  "SRV",
                                                "TXT", "ANY", "NSEC", "HTTPS", "CNAME"};

// Follows a message from name to name and adds up what it would be without pointers.
class Unfolded {
 public:
    explicit Unfolded(std::span<const uint8_t> message) : message_(message) {
        const size_t questions = take_u16(4);
        const size_t records = size_t{take_u16(6)} + take_u16(8) + take_u16(10);
        for (size_t i = 0; i < questions; ++i) {
            take_name();
            take(4);
        }
        for (size_t i = 0; i < records; ++i) take_record();
        EXPECT_EQ(at_, message.size());
    }

    [[nodiscard]] size_t size() const { return size_; }

 private:
    [[nodiscard]] uint16_t take_u16(size_t at) const {
        return base::load_u16(message_.data() + at);
    }

    void take(size_t count) {
        at_ += count;
        size_ += count;
    }

    // Whether there was a pointer in it.
    bool take_name() {
        const size_t start = at_;
        std::set<size_t> own;
        size_t at = at_;
        bool has_jumped = false;
        for (;;) {
            const uint8_t length = message_[at];
            if (!has_jumped) own.insert(at);  // A pointer too is a name.
            if (length >= 0xC0) {
                const size_t target = take_u16(at) & kPointerMax;
                EXPECT_LT(target, start);
                EXPECT_TRUE(places_.contains(target)) << target << " is in no name";
                EXPECT_NE(message_[target], 0) << "a pointer to the root, which is shorter";
                if (!has_jumped) at_ = at + 2;
                has_jumped = true;
                at = target;
                continue;
            }
            size_ += length + size_t{1};
            at += length + size_t{1};
            if (length == 0) break;
        }
        if (!has_jumped) at_ = at;
        places_.merge(own);
        return has_jumped;
    }

    void take_record() {
        take_name();
        const auto type = static_cast<RRType>(take_u16(at_));
        const size_t end = at_ + 10 + take_u16(at_ + 8);
        take(10);
        switch (type) {
            case RRType::SOA:  // These may be compressed (RFC 3597 §4).
                take_name();
                [[fallthrough]];
            case RRType::NS:
            case RRType::CNAME:
            case RRType::PTR:
                take_name();
                break;
            case RRType::MX:
                take(2);
                take_name();
                break;
            case RRType::SRV:
                take(6);
                EXPECT_FALSE(take_name());
                break;
            case RRType::HTTPS:
                take(2);
                EXPECT_FALSE(take_name());
                break;
            case RRType::DNAME:
            case RRType::NSEC:
                EXPECT_FALSE(take_name());
                break;
            default:
                break;
        }
        take(end - at_);
    }

    std::span<const uint8_t> message_;
    size_t at_ = dns::kHeaderSize;
    size_t size_ = dns::kHeaderSize;
    std::set<size_t> places_;
};

class Maker {
 public:
    explicit Maker(size_t seed) : random_(seed) {}

    size_t below(size_t limit) {
        return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
    }
    template <typename Table>
    const char* one_of(const Table& table) {
        return table[below(table.size())];
    }

    std::string name() {
        std::string text;
        for (size_t labels = below(4); labels > 0; --labels) {
            text += below(12) == 0 ? std::string(63, 'y') : one_of(kLabels);
            text += '.';
        }
        const std::string apex = one_of(kApexes);
        return text.empty() ? apex : text + (apex == "." ? "" : apex);
    }

    std::string below_name(const std::string& label) {
        const std::string above = name();
        return label + "." + (above == "." ? "" : above);
    }

    // Signed after a fashion: nobody checks it here.
    std::string zone(const std::string& apex) {
        std::string text =
            "$TTL 60\n" + apex + " SOA " + below_name("ns") + " " + name() + " 1 2 3 4 5\n";
        const auto add = [&](const std::string& owner, const std::string& rest) {
            text += owner + " " + rest + "\n";
        };
        std::set<std::string> taken = {apex};
        add(apex, "NS " + name());
        add_set(apex, true, add);
        for (size_t i = 0; i < below(3) * 300; ++i)
            add(apex, "NS " + below_name("h" + std::to_string(i)));
        for (size_t i = 0; i < kNamesPerZone; ++i) {
            const std::string owner = name();
            if (owner.ends_with(apex) && taken.insert(lowered(owner)).second) {
                add_set(owner, false, add);
            }
        }
        return text;
    }

 private:
    static std::string lowered(const std::string& name) {
        return dns::to_text(dns::parse_name(name)->lowered());
    }

    template <typename Add>
    void add_set(const std::string& owner, bool is_apex, const Add& add) {
        add(owner, "NSEC " + owner + " A");
        add(owner, "RRSIG NSEC 15 1 60 20370101000000 20250101000000 1 " + owner + " AAAA");
        if (!is_apex && below(6) == 0) return add(owner, "CNAME " + name());
        const bool is_renamed = !is_apex && below(8) == 0;
        if (is_renamed) add(owner, "DNAME " + name());
        for (size_t i = 0; !is_renamed && i < below(4); ++i) add(owner, "NS " + name());
        for (size_t i = 0; i < below(5); ++i) add(owner, "MX 1 " + name());
        if (below(3) == 0) add(owner, "PTR " + name());
        if (below(3) == 0) add(owner, "SRV 1 2 3 " + name());
        if (below(3) == 0) add(owner, "HTTPS 1 . alpn=h2");
        if (below(2) == 0) add(owner, "A 192.0.2." + std::to_string(below(256)));
        if (below(3) == 0) add(owner, "TXT text");
    }

    std::mt19937_64 random_;
};

void check(size_t seed) {
    SCOPED_TRACE("NEARCAST_SEED=" + std::to_string(seed));
    Maker maker(seed);
    ServedZones zones;
    for (const char* apex : kApexes) {
        const std::string told = zones.serve(apex, maker.zone(apex));
        ASSERT_EQ(told.find("error"), std::string::npos) << told;
    }
    ASSERT_EQ(zones.table().size(), kApexes.size());
    for (size_t i = 0; i < kQuestionsPerSeed; ++i) {
        std::string question = maker.name() + " " + maker.one_of(kTypes);
        if (maker.below(2) == 0) question += " +do";
        if (maker.below(3) == 0) question += " +tcp";
        const auto response = zones.ask_for_bytes(question);
        ASSERT_FALSE(response.empty()) << question;
        SCOPED_TRACE(question);
        const Unfolded unfolded(response);
        EXPECT_LE(response.size(), unfolded.size()) << question;
    }
}

TEST(Compression, NeverMakesAMessageLonger) {
    if (const char* const seed = std::getenv("NEARCAST_SEED")) {
        check(std::strtoul(seed, nullptr, 10));
        return;
    }
    for (size_t seed = 1; seed <= kSeeds && !testing::Test::HasFailure(); ++seed) check(seed);
}

TEST(Compression, SpellsOutTheRoot) {
    ServedZones zones;
    std::string text = ". 60 SOA a.root. h.root. 1 2 3 4 5\n";
    for (const char letter : {'a', 'b', 'c'}) {
        text += ". 60 NS " + std::string(1, letter) + ".root.\n";
        text += std::string(1, letter) + ".root. 60 A 192.0.2.1\n";
        text += std::string(1, letter) + ".root. 60 AAAA 2001:db8::1\n";
    }
    EXPECT_EQ(zones.serve(".", text).find("error"), std::string::npos);
    EXPECT_EQ(zones.ask(". NS"),
              "NOERROR aa\n"
              "answer: . 60 IN NS a.root.\n"
              "answer: . 60 IN NS b.root.\n"
              "answer: . 60 IN NS c.root.\n"
              "additional: a.root. 60 IN A 192.0.2.1\n"
              "additional: a.root. 60 IN AAAA 2001:db8::1\n"
              "additional: b.root. 60 IN A 192.0.2.1\n"
              "additional: b.root. 60 IN AAAA 2001:db8::1\n"
              "additional: c.root. 60 IN A 192.0.2.1\n"
              "additional: c.root. 60 IN AAAA 2001:db8::1\n");
    // Header, question, OPT; three names of which two end with a pointer; six addresses.
    const size_t ns = 3 * (1 + 10) + 8 + 4 + 4;
    const size_t addresses = 3 * (12 + 4) + 3 * (12 + 16);
    EXPECT_EQ(zones.ask_for_bytes(". NS").size(), 12 + 5 + 11 + ns + addresses);
}

}  // namespace
}  // namespace nearcast::answer
