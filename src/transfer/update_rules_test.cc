// SPDX-License-Identifier: Apache-2.0

#include "transfer/update_rules.h"

#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "zone/apply.h"
#include "zone/zone_fixture.h"

namespace nearcast::transfer {
namespace {

using dns::Rcode;
using dns::Record;
using dns::RRClass;
using dns::RRType;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kZone = R"($TTL 300
@ SOA ns1 admin 7 3600 900 604800 60
@ NS ns1
@ NS ns2
@ TXT "apex"
ns1 A 192.0.2.1
ns2 A 192.0.2.2
host A 192.0.2.3
host A 192.0.2.4
host TXT "x"
alias CNAME Target.example.org.
mail MX 10 Mail.example.org.
deep.empty A 192.0.2.5
tree DNAME other.example.net.
)";

// One line of a record, such as "host 300 A 192.0.2.1".
Record record_of(const std::string& line) {
    Record found;
    dns::ZoneFileOptions options;
    options.origin = *dns::parse_name("example.org.");
    (void)dns::parse_zone_file(
        line + "\n", options,
        [&](const Record& record, const dns::ZoneFilePlace&) { found = record; });
    EXPECT_NE(found.type, RRType::None) << line;
    return found;
}

// "yes host", "no host A", "is host A 192.0.2.3": prerequisites; "add host 60 A 192.0.2.9",
// "delete host", "delete host A", "delete host A 192.0.2.3": updates. As nsupdate has them.
Record parse(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    std::string name;
    std::string type;
    std::string rest;
    words >> verb >> name;
    if (verb == "add") return record_of(line.substr(4));
    words >> type;
    std::getline(words, rest);
    Record record;
    if (verb == "is" || !rest.empty()) {
        record = record_of(name + " 0 " + type + rest);
        record.rr_class = verb == "is" ? RRClass::IN : RRClass::NONE;
        return record;
    }
    const dns::Name origin = *dns::parse_name("example.org.");
    record.owner = *dns::parse_name(name, &origin);
    record.type = type.empty() ? RRType::ANY : *dns::parse_rr_type(type);
    record.rr_class = verb == "no" ? RRClass::NONE : RRClass::ANY;
    return record;
}

class Updating : public testing::Test {
 protected:
    Rcode prerequisites(const std::vector<std::string>& lines) {
        ZoneEdit edit(version_);
        std::vector<Record> records;
        for (const std::string& line : lines) records.push_back(parse(line));
        return check_prerequisites(records, apex_, edit);
    }

    static Rcode form_of(const Record& update) {
        return check_updates({&update, 1}, *dns::parse_name("example.org."));
    }

    // The zone after the update; empty when nothing changed.
    std::string updated(const std::vector<std::string>& lines) {
        ZoneEdit edit(version_);
        std::vector<Record> records;
        for (const std::string& line : lines) records.push_back(parse(line));
        EXPECT_EQ(check_updates(records, apex_), Rcode::NoError);
        carry_out_updates(records, apex_, version_.serial(), edit);
        if (!edit.has_changes()) return "";
        const zone::Changeset changes = edit.changes();
        EXPECT_TRUE(changes.is_complete());
        EXPECT_EQ(changes.from_serial(), 7U);
        const auto image = zone::apply_changes(version_, changes);
        EXPECT_TRUE(image.has_value()) << image.error().message;
        return image ? zone::text_of(*image) : "";
    }

    const dns::Name apex_ = *dns::parse_name("example.org.");
    const zone::ImageBlock image_ = zone::image_of(kZone);
    const zone::Version version_{image_.image()};
};

TEST_F(Updating, ANameMustBeInUse) {
    EXPECT_EQ(prerequisites({"yes host"}), Rcode::NoError);
    EXPECT_EQ(prerequisites({"yes HOST"}), Rcode::NoError);
    EXPECT_EQ(prerequisites({"yes nobody"}), Rcode::NXDomain);
    EXPECT_EQ(prerequisites({"yes empty"}), Rcode::NXDomain);  // An empty non-terminal is not.
}

TEST_F(Updating, ANameMustNotBeInUse) {
    EXPECT_EQ(prerequisites({"no nobody"}), Rcode::NoError);
    EXPECT_EQ(prerequisites({"no empty"}), Rcode::NoError);
    EXPECT_EQ(prerequisites({"no host"}), Rcode::YXDomain);
}

TEST_F(Updating, ASetMustExistOrNot) {
    EXPECT_EQ(prerequisites({"yes host A", "no host AAAA"}), Rcode::NoError);
    EXPECT_EQ(prerequisites({"yes host AAAA"}), Rcode::NXRRSet);
    EXPECT_EQ(prerequisites({"no host A"}), Rcode::YXRRSet);
    EXPECT_EQ(prerequisites({"yes alias A"}), Rcode::NXRRSet);  // No alias is followed.
}

TEST_F(Updating, ASetMustHaveExactlyTheseData) {
    EXPECT_EQ(prerequisites({"is host A 192.0.2.4", "is host A 192.0.2.3"}), Rcode::NoError);
    EXPECT_EQ(prerequisites({"is host A 192.0.2.3"}), Rcode::NXRRSet);
    EXPECT_EQ(prerequisites({"is host A 192.0.2.3", "is host A 192.0.2.9"}), Rcode::NXRRSet);
    EXPECT_EQ(prerequisites({"is host A 192.0.2.3", "is host A 192.0.2.4", "is host A 192.0.2.5"}),
              Rcode::NXRRSet);
    EXPECT_EQ(prerequisites({"is mail MX 10 mAIL.example.org."}), Rcode::NoError);
    EXPECT_EQ(prerequisites({"is nobody A 192.0.2.3"}), Rcode::NXRRSet);
    // Said twice it is said once.
    EXPECT_EQ(prerequisites({"is host TXT \"x\"", "is host TXT \"x\""}), Rcode::NoError);
}

TEST_F(Updating, PrerequisitesThatCannotBeAreToldApart) {
    ZoneEdit edit(version_);
    Record record = parse("yes host A");
    record.ttl = 1;
    EXPECT_EQ(check_prerequisites({&record, 1}, apex_, edit), Rcode::FormErr);
    record = parse("yes host.example.net. A");
    EXPECT_EQ(check_prerequisites({&record, 1}, apex_, edit), Rcode::NotZone);
    record = parse("yes host A");
    record.rdata = {192, 0, 2, 1};
    EXPECT_EQ(check_prerequisites({&record, 1}, apex_, edit), Rcode::FormErr);
    record = parse("is host A 192.0.2.3");
    record.rr_class = RRClass::CH;
    EXPECT_EQ(check_prerequisites({&record, 1}, apex_, edit), Rcode::FormErr);
}

TEST_F(Updating, UpdatesThatCannotBeAreToldApart) {
    EXPECT_EQ(form_of(parse("add host.example.net. 300 A 192.0.2.1")), Rcode::NotZone);
    Record record = parse("delete host A");
    record.ttl = 1;
    EXPECT_EQ(form_of(record), Rcode::FormErr);
    record = parse("delete host A");
    record.rdata = {1, 2, 3, 4};
    EXPECT_EQ(form_of(record), Rcode::FormErr);
    record = parse("delete host A 192.0.2.3");
    record.type = RRType::ANY;
    EXPECT_EQ(form_of(record), Rcode::FormErr);
    record = parse("delete host");
    record.type = RRType::AXFR;
    EXPECT_EQ(form_of(record), Rcode::FormErr);
    record = parse("add host 300 A 192.0.2.1");
    record.type = RRType::ANY;
    EXPECT_EQ(form_of(record), Rcode::FormErr);
    record = parse("add host 300 A 192.0.2.1");
    record.rr_class = RRClass::CH;
    EXPECT_EQ(form_of(record), Rcode::FormErr);
}

TEST_F(Updating, AddsAndRaisesTheSerialByOne) {
    const std::string zone = updated({"add new 60 A 192.0.2.9"});
    EXPECT_THAT(zone, HasSubstr("new.example.org. 60 A 192.0.2.9\n"));
    EXPECT_THAT(zone, HasSubstr(" 8 3600 900 604800 60\n"));
}

TEST_F(Updating, WhatIsThereAlreadyChangesNothing) {
    EXPECT_EQ(updated({"add host 300 A 192.0.2.3"}), "");
    EXPECT_EQ(updated({"delete nobody", "delete host AAAA", "delete host A 192.0.2.9"}), "");
    EXPECT_EQ(updated({"add new 60 A 192.0.2.9", "delete new"}), "");
}

TEST_F(Updating, TheTtlOfAnAdditionIsThatOfItsSet) {
    const std::string zone = updated({"add host 60 A 192.0.2.3"});
    EXPECT_THAT(zone, HasSubstr("host.example.org. 60 A 192.0.2.3\n"));
    EXPECT_THAT(zone, HasSubstr("host.example.org. 60 A 192.0.2.4\n"));
}

TEST_F(Updating, DeletesOneASetOrAllSets) {
    EXPECT_THAT(updated({"delete host A 192.0.2.3"}),
                HasSubstr("host.example.org. 300 A 192.0.2.4"));
    EXPECT_THAT(updated({"delete host A 192.0.2.3"}), Not(HasSubstr("192.0.2.3")));
    EXPECT_THAT(updated({"delete host A"}), Not(HasSubstr("host.example.org. 300 A")));
    EXPECT_THAT(updated({"delete host A"}), HasSubstr("host.example.org. 300 TXT"));
    EXPECT_THAT(updated({"delete host"}), Not(HasSubstr("host.example.org.")));
    EXPECT_THAT(updated({"delete mail MX 10 MAIL.example.org."}), Not(HasSubstr(" MX ")));
}

TEST_F(Updating, TheApexKeepsItsSoaAndNs) {
    EXPECT_EQ(updated({"delete @ SOA", "delete @ NS"}), "");
    const std::string zone = updated({"delete @"});
    EXPECT_THAT(zone, HasSubstr(" SOA "));
    EXPECT_THAT(zone, HasSubstr(" NS ns1"));
    EXPECT_THAT(zone, Not(HasSubstr("apex")));
    const std::string one = updated({"delete @ NS ns1", "delete @ NS ns2"});
    EXPECT_THAT(one, HasSubstr(" NS ns2"));
    EXPECT_THAT(one, Not(HasSubstr(" NS ns1")));
    EXPECT_THAT(updated({"delete ns1"}), Not(HasSubstr("ns1.example.org. 300 A")));
}

TEST_F(Updating, AnAliasStandsAloneAndConflictsAreIgnored) {
    EXPECT_EQ(updated({"add alias 300 A 192.0.2.9"}), "");
    EXPECT_EQ(updated({"add host 300 CNAME www"}), "");
    EXPECT_THAT(updated({"add alias 300 CNAME www"}),
                HasSubstr("alias.example.org. 300 CNAME www.example.org."));
    EXPECT_THAT(updated({"delete host", "add host 300 CNAME www"}),
                HasSubstr("host.example.org. 300 CNAME"));
    EXPECT_THAT(updated({"add tree 300 DNAME elsewhere.example."}),
                HasSubstr("DNAME elsewhere.example."));
}

TEST_F(Updating, ALaterSoaIsTakenAndNoSerialAddedToIt) {
    const std::string zone = updated({"add @ 300 SOA ns1 admin 20 1 1 1 1", "add n 1 A 192.0.2.9"});
    EXPECT_THAT(zone, HasSubstr(" 20 1 1 1 1\n"));
    EXPECT_THAT(zone, HasSubstr("n.example.org."));
}

TEST_F(Updating, TwoStepsForwardLeadNotBehindWhereItBegan) {
    const std::string zone = updated({"add @ 300 SOA ns1 admin 2147483654 1 1 1 1",
                                      "add @ 300 SOA ns1 admin 4294967295 1 1 1 1"});
    EXPECT_THAT(zone, HasSubstr(" 2147483654 1 1 1 1\n"));
}

TEST_F(Updating, NoSerialOfALostVersionIsUsedAgain) {
    const auto serial_after = [&](const std::vector<std::string>& texts) {
        ZoneEdit edit(version_);
        std::vector<Record> records;
        for (const std::string& text : texts) records.push_back(parse(text));
        carry_out_updates(records, apex_, 9, edit);
        return edit.changes().to_serial();
    };
    EXPECT_EQ(serial_after({"add n 1 A 192.0.2.9"}), 10U);
    EXPECT_EQ(serial_after({"add n 1 A 192.0.2.9", "add @ 300 SOA ns1 admin 9 1 1 1 1"}), 10U);
    EXPECT_EQ(serial_after({"add @ 300 SOA ns1 admin 20 1 1 1 1"}), 20U);
}

TEST_F(Updating, BehindTheLargestSerialComesOne) {
    const zone::ImageBlock image = zone::image_of(
        "@ 300 SOA ns1 admin 4294967295 1 1 1 1\n@ 300 NS ns1\nns1 300 A 192.0.2.1\n");
    const zone::Version version(image.image());
    ZoneEdit edit(version);
    const std::vector<Record> records = {parse("add new 60 A 192.0.2.9")};
    carry_out_updates(records, apex_, version.serial(), edit);
    EXPECT_EQ(edit.changes().to_serial(), 1U);
}

TEST_F(Updating, TheVersionItBeganWithIsKept) {
    const zone::ImageBlock other = zone::image_of("@ 300 SOA ns1 admin 9 1 1 1 1\n@ 300 NS ns1\n");
    zone::Version version = version_;
    ZoneEdit edit(version);
    version = zone::Version(other.image());
    const std::vector<Record> records = {parse("delete host A 192.0.2.3")};
    carry_out_updates(records, apex_, version_.serial(), edit);
    EXPECT_EQ(edit.changes().from_serial(), 7U);
}

TEST_F(Updating, ASoaThatIsNotLaterIsIgnored) {
    EXPECT_EQ(updated({"add @ 300 SOA ns1 admin 7 1 1 1 1"}), "");
    EXPECT_EQ(updated({"add @ 300 SOA ns1 admin 6 1 1 1 1"}), "");
    EXPECT_EQ(updated({"add host 300 SOA ns1 admin 9 1 1 1 1"}), "");
    EXPECT_EQ(updated({"delete @ SOA ns1 admin 7 3600 900 604800 60"}), "");
}

TEST_F(Updating, EachUpdateSeesWhatThoseBeforeItLeft) {
    EXPECT_THAT(updated({"delete alias", "add alias 300 A 192.0.2.9"}),
                HasSubstr("alias.example.org. 300 A 192.0.2.9"));
    EXPECT_EQ(updated({"delete host A", "add host 300 A 192.0.2.3", "add host 300 A 192.0.2.4"}),
              "");
}

}  // namespace
}  // namespace nearcast::transfer
