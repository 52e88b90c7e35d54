// SPDX-License-Identifier: Apache-2.0

#include "zone/image.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "zone/compile.h"
#include "zone/image_builder.h"
#include "zone/version.h"

namespace nearcast::zone {
namespace {

ImageBlock compile(std::string_view records) {
    const std::string text =
        "$TTL 60\n@ SOA ns h 9 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n" + std::string(records);
    auto zone = compile_zone_text(*dns::parse_name("example.org."), text);
    for (const Diagnostic& diagnostic : zone.diagnostics) {
        EXPECT_EQ(diagnostic.severity, Severity::Warning) << diagnostic.to_text();
    }
    return std::move(zone.image);
}

class ImageTest : public testing::Test {
 protected:
    explicit ImageTest(std::string_view records = {}) : block_(compile(records)) {}

    Node find(const std::string& name) const {
        const HashedName hashed(dns::parse_name(name + ".example.org.")->wire());
        return block_.image().find(hashed.hash(), hashed.wire());
    }

    ImageBlock block_;
};

TEST_F(ImageTest, KnowsItsZone) {
    const Image image = block_.image();
    EXPECT_EQ(image.header().serial, 9U);
    EXPECT_EQ(image.header().record_count, 3U);
    EXPECT_EQ(dns::to_text(image.apex().owner()), "example.org.");
    EXPECT_TRUE(image.apex().has(kApex));
    EXPECT_FALSE(image.is_unavailable());
}

TEST_F(ImageTest, FindsEachNameAndNoOther) {
    std::string records;
    for (int i = 0; i < 5000; ++i) records += "Host" + std::to_string(i) + ".x A 192.0.2.1\n";
    block_ = compile(records);
    for (int i = 0; i < 5000; ++i) {
        ASSERT_TRUE(find("host" + std::to_string(i) + ".x"));
        ASSERT_FALSE(find("guest" + std::to_string(i) + ".x"));
    }
    EXPECT_TRUE(find("x"));
    EXPECT_EQ(find("x").rrsets().size(), 0U);
    EXPECT_EQ(dns::to_text(find("host7.x").owner()), "Host7.x.example.org.");
}

TEST_F(ImageTest, TellsNodesApart) {
    block_ = compile(
        "sub NS ns.sub\nns.sub A 192.0.2.2\na.b.sub TXT x\nd DNAME e.\nx.d A 192.0.2.3\n"
        "*.w A 192.0.2.4\nent.below.w A 192.0.2.5\n");
    EXPECT_TRUE(find("sub").has(kDelegation));
    EXPECT_TRUE(find("ns.sub").has(kOccluded));
    EXPECT_EQ(find("a.b.sub").hidden_by(), find("sub"));
    EXPECT_EQ(find("b.sub").hidden_by(), find("sub"));
    EXPECT_TRUE(find("d").has(kDname));
    EXPECT_EQ(find("x.d").hidden_by(), find("d"));
    EXPECT_EQ(find("w").wildcard(), find("*.w"));
    EXPECT_FALSE(find("below.w").wildcard());
}

TEST_F(ImageTest, ListsNamesInCanonicalOrder) {
    // RFC 4034 §6.1, with example.org for example.
    block_ = compile(
        "yljkjljk.a A 192.0.2.1\nZ.a A 192.0.2.1\nzABC.a A 192.0.2.1\n"
        "z A 192.0.2.1\n\\001.z A 192.0.2.1\n*.z A 192.0.2.1\n\\200.z A 192.0.2.1\n");
    std::string names;
    for (const Ref ref : block_.image().order()) {
        names += dns::to_text(block_.image().node(ref).owner()) + " ";
    }
    EXPECT_EQ(names,
              "example.org. a.example.org. yljkjljk.a.example.org. Z.a.example.org. "
              "zABC.a.example.org. ns.example.org. z.example.org. \\001.z.example.org. "
              "*.z.example.org. \\200.z.example.org. ");
}

TEST_F(ImageTest, KeepsTheNsec3ChainOutOfTheNames) {
    block_ = compile(
        "2t7b4g4vsa5smi47k61mv5bv1a22bojr NSEC3 1 0 0 - "
        "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n"
        "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 0 - "
        "2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA\n");
    EXPECT_FALSE(find("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"));
    ASSERT_EQ(block_.image().nsec3_order().size(), 2U);
    const Node first = block_.image().node(block_.image().nsec3_order()[0]);
    EXPECT_EQ(dns::to_text(first.owner()), "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.org.");
}

TEST_F(ImageTest, KeepsSignaturesBesideWhatTheySign) {
    block_ = compile("ns RRSIG A 13 3 60 20300101000000 20250101000000 1 example.org. q80=\n");
    const RRset addresses = find("ns").find(dns::RRType::A);
    EXPECT_EQ(addresses.record_count(), 1);
    EXPECT_EQ(addresses.signature_count(), 1);
    EXPECT_FALSE(find("ns").find(dns::RRType::RRSIG));
}

TEST_F(ImageTest, KeepsSignaturesOverNothingAsRecords) {
    block_ = compile(
        "x 9 RRSIG NS 13 3 60 20300101000000 20250101000000 1 example.org. q80=\n"
        "x 8 RRSIG A 13 3 60 20300101000000 20250101000000 1 example.org. q80=\n"
        "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom RRSIG NSEC3 13 3 60 20300101000000 20250101000000 1 "
        "example.org. q80=\n");
    ASSERT_TRUE(find("x"));
    EXPECT_FALSE(find("x").has(kDelegation));
    EXPECT_EQ(find("x").find(dns::RRType::RRSIG).record_count(), 2);
    EXPECT_TRUE(find("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"));
    EXPECT_EQ(block_.image().header().record_count, 6U);
    EXPECT_EQ(verify_image(block_.bytes()), ImageFault::None);
}

TEST_F(ImageTest, SpendsNothingOnWhatANameHasNot) {
    block_ = compile("a A 192.0.2.1\nw A 192.0.2.2\n*.w A 192.0.2.3\n");
    const auto size = [&](const std::string& name) {
        const Node node = find(name);
        const auto body = node.find(dns::RRType::A).body();
        return body.data() + body.size() - reinterpret_cast<const uint8_t*>(&node.header());
    };
    // Header, name, entry; header of the RRset, record.
    EXPECT_EQ(size("a"), 8 + 16 + 8 + 4 + 16);
    EXPECT_EQ(size("w"), size("a") + 4) << "the link to its wildcard";
    EXPECT_EQ(find("w").wildcard(), find("*.w"));
}

TEST_F(ImageTest, IsTheSameWhereverItLies) {
    std::vector<uint8_t> storage(block_.bytes().size() + kImageAlignment);
    uint8_t* const start = storage.data() + kImageAlignment -
                           reinterpret_cast<uintptr_t>(storage.data()) % kImageAlignment;
    std::ranges::copy(block_.bytes(), start);
    EXPECT_EQ(verify_image({start, block_.bytes().size()}), ImageFault::None);
    EXPECT_EQ(dns::to_text(Image(start).apex().owner()), "example.org.");
}

TEST_F(ImageTest, SaysWhatIsWrongWithABlock) {
    const auto bytes = block_.bytes();
    EXPECT_EQ(verify_image(bytes), ImageFault::None);
    EXPECT_EQ(verify_image(bytes.first(100)), ImageFault::Truncated);
    EXPECT_EQ(verify_image(bytes.first(bytes.size() - kImageAlignment)), ImageFault::Truncated);
    bytes.back() ^= 1;
    EXPECT_EQ(verify_image(bytes), ImageFault::WrongChecksum);
    bytes.back() ^= 1;
    bytes[0] ^= 1;
    EXPECT_EQ(verify_image(bytes), ImageFault::NotAnImage);
}

TEST_F(ImageTest, ReadsNoOtherFormat) {
    auto& header = *reinterpret_cast<ImageHeader*>(block_.bytes().data());
    const auto verdict = [&](uint32_t format) {
        header.format = format;
        header.checksum = image_checksum(block_.bytes());
        return verify_image(block_.bytes());
    };
    EXPECT_EQ(verdict(kImageFormat - 1), ImageFault::UnknownFormat);
    EXPECT_EQ(verdict(kImageFormat), ImageFault::None);
    EXPECT_EQ(verdict(kImageFormat + 1), ImageFault::UnknownFormat);
}

TEST_F(ImageTest, FindsPlacesWithoutKeysOfNamesToo) {
    block_ =
        compile("@ NSEC a.example.org. SOA NS\na NSEC ns.example.org. A\nns NSEC example.org. A\n");
    const auto behind_a = [&] {
        const Version version(block_.image());
        const NodeOrder names = version.names();
        NodeOrder::Place place = names.after(dns::parse_name("b.example.org.")->wire());
        return dns::to_text(names.previous(place).owner());
    };
    auto& header = *reinterpret_cast<ImageHeader*>(block_.bytes().data());
    ASSERT_NE(header.name_keys, 0U);
    EXPECT_EQ(behind_a(), "a.example.org.");
    header.name_keys = 0;
    header.checksum = image_checksum(block_.bytes());
    ASSERT_EQ(verify_image(block_.bytes()), ImageFault::None);
    EXPECT_EQ(behind_a(), "a.example.org.");
}

TEST_F(ImageTest, RefusesPartsThatLieOutsideEvenWithARightChecksum) {
    auto& header = *reinterpret_cast<ImageHeader*>(block_.bytes().data());
    header.name_count = 1U << 30;
    header.checksum = image_checksum(block_.bytes());
    EXPECT_EQ(verify_image(block_.bytes()), ImageFault::OutOfBounds);
}

TEST_F(ImageTest, RefusesANodeWithoutAName) {
    block_ = compile("@ NS a\na A 192.0.2.1\nc.b A 192.0.2.2\n");
    const Ref b = block_.image().order()[2];
    auto& node = *reinterpret_cast<NodeHeader*>(block_.bytes().data() + b * kRefUnit);
    ASSERT_EQ(node.rrset_count, 0U) << "an empty non-terminal: what follows its name is not read";
    node.owner_size = 0;
    auto& header = *reinterpret_cast<ImageHeader*>(block_.bytes().data());
    header.checksum = image_checksum(block_.bytes());
    EXPECT_EQ(verify_image(block_.bytes()), ImageFault::OutOfBounds);
}

// An answer takes the NS of a cut, the DNAME of what has one, and what hides a name for granted.
TEST_F(ImageTest, RefusesANodeThatHasNotWhatItsFlagsSay) {
    block_ = compile("sub NS ns\nx.sub A 192.0.2.1\nd DNAME e.\na A 192.0.2.1\n");
    const auto verdict_with = [&](const std::string& name, uint16_t flags) {
        auto& node = const_cast<NodeHeader&>(find(name).header());
        const uint16_t before = std::exchange(node.flags, flags);
        auto& header = *reinterpret_cast<ImageHeader*>(block_.bytes().data());
        header.checksum = image_checksum(block_.bytes());
        const ImageFault fault = verify_image(block_.bytes());
        node.flags = before;
        return fault;
    };
    EXPECT_EQ(verdict_with("a", 0), ImageFault::None);
    EXPECT_EQ(verdict_with("a", kDelegation), ImageFault::OutOfBounds);
    EXPECT_EQ(verdict_with("a", kDname), ImageFault::OutOfBounds);
    EXPECT_EQ(verdict_with("a", kOccluded), ImageFault::OutOfBounds);
    EXPECT_EQ(verdict_with("sub", 0), ImageFault::OutOfBounds) << "it hides a name";
}

TEST_F(ImageTest, RefusesAFreeSlotThatLeadsOutside) {
    auto& header = *reinterpret_cast<ImageHeader*>(block_.bytes().data());
    auto& bucket =
        *reinterpret_cast<Bucket*>(block_.bytes().data() + size_t{header.index} * kRefUnit);
    size_t slot = 0;
    while (bucket.tags[slot] != 0) ASSERT_LT(++slot, Bucket::kSlots);
    bucket.nodes[slot] = 1U << 30;
    header.checksum = image_checksum(block_.bytes());
    EXPECT_EQ(verify_image(block_.bytes()), ImageFault::OutOfBounds);
}

TEST(ImageBuilder, RefusesAnRRsetThatNoMessageCanHold) {
    std::string text = "@ 60 SOA ns h 9 20 10 60 5\n@ 60 NS ns.example.\n";
    for (int i = 0; i < 5000; ++i) {
        text += "x 60 A 10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + "\n";
    }
    const auto zone = compile_zone_text(*dns::parse_name("example.org."), text);
    ASSERT_FALSE(zone.image);
    EXPECT_EQ(zone.diagnostics[0].message,
              "x.example.org. has more A records than fit in a message");
}

TEST(ImageBuilder, NamesAZoneWithoutData) {
    const ImageBlock block = build_unavailable_image(*dns::parse_name("example.org."));
    EXPECT_TRUE(block.image().is_unavailable());
    EXPECT_EQ(dns::to_text(block.image().apex().owner()), "example.org.");
}

}  // namespace
}  // namespace nearcast::zone
