// SPDX-License-Identifier: Apache-2.0

#include "transfer/catalog_membership.h"

#include <gtest/gtest.h>

namespace nearcast::transfer {
namespace {

dns::Name name(std::string_view text) { return *dns::parse_name(text); }

class Membership : public testing::Test {
 protected:
    // What a catalog's new list means: "add a.", "reset a. of 1", …
    std::string list(size_t catalog, std::vector<CatalogMember> members) {
        return text_of(membership_.update(catalog, members));
    }
    // The same by what differs; "whole" when that does not tell.
    std::string change(size_t catalog, const std::vector<CatalogMember>& listed,
                       const std::vector<CatalogMember>& unlisted = {}) {
        CatalogDifference difference{.listed = listed};
        for (const CatalogMember& member : listed) difference.labels.insert(member.label);
        for (const CatalogMember& member : unlisted) {
            difference.labels.insert(member.label);
            difference.unlisted.push_back(member.zone);
        }
        const auto change = membership_.update(catalog, difference);
        return change ? text_of(*change) : "whole";
    }

    static std::string text_of(const CatalogMembership::Change& change) {
        std::string text;
        for (const MemberAction& action : change.actions) {
            constexpr std::array<const char*, 4> kWords = {"add ", "update ", "reset ", "remove "};
            text += kWords.at(static_cast<size_t>(action.kind)) + dns::to_text(action.zone);
            if (action.catalog > 0) text += " of " + std::to_string(action.catalog);
            if (action.serial) text += " serial " + std::to_string(*action.serial);
            for (const std::string& group : action.groups) text += " group " + group;
            text += "\n";
        }
        for (const std::string& what : change.ignored) text += "ignored: " + what + "\n";
        return text;
    }

    CatalogMembership membership_{{name("c0."), name("c1.")},
                                  [](const dns::Name& zone) { return zone == name("own."); }};
};

TEST_F(Membership, FollowsWhatACatalogLists) {
    EXPECT_EQ(list(0, {{name("a."), "1"}, {name("b."), "2"}}), "add a.\nadd b.\n");
    EXPECT_EQ(list(0, {{name("a."), "1"}, {name("b."), "2"}}), "");
    EXPECT_EQ(list(0, {{name("b."), "2"}, {name("c."), "3"}}), "remove a.\nadd c.\n");
    EXPECT_TRUE(membership_.has(name("C.")));
    EXPECT_FALSE(membership_.has(name("a.")));
    EXPECT_EQ(membership_.size(), 2U);
}

TEST_F(Membership, TellsOfNewProperties) {
    EXPECT_EQ(list(0, {{name("a."), "1", {}, {}, 7}}), "add a. serial 7\n");
    EXPECT_EQ(list(0, {{name("a."), "1", {}, {}, 8}}), "update a. serial 8\n");
    EXPECT_EQ(list(0, {{name("a."), "1", {"slow"}, {}, 8}}), "update a. serial 8 group slow\n");
}

TEST_F(Membership, ForgetsTheStateOfANewLabel) {
    EXPECT_EQ(list(0, {{name("a."), "1"}}), "add a.\n");
    EXPECT_EQ(list(0, {{name("a."), "2"}}), "reset a.\n");
}

TEST_F(Membership, LeavesAloneWhatIsConfiguredOtherwise) {
    EXPECT_EQ(list(0, {{name("own."), "1"}}), "ignored: own. is configured here otherwise\n");
    EXPECT_EQ(list(0, {}), "");
}

TEST_F(Membership, FollowsWhatDiffersAlone) {
    EXPECT_EQ(list(0, {{name("a."), "1"}, {name("b."), "2", {}, {}, 7}}),
              "add a.\nadd b. serial 7\n");
    EXPECT_EQ(change(0, {{name("b."), "2", {}, {}, 8}}), "update b. serial 8\n");
    EXPECT_EQ(change(0, {{name("c."), "3"}}, {{name("A."), "1"}}), "remove a.\nadd c.\n");
    EXPECT_EQ(change(0, {{name("c."), "4"}}, {{name("c."), "3"}}), "reset c.\n");
    EXPECT_EQ(change(0, {}, {{name("gone."), "9"}}), "");
    EXPECT_EQ(membership_.size(), 2U);
    // The other one has a zone that this one gives free.
    EXPECT_NE(list(1, {{name("b."), "2"}}), "");
    EXPECT_EQ(change(0, {}, {{name("b."), "2"}}), "remove b.\nadd b. of 1\n");
}

TEST_F(Membership, KeepsWhatALabelListsThatDoesNotDiffer) {
    EXPECT_EQ(list(0, {{name("a."), "1"}}), "add a.\n");
    // Another label listed it too for a moment, and then another one came.
    EXPECT_EQ(change(0, {}, {{name("a."), "2"}}), "");
    EXPECT_EQ(change(0, {{name("a."), "3"}}, {{name("a."), "2"}}), "whole");
    EXPECT_TRUE(membership_.has(name("a.")));
}

TEST_F(Membership, LeavesToTheWholeListWhichOfTwoCounts) {
    EXPECT_EQ(list(0, {{name("a."), "1"}}), "add a.\n");
    EXPECT_EQ(change(0, {{name("a."), "2"}}), "whole");
    EXPECT_EQ(change(0, {{name("b."), "2"}, {name("B."), "3"}}), "whole");
    EXPECT_FALSE(membership_.has(name("b.")));
}

TEST_F(Membership, GivesAZoneToOneCatalogOnly) {
    EXPECT_EQ(list(0, {{name("a."), "1"}}), "add a.\n");
    EXPECT_EQ(list(1, {{name("a."), "1"}}),
              "ignored: a. belongs to the catalog c0., which does not name this one in a coo "
              "property\n");
    EXPECT_EQ(list(0, {}), "remove a.\nadd a. of 1\n");
}

TEST_F(Membership, MovesAZoneThatItsOwnerGivesAway) {
    EXPECT_EQ(list(0, {{name("a."), "1"}, {name("b."), "2"}}), "add a.\nadd b.\n");
    const std::vector<CatalogMember> leaving{{name("a."), "1", {}, name("c1.")},
                                             {name("b."), "2", {}, name("c1.")}};
    EXPECT_EQ(list(0, leaving), "");
    // The same label: the same state. Another: a new one.
    EXPECT_EQ(list(1, {{name("a."), "1"}, {name("b."), "9"}}), "update a. of 1\nreset b. of 1\n");
    EXPECT_EQ(list(0, {}), "");
    EXPECT_TRUE(membership_.has(name("a.")));
}

TEST_F(Membership, MovesAZoneThatTheHeirListedFirst) {
    EXPECT_EQ(list(0, {{name("a."), "1"}}), "add a.\n");
    EXPECT_NE(list(1, {{name("a."), "1"}}), "");
    EXPECT_EQ(list(0, {{name("a."), "1", {}, name("c1.")}}), "update a. of 1\n");
    EXPECT_EQ(list(1, {}), "remove a.\nadd a.\n");  // Its old catalog lists it still.
}

}  // namespace
}  // namespace nearcast::transfer
