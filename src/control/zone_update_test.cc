// SPDX-License-Identifier: Apache-2.0

#include "control/zone_update.h"

#include <map>

#include <gtest/gtest.h>

#include "control/record_content.h"

namespace nearcast::control {
namespace {

using dns::Rcode;
using dns::RRClass;
using dns::RRType;
using Kind = RrsetEdit::Kind;

const dns::Name kApex = *dns::parse_name("example.org.");

dns::Name name(const std::string& text) { return *dns::parse_name(text, &kApex); }

dns::Record record(const std::string& owner, RRClass rr_class, RRType type, uint32_t ttl,
                   const std::string& content) {
    dns::Record made;
    made.owner = name(owner);
    made.type = type;
    made.rr_class = rr_class;
    made.ttl = ttl;
    if (!content.empty()) made.rdata = *parse_content(type, content);
    return made;
}

class OfZoneUpdate : public testing::Test {
 protected:
    OfZoneUpdate() {
        put("@", RRType::SOA, {{"ns1.example.net. h.example.net. 5 3600 900 604800 60"}});
        put("@", RRType::NS, {{"ns1.example.net."}});
        put("www", RRType::TXT, {{"\"a\\098c\""}, {"\"off\"", true}});
    }

    void put(const std::string& owner, RRType type, std::vector<RecordText> records) {
        sets[row(owner)].push_back({name(owner).lowered(), type, 300, std::move(records), {}});
    }
    static std::string row(const std::string& owner) { return dns::key_of(name(owner)); }

    void add(const std::string& owner, RRType type, const std::string& content) {
        message.updates.push_back(record(owner, RRClass::IN, type, 60, content));
    }

    // The serial of who sends it is 9, that of the zone 5.
    std::vector<RrsetEdit> derive(Rcode rcode = Rcode::NoError) {
        Zone zone;
        zone.name = kApex;
        zone.serial = 5;
        const ZoneSight sight{zone, [this](const dns::Name& owner) {
                                  return base::Result<std::vector<Rrset>>(sets[dns::key_of(owner)]);
                              }};
        ZoneUpdate update(sight, message, scope, 9);
        const auto derived = update.derive();
        EXPECT_EQ(update.rcode(), rcode);
        EXPECT_EQ(derived->has_value(), rcode == Rcode::NoError);
        if (!*derived) return {};
        serial = (*derived)->serial;
        return (*derived)->edits;
    }

    std::map<std::string, std::vector<Rrset>> sets;
    transfer::UpdateMessage message;
    KeyScope scope;
    std::optional<uint32_t> serial;
};

TEST_F(OfZoneUpdate, WhatStaysKeepsItsWords) {
    add("www", RRType::TXT, "\"new\"");
    const auto edits = derive();
    ASSERT_EQ(edits.size(), 1U);
    EXPECT_EQ(edits[0].kind, Kind::Replace);
    EXPECT_EQ(edits[0].ttl, 60U);
    EXPECT_EQ(*edits[0].records,
              (std::vector<RecordText>{{"\"a\\098c\""}, {"\"off\"", true}, {"\"new\""}}));
    EXPECT_FALSE(serial);
}

TEST_F(OfZoneUpdate, WhatIsDisabledComesBackWhenItIsAdded) {
    add("www", RRType::TXT, "\"off\"");
    EXPECT_EQ(*derive()[0].records, (std::vector<RecordText>{{"\"a\\098c\""}, {"\"off\""}}));
}

TEST_F(OfZoneUpdate, ASetThatIsDeletedLeavesWhatIsDisabled) {
    message.updates.push_back(record("www", RRClass::ANY, RRType::ANY, 0, ""));
    auto edits = derive();
    ASSERT_EQ(edits.size(), 1U);
    EXPECT_EQ(*edits[0].records, (std::vector<RecordText>{{"\"off\"", true}}));
    sets[row("www")][0].records.pop_back();
    edits = derive();
    ASSERT_EQ(edits.size(), 1U);
    EXPECT_EQ(edits[0].kind, Kind::Delete);
}

TEST_F(OfZoneUpdate, WhatIsThereAlreadyIsNoChange) {
    message.updates.push_back(record("www", RRClass::IN, RRType::TXT, 300, "\"abc\""));
    message.updates.push_back(record("none", RRClass::ANY, RRType::A, 0, ""));
    EXPECT_TRUE(derive().empty());
}

TEST_F(OfZoneUpdate, AlwaysLeavesTheSoaAndAnNs) {
    message.updates.push_back(record("@", RRClass::ANY, RRType::ANY, 0, ""));
    message.updates.push_back(record("@", RRClass::ANY, RRType::SOA, 0, ""));
    message.updates.push_back(record("@", RRClass::NONE, RRType::NS, 0, "ns1.example.net."));
    EXPECT_TRUE(derive().empty());
}

TEST_F(OfZoneUpdate, ASoaCountsWhenItIsLaterThanTheOneThatIsSeen) {
    add("@", RRType::SOA, "ns1.example.net. h.example.net. 8 3600 900 604800 60");
    EXPECT_TRUE(derive().empty());
    EXPECT_FALSE(serial);
    add("@", RRType::SOA, "ns1.example.net. h.example.net. 12 3600 900 604800 60");
    EXPECT_EQ(derive().size(), 1U);
    EXPECT_EQ(serial, 12U);
}

TEST_F(OfZoneUpdate, PrerequisitesAreJudgedBeforeRights) {
    scope.types = {RRType::A};
    add("www", RRType::TXT, "\"new\"");
    derive(Rcode::Refused);
    message.prerequisites.push_back(record("www", RRClass::NONE, RRType::TXT, 0, ""));
    derive(Rcode::YXRRSet);
    message.prerequisites = {record("@", RRClass::IN, RRType::SOA, 0,
                                    "ns1.example.net. h.example.net. 9 3600 900 604800 60")};
    derive(Rcode::Refused);
}

TEST_F(OfZoneUpdate, EveryTypeIsNeededToDeleteAll) {
    scope.types = {RRType::TXT};
    message.updates.push_back(record("www", RRClass::ANY, RRType::ANY, 0, ""));
    derive(Rcode::Refused);
    message.updates = {record("www", RRClass::ANY, RRType::TXT, 0, "")};
    EXPECT_EQ(derive().size(), 1U);
}

TEST_F(OfZoneUpdate, AZoneWithoutASoaTakesNone) {
    sets[row("@")].clear();
    add("www", RRType::TXT, "\"new\"");
    derive(Rcode::ServFail);
}

}  // namespace
}  // namespace nearcast::control
