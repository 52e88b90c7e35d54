// SPDX-License-Identifier: Apache-2.0

#include "transfer/catalog.h"

#include <algorithm>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "transfer/catalog_membership.h"
#include "zone/compile.h"
#include "zone/difference.h"

namespace nearcast::transfer {
namespace {

dns::Name name(std::string_view text) { return *dns::parse_name(text); }

constexpr std::string_view kHead =
    "$TTL 0\n@ SOA invalid. invalid. 7 3600 600 2419200 0\n@ NS invalid.\n";

// What the zone with these records lists, or why it lists nothing.
std::string members_of(const std::string& records) {
    const auto zone =
        zone::compile_zone_text(name("catalog.example."), std::string(kHead) + records);
    if (!zone.image) return zone.diagnostics.front().to_text();
    const auto catalog = read_catalog(zone::Version(zone.image.image()));
    if (!catalog) return catalog.error().message;
    std::string text;
    for (const CatalogMember& member : catalog->members) {
        text += member.label + "=" + dns::to_text(member.zone);
        for (const std::string& group : member.groups) text += " group:" + group;
        if (member.coo) text += " coo:" + dns::to_text(*member.coo);
        if (member.serial) text += " serial:" + std::to_string(*member.serial);
        text += "\n";
    }
    for (const std::string& what : catalog->ignored) text += "ignored: " + what + "\n";
    return text;
}

TEST(ReadCatalog, ListsTheMembersWithTheirProperties) {
    EXPECT_EQ(members_of("version TXT 2\n"
                         "b.zones PTR example.org.\n"
                         "group.b.zones TXT signed\n"
                         "group.b.zones TXT \"two \" words\n"
                         "coo.b.zones PTR other.example.\n"
                         "serial.nearcast.ext.b.zones TXT 2026112501\n"
                         "A.zones PTR Example.NET.\n"),
              "a=Example.NET.\n"
              "b=example.org. group:signed group:two words coo:other.example. serial:2026112501\n");
    EXPECT_EQ(members_of("version TXT 2\n"), "");
}

TEST(ReadCatalog, IgnoresWhatItDoesNotKnow) {
    EXPECT_EQ(members_of("version TXT 2\n"
                         "a.zones PTR example.net.\n"
                         "a.zones TXT x\n"
                         "x.ext.a.zones TXT x\n"
                         "serial.nearcast.ext.a.zones TXT soon\n"
                         "deep.serial.nearcast.ext.a.zones TXT 1\n"
                         "group.gone.zones TXT x\n"
                         "ext TXT x\n"
                         "zones PTR example.com.\n"
                         "self.zones PTR catalog.example.\n"),
              "a=example.net.\nignored: the catalog lists itself\n");
}

TEST(ReadCatalog, TakesAZoneThatIsListedTwiceOnce) {
    EXPECT_EQ(members_of("version TXT 2\na.zones PTR example.net.\nb.zones PTR EXAMPLE.net.\n"),
              "a=example.net.\nignored: example.net. is listed twice, as a and b\n");
}

TEST(ReadCatalog, RefusesABrokenOne) {
    const std::string no_version =
        "catalog.example. is no catalog of version 2: version.catalog.example. must have one TXT "
        "record, \"2\"";
    EXPECT_EQ(members_of("a.zones PTR example.net.\n"), no_version);
    EXPECT_EQ(members_of("version TXT 1\n"), no_version);
    EXPECT_EQ(members_of("version TXT 2\nversion TXT 1\n"), no_version);
    EXPECT_EQ(members_of("version TXT 2\na.zones PTR example.net.\na.zones PTR example.org.\n"),
              "member example.org. of the catalog catalog.example. has several PTR records where "
              "one must be");
    EXPECT_EQ(members_of("version TXT 2\na.zones PTR example.net.\n"
                         "coo.a.zones PTR x.\ncoo.a.zones PTR y.\n"),
              "member example.net. of the catalog catalog.example. has several PTR records where "
              "one must be");
}

// A catalog that changes, and what two look at: one at all of it each time, one at what changed.
class ChangingCatalog {
 public:
    // Some members more or less, or with other properties.
    void change() {
        for (auto count = 1 + random_() % 3; count > 0; --count) {
            const std::string label = "m" + std::to_string(random_() % 12);
            if (random_() % 4 == 0) {
                members_.erase(label);
                continue;
            }
            const std::string below = label + ".zones ";
            std::string& text = members_[label];
            text = below + "PTR z" + std::to_string(random_() % 25) + ".\n";
            if (random_() % 20 == 0) text += below + "PTR second.\n";
            if (random_() % 3 == 0) text += "group." + below + "TXT g\n";
            if (random_() % 3 == 0) text += "coo." + below + "PTR c1.\n";
            text += "serial.nearcast.ext." + below + "TXT " + std::to_string(random_() % 9) + "\n";
        }
    }
    [[nodiscard]] zone::CompiledZone compile() {
        std::string text = "$TTL 0\n@ SOA invalid. invalid. " + std::to_string(++serial_) +
                           " 3600 600 2419200 0\n@ NS invalid.\nversion TXT 2\n";
        for (const auto& [label, records] : members_) text += records;
        return zone::compile_zone_text(name("catalog.example."), text);
    }

 private:
    std::minstd_rand random_{1};
    std::map<std::string, std::string> members_;
    uint32_t serial_ = 0;
};

TEST(ReadDifference, MeansWhatTheWholeMeans) {
    const auto is_taken = [](const dns::Name&) { return false; };
    CatalogMembership by_whole({name("catalog.example.")}, is_taken);
    CatalogMembership by_changes({name("catalog.example.")}, is_taken);
    const auto sorted = [](std::vector<MemberAction> actions) {
        std::ranges::sort(actions, {}, [](const MemberAction& action) {
            return std::pair(action.kind, dns::to_text(action.zone));
        });
        return actions;
    };
    ChangingCatalog catalog;
    zone::CompiledZone last = catalog.compile();
    std::vector<zone::Changeset> changes;
    bool is_followed = true;
    size_t count = 0;
    for (int round = 0; round < 2000; ++round) {
        catalog.change();
        zone::CompiledZone next = catalog.compile();
        const zone::Version version(next.image.image());
        changes.push_back(zone::difference(zone::Version(last.image.image()), version));
        last = std::move(next);
        if (round % 3 == 0) continue;  // And so several changes are followed at once.
        const auto listed = read_catalog(version);
        const auto difference = read_difference(version, std::exchange(changes, {}));
        if (!listed) {
            EXPECT_FALSE(is_followed && difference);
            is_followed = false;
            continue;
        }
        auto change = is_followed && difference ? by_changes.update(0, *difference) : std::nullopt;
        if (change) ++count;
        if (!change) change = by_changes.update(0, listed->members);
        EXPECT_EQ(sorted(change->actions), sorted(by_whole.update(0, listed->members).actions));
        EXPECT_EQ(by_changes.size(), listed->members.size());
        is_followed = listed->ignored.empty();
    }
    EXPECT_GT(count, 50U);
}

TEST(ReadDifference, LeavesTheVersionToTheWhole) {
    const auto compile = [](const std::string& records) {
        return zone::compile_zone_text(name("catalog.example."), std::string(kHead) + records);
    };
    const auto before = compile("version TXT 2\na.zones PTR a.\n");
    const auto after = compile("version TXT 3\na.zones PTR a.\n");
    const zone::Version version(after.image.image());
    const std::vector changes{zone::difference(zone::Version(before.image.image()), version)};
    EXPECT_FALSE(read_difference(version, changes));
}

TEST(BuildCatalog, MakesWhatReadingGivesBack) {
    std::vector<CatalogMember> members{
        {.zone = name("example.net."), .label = catalog_label(name("example.net."))},
        {.zone = name("example.org."),
         .label = catalog_label(name("example.org.")),
         .groups = {"signed", std::string(300, 'x')},
         .coo = name("other.example."),
         .serial = 4294967295}};
    const auto image = build_catalog(name("catalog.example."), 42, members);
    ASSERT_TRUE(image) << image.error().message;
    const zone::Version version(image->image());
    EXPECT_EQ(version.serial(), 42U);
    const auto catalog = read_catalog(version);
    ASSERT_TRUE(catalog) << catalog.error().message;
    EXPECT_EQ(catalog->members, members);
    EXPECT_TRUE(catalog->ignored.empty());
}

TEST(BuildCatalog, RefusesANameThatLeavesNoRoom) {
    const std::string label(60, 'c');
    const dns::Name apex = name(label + "." + label + "." + label + "." + label + ".");
    const std::vector<CatalogMember> members{{.zone = name("example.net."), .label = "a"}};
    EXPECT_TRUE(build_catalog(apex, 1, members));
    const std::vector<CatalogMember> longer{
        {.zone = name("example.net."), .label = catalog_label(name("example.net."))}};
    EXPECT_FALSE(build_catalog(apex, 1, longer));
}

TEST(CatalogLabel, IsTheSameInAnyLetterCase) {
    EXPECT_EQ(catalog_label(name("Example.ORG.")), catalog_label(name("example.org.")));
    EXPECT_NE(catalog_label(name("example.org.")), catalog_label(name("example.net.")));
    EXPECT_EQ(catalog_label(name("example.org.")).size(), 32U);
}

}  // namespace
}  // namespace nearcast::transfer
