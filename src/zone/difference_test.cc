// SPDX-License-Identifier: Apache-2.0

#include "zone/difference.h"

#include <gtest/gtest.h>

#include "zone/apply.h"
#include "zone/zone_fixture.h"

namespace nearcast::zone {
namespace {

constexpr const char* kOld =
    "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nns AAAA 2001:db8::1\n"
    "ns RRSIG A 13 3 60 20300101000000 20250101000000 1 example.org. q80=\n"
    "gone TXT x\nwww A 192.0.2.2\nttl A 192.0.2.3\n"
    "2t7b4g4vsa5smi47k61mv5bv1a22bojr NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A\n";
constexpr const char* kNew =
    "$TTL 60\n@ SOA ns h 2 2 3 4 5\n@ NS ns\nns A 192.0.2.9\nns AAAA 2001:db8::1\n"
    "ns RRSIG A 13 3 60 20300101000000 20250101000000 1 example.org. q84=\n"
    "fresh TXT x\nWWW A 192.0.2.2\nttl 5 A 192.0.2.3\n"
    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n";

TEST(Difference, NamesWhatIsGoneAndWhatIsNew) {
    const ImageBlock from = image_of(kOld);
    const ImageBlock to = image_of(kNew);
    const Changeset changes = difference(Version(from.image()), Version(to.image()));
    EXPECT_EQ(
        text_of(changes.removed()),
        "example.org. 60 SOA ns.example.org. h.example.org. 1 2 3 4 5\n"
        "gone.example.org. 60 TXT \"x\"\n"
        "ns.example.org. 60 A 192.0.2.1\n"
        "ns.example.org. 60 RRSIG A 13 3 60 20300101000000 20250101000000 1 example.org. q80=\n"
        "ttl.example.org. 60 A 192.0.2.3\n"
        "www.example.org. 60 A 192.0.2.2\n"
        "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.org. 60 NSEC3 1 0 0 - "
        "2t7b4g4vsa5smi47k61mv5bv1a22bojr A\n");
    EXPECT_EQ(
        text_of(changes.added()),
        "example.org. 60 SOA ns.example.org. h.example.org. 2 2 3 4 5\n"
        "fresh.example.org. 60 TXT \"x\"\n"
        "ns.example.org. 60 A 192.0.2.9\n"
        "ns.example.org. 60 RRSIG A 13 3 60 20300101000000 20250101000000 1 example.org. q84=\n"
        "ttl.example.org. 5 A 192.0.2.3\n"
        "WWW.example.org. 60 A 192.0.2.2\n"
        "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.org. 60 NSEC3 1 0 0 - "
        "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n");
}

TEST(Difference, MakesOneVersionOfTheOther) {
    const ImageBlock from = image_of(kOld);
    const ImageBlock to = image_of(kNew);
    const auto made = apply_changes(Version(from.image()),
                                    difference(Version(from.image()), Version(to.image())));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(text_of(*made), text_of(to));
}

TEST(Difference, IsTheSoaAloneBetweenEqualVersions) {
    const ImageBlock zone = image_of(kOld);
    const Changeset changes = difference(Version(zone.image()), Version(zone.image()));
    EXPECT_EQ(changes.removed_count(), 1U);
    EXPECT_EQ(changes.added_count(), 1U);
    EXPECT_TRUE(changes.is_complete());
}

}  // namespace
}  // namespace nearcast::zone
