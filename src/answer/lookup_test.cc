// SPDX-License-Identifier: Apache-2.0

#include "answer/lookup.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "zone/delta.h"
#include "zone/name_changes.h"
#include "zone/zone_fixture.h"

namespace nearcast::answer {
namespace {

constexpr const char* kZone = R"(
$TTL 60
@       SOA   ns h 1 2 3 4 5
@       NS    ns
ns      A     192.0.2.1
a.b.ent TXT   x
*.w     A     192.0.2.2
x.w     A     192.0.2.3
cut     NS    ns.cut
ns.cut  A     192.0.2.4
alias   DNAME example.net.
)";

std::vector<dns::Name> names_about(const zone::Version& zone) {
    std::vector<dns::Name> names;
    zone::NodeOrder order = zone.names();
    zone::NodeOrder::Place place;
    while (const zone::Node node = order.next(place)) {
        const dns::Name name = *dns::Name::from_wire(node.owner());
        names.push_back(name);
        for (const char* label : {"a", "ns", "missing"}) {
            dns::Name below;
            if (below.append(label) && below.append(name)) names.push_back(below);
        }
    }
    return names;
}

TEST(LookUp, TakesALikelyNodeOnlyIfItHasTheName) {
    const zone::ImageBlock image = zone::image_of(kZone);
    ASSERT_TRUE(image);
    const zone::Version version(image.image());
    const std::vector<dns::Name> names = names_about(version);
    size_t likely_count = 0;
    for (const dns::Name& name : names) {
        const zone::HashedName hashed(name.wire());
        const Lookup plain = look_up(version, hashed);
        for (const dns::Name& other : names) {
            const zone::HashedName of_other(other.wire());
            const zone::Node likely = version.prefetch_node(of_other.hash());
            const Lookup found = look_up(version, hashed, likely);
            EXPECT_EQ(found.match, plain.match) << dns::to_text(name) << dns::to_text(other);
            EXPECT_EQ(found.node, plain.node) << dns::to_text(name) << dns::to_text(other);
            EXPECT_EQ(found.encloser, plain.encloser) << dns::to_text(name) << dns::to_text(other);
            likely_count += static_cast<bool>(likely) && plain.node == likely;
        }
    }
    // The right one was among them for each name that exists.
    EXPECT_GE(likely_count, image.image().order().size());
}

TEST(LookUp, WithADeltaALikelyNodeIsOfTheVersionWhereItHasTheName) {
    const zone::ImageBlock image = zone::image_of(kZone);
    ASSERT_TRUE(image);
    const zone::Version base(image.image());
    const zone::Changeset records =
        zone::change_of("@ 60 SOA ns h 1 2 3 4 5\nns 60 A 192.0.2.1\nx.w 60 A 192.0.2.3\n",
                        "@ 60 SOA ns h 2 2 3 4 5\nns 60 A 192.0.2.9\nnew 60 A 192.0.2.5\n");
    const auto changes = zone::name_changes(base, records);
    ASSERT_TRUE(changes) << changes.error().message;
    const auto delta = zone::build_delta(base, *changes, 100);
    ASSERT_TRUE(delta && *delta);
    const zone::Version version((*delta)->image());
    std::vector<dns::Name> names = names_about(base);
    for (const dns::Name& name : names_about(version)) names.push_back(name);
    size_t likely_count = 0;
    for (const dns::Name& name : names) {
        const zone::HashedName hashed(name.wire());
        const Lookup plain = look_up(version, hashed);
        const zone::Node likely = fetch_likely(version, hashed);
        const Lookup found = look_up(version, hashed, likely);
        EXPECT_EQ(found.match, plain.match) << dns::to_text(name);
        EXPECT_EQ(found.node, plain.node) << dns::to_text(name);
        EXPECT_EQ(found.encloser, plain.encloser) << dns::to_text(name);
        likely_count += static_cast<bool>(likely) && plain.node == likely;
    }
    // Each name that the version has was among them, and most came twice.
    EXPECT_GE(likely_count, image.image().order().size());
}

}  // namespace
}  // namespace nearcast::answer
