// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <atomic>
#include <sstream>

#include <gmock/gmock.h>

#include "control/publisher_fixture.h"
#include "dns/serial.h"
#include "signing/signing_fixture.h"

namespace nearcast::control {
namespace {

using dns::RRType;
using signing::UnixTime;
using testing::HasSubstr;
using testing::Not;

constexpr UnixTime kDay = 86400;
constexpr const char* kZone = "example.org.";
const SettingsEdit kSigned{.is_signed = true};

// Has the DS set that a test gives it.
class SetParent : public ParentWatch {
 public:
    std::optional<ParentAnswers> look(const dns::Name&) override {
        const std::lock_guard lock(mutex_);
        return ParentAnswers{.sets = {ds_}, .ttl = 60, .is_complete = true};
    }
    void set(signing::Rdatas ds) {
        const std::lock_guard lock(mutex_);
        ds_ = std::move(ds);
    }

 private:
    std::mutex mutex_;
    signing::Rdatas ds_;
};

// Time passes when a test says so.
class SignedBy : public OfPublisher {
 protected:
    std::optional<Publisher::Signing> signing() override {
        keys = std::make_unique<DatabaseKeys>(*database);
        return Publisher::Signing{.keys = *keys,
                                  .zones = {.signer = {*keys, *sealing_key, {}, 1},
                                            .usual = {},
                                            .now = [this] { return now.load(); },
                                            .leads = [this] { return leads.load(); }},
                                  .parent = &parent,
                                  .parent_pause = std::chrono::hours(1)};
    }

    std::optional<Publisher::Servers> servers() override {
        return Publisher::Servers{
            .versions =
                [this] {
                    const std::lock_guard lock(mutex);
                    return uint64_t{published};
                },
            .everywhere = [this] { return everywhere.load(); },
            .is_doubtful = [this](const dns::Name&) { return is_doubtful.load(); }};
    }

    // A zone whose servers are never cut off for longer than an hour, so that a roll takes days.
    void create_signed(const std::string& choices = "") {
        ZoneSettings settings;
        settings.is_signed = true;
        settings.signing = choices;
        ASSERT_TRUE(create(kZone, settings));
        zone_id = log->zone(name(kZone))->id;
        ASSERT_TRUE(put(kZone, kZone, RRType::SOA,
                        {{"ns1.example.net. h.example.net. 1 1800 900 3600 300", false}}));
        ASSERT_TRUE(put(kZone, "www.example.org.", RRType::A, {{"192.0.2.1", false}}));
        ASSERT_TRUE(wait_until([&] { return serves(kZone, "www.example.org. 300 RRSIG A "); }));
        expect_settled();
    }
    // Nothing is due at this time any more.
    void expect_settled() {
        ASSERT_TRUE(wait_until([&] {
            const auto status = publisher->signing_status(zone_id);
            return status && status->due_at > now + 1 && status->trouble.empty();
        }));
    }
    void pass(UnixTime duration) {
        now += duration;
        publisher->tend_soon(zone_id);
        expect_settled();
    }
    [[nodiscard]] std::string faults() {
        const auto pinned = table->pin(name(kZone));
        return pinned ? signing::faults_of(pinned->version()) : "not served";
    }
    // The lines with this in them.
    [[nodiscard]] std::string lines(const std::string& text) {
        std::istringstream all(served(kZone));
        std::string found;
        for (std::string line; std::getline(all, line);) {
            if (line.find(text) != std::string::npos) found += line + "\n";
        }
        return found;
    }
    [[nodiscard]] uint32_t serial() { return publisher->published_serial(zone_id).value_or(0); }
    [[nodiscard]] UnixTime signed_until() {
        const auto pinned = table->pin(name(kZone));
        return facts_of(pinned->version(), now).signed_until.value_or(0);
    }

    std::atomic<UnixTime> now = 1'800'000'000;
    std::optional<dnssec::SealingKey> sealing_key = dnssec::SealingKey::generate();
    std::unique_ptr<DatabaseKeys> keys;
    SetParent parent;
    int64_t zone_id = 0;
    std::atomic<bool> leads = true;
    std::atomic<uint64_t> everywhere = 0;  // Versions that all servers have.
    std::atomic<bool> is_doubtful = false;

    // The parent trusts the first key, and a second one is to take its place.
    void begin_to_roll() {
        create_signed();
        pass(kDay + 1);
        parent.set(publisher->signing_status(zone_id)->ds);
        pass(60);
        ASSERT_TRUE(
            wait_until([&] { return publisher->signing_status(zone_id)->is_parent_settled; }));
        ASSERT_TRUE(
            publisher->replace_key(zone_id, signing::KeyRole::Csk, std::chrono::seconds(60)));
        expect_settled();
    }
    // What it was about to do is done, and it does nothing more by itself.
    void stop_leading() {
        leads = false;
        const uint64_t sequence = log->zone(name(kZone))->sequence;
        EXPECT_TRUE(publisher->wait_for_step(zone_id, sequence, std::chrono::seconds(60)));
    }
    // As if somebody had asked for it; returns once it is done.
    void take_step() {
        stop_leading();
        leads = true;
    }
    // Whether a TTL is all that is waited for, once servers were asked.
    bool is_confirmed() {
        publisher->look_at_servers();
        take_step();
        return publisher->signing_status(zone_id)->due_at <= now + 3600;
    }
    // Whether the parent is asked for another key than the one it has, that time later.
    bool moves_on_after_ttl() {
        const auto before = publisher->signing_status(zone_id)->ds;
        now += 3601;
        take_step();
        return publisher->signing_status(zone_id)->ds != before;
    }
};

TEST_F(SignedBy, APublisherIsAZoneFromItsFirstVersionOn) {
    create_signed();
    EXPECT_EQ(faults(), "");
    EXPECT_THAT(lines("DNSKEY"), HasSubstr("DNSKEY 257 3 13 "));
    EXPECT_TRUE(publisher->signing_status(zone_id)->is_signing);
    EXPECT_THAT(served(kZone), Not(HasSubstr("CDS")));
    pass(kDay + 1);
    EXPECT_THAT(served(kZone), HasSubstr(" CDS "));
    EXPECT_EQ(publisher->signing_status(zone_id)->ds.size(), 1U);
    EXPECT_EQ(faults(), "");
}

TEST_F(SignedBy, AChangeIsItsOwnSignaturesAlone) {
    create_signed();
    const std::string others = lines("RRSIG NS ");
    const uint32_t before = serial();
    ASSERT_TRUE(put(kZone, "new.example.org.", RRType::A, {{"192.0.2.9", false}}));
    ASSERT_TRUE(wait_until([&] { return serves(kZone, "new.example.org. 300 RRSIG A "); }));
    EXPECT_EQ(lines("RRSIG NS "), others);
    EXPECT_EQ(faults(), "");
    EXPECT_TRUE(wait_until([&] { return dns::is_later_serial(serial(), before); }));
    ASSERT_TRUE(put(kZone, "new.example.org.", RRType::A, {}));
    ASSERT_TRUE(wait_until([&] { return !serves(kZone, "new.example.org."); }));
    EXPECT_EQ(faults(), "");
}

// Nobody asks for the zone: the publisher is awake for the sake of another one.
TEST_F(SignedBy, AClockThatIsSetRenewsWhatDoesNotHoldByIt) {
    create_signed();
    ZoneSettings settings;
    settings.is_signed = true;
    for (const UnixTime step : {400 * kDay, -800 * kDay}) {
        now += step;
        ASSERT_TRUE(create("other" + std::to_string(now) + ".example.", settings));
        EXPECT_TRUE(wait_until([&] {
            return signed_until() > now + 3600 + 1800 && signed_until() < now + 40 * kDay;
        })) << step;
        EXPECT_EQ(faults(), "");
    }
}

// RFC 8078 §4: who asks to delete asks for nothing else.
TEST_F(SignedBy, AWishToDeleteDoesNotStandBesideOthers) {
    create_signed();
    ASSERT_TRUE(put(kZone, kZone, RRType::CDS, {{"0 0 0 00", false}}));
    ASSERT_TRUE(put(kZone, kZone, RRType::CDNSKEY, {{"0 3 0 AA==", false}}));
    pass(kDay + 1);
    EXPECT_EQ(publisher->signing_status(zone_id)->ds.size(), 1U);
    EXPECT_THAT(served(kZone), HasSubstr(" CDNSKEY 257 3 13 "));
    EXPECT_THAT(served(kZone), Not(HasSubstr(" CDS 0 0 0 ")));
    EXPECT_THAT(served(kZone), Not(HasSubstr(" CDNSKEY 0 3 0 ")));
    EXPECT_EQ(faults(), "");
}

TEST_F(SignedBy, ARenewalComesWellBeforeSignaturesEnd) {
    create_signed();
    const uint32_t first_serial = serial();
    int renewals = 0;
    for (int i = 0; i < 60; ++i) {
        const uint32_t before = serial();
        pass(kDay / 2);
        if (serial() != before) ++renewals;
        // Longer than EXPIRE and REFRESH, and another turn.
        EXPECT_GT(signed_until() - now, 3600 + 1800 + kDay / 2);
    }
    EXPECT_EQ(faults(), "");
    EXPECT_GT(renewals, 3);
    EXPECT_LT(renewals, 30);
    EXPECT_TRUE(dns::is_later_serial(serial(), first_serial));
}

TEST_F(SignedBy, AStartGoesOnWithTheSameKeysAndVersion) {
    create_signed();
    ASSERT_TRUE(
        publisher->wait_for(zone_id, log->zone(name(kZone))->sequence, std::chrono::seconds(60)));
    const std::string before = served(kZone);
    end();
    begin();
    EXPECT_EQ(served(kZone), before);
    expect_settled();
    EXPECT_EQ(served(kZone), before);
    ASSERT_TRUE(put(kZone, "www.example.org.", RRType::A, {{"192.0.2.2", false}}));
    ASSERT_TRUE(wait_until([&] { return serves(kZone, "192.0.2.2"); }));
    EXPECT_EQ(faults(), "");
}

TEST_F(SignedBy, AStoreThatIsLostIsMadeAnewWithTheSameKeysAndALaterSerial) {
    create_signed();
    for (int i = 0; i < 10; ++i) pass(5 * kDay);
    const std::string dnskeys = lines("DNSKEY 257");
    const uint32_t before = serial();
    ASSERT_TRUE(dns::is_later_serial(before, log->zone(name(kZone))->serial));
    end();
    std::filesystem::remove_all(folder);
    begin();
    EXPECT_EQ(lines("DNSKEY 257"), dnskeys);
    EXPECT_TRUE(dns::is_later_serial(serial(), before));
    EXPECT_EQ(faults(), "");
}

// As after a kill between the two: what was decided is given out by the next process.
TEST_F(SignedBy, AStepThatWasDecidedIsPublishedByTheNextProcess) {
    create_signed();
    pass(kDay + 1);
    parent.set(publisher->signing_status(zone_id)->ds);
    pass(60);
    end();
    {
        auto signer = Signer::open(name(kZone), {*keys, *sealing_key, {}, 1});
        ASSERT_TRUE(signer);
        ASSERT_TRUE(signer->replace(signing::KeyRole::Csk));
        const auto facts = facts_of(
            zone::Version(
                zone::image_of("@ 3600 SOA ns1 h 7 1800 900 3600 300\n@ 3600 NS ns1.example.net.\n")
                    .image()),
            now);
        ASSERT_TRUE(*signer->tend({}, facts, std::nullopt, now));
        ASSERT_EQ(signer->rollover().dnskeys().keys.size(), 2U);
    }
    begin();
    ASSERT_TRUE(wait_until(
        [&] { return lines(" DNSKEY 257").find('\n') + 1 != lines(" DNSKEY 257").size(); }));
    expect_settled();
    EXPECT_EQ(faults(), "");
}

TEST_F(SignedBy, AKeyIsReplacedOnceTheParentHasTheNextOne) {
    create_signed();
    pass(kDay + 1);
    parent.set(publisher->signing_status(zone_id)->ds);
    pass(60);
    ASSERT_TRUE(wait_until([&] { return publisher->signing_status(zone_id)->is_parent_settled; }));
    const auto old = publisher->signing_status(zone_id)->keys.front();
    ASSERT_TRUE(publisher->replace_key(zone_id, signing::KeyRole::Csk, std::chrono::seconds(60)));
    EXPECT_EQ(publisher->signing_status(zone_id)->keys.size(), 2U);
    for (int i = 0; i < 30 && publisher->signing_status(zone_id)->keys.size() > 1; ++i) {
        pass(kDay);
        EXPECT_EQ(faults(), "");
        const auto status = publisher->signing_status(zone_id);
        if (!status->is_parent_settled) {
            EXPECT_TRUE(std::ranges::any_of(status->keys, [&](const auto& key) {
                return key.key.ref == old.key.ref && key.is_published;
            })) << "the key that the parent trusts stays";
            parent.set(status->ds);
        }
    }
    const auto status = publisher->signing_status(zone_id);
    ASSERT_EQ(status->keys.size(), 1U);
    EXPECT_NE(status->keys.front().key.ref, old.key.ref);
    EXPECT_EQ(faults(), "");
}

TEST_F(SignedBy, TheWayBackToNoSignaturesIsTakenOnceTheParentIsRidOfThem) {
    create_signed();
    pass(kDay + 1);
    parent.set(publisher->signing_status(zone_id)->ds);
    pass(60);
    const SettingsEdit off{.is_signed = false};
    ASSERT_TRUE(log->update_settings(name(kZone), off, {}));
    ASSERT_TRUE(wait_until([&] { return serves(kZone, " CDS 0 0 0 "); }));
    pass(30 * kDay);
    EXPECT_EQ(faults(), "");
    parent.set({});
    const auto pass_on = [&] {
        now += kDay;
        publisher->tend_soon(zone_id);
        return !publisher->signing_status(zone_id) && !serves(kZone, "RRSIG");
    };
    EXPECT_TRUE(wait_until(pass_on));
    EXPECT_TRUE(keys->load(name(kZone))->keys.empty());
    ASSERT_TRUE(put(kZone, "www.example.org.", RRType::A, {{"192.0.2.2", false}}));
    EXPECT_TRUE(wait_until([&] { return serves(kZone, "192.0.2.2"); }));
}

// A DS of another algorithm, that a former operator left, is beside ours: the chain holds by ours.
TEST_F(SignedBy, AForeignDsBesideOursDoesNotLetTheZoneGoUnsigned) {
    create_signed();
    pass(kDay + 1);
    signing::Rdatas ds = publisher->signing_status(zone_id)->ds;
    ASSERT_EQ(ds.size(), 1U);
    std::vector<uint8_t> foreign(36, 0xab);
    std::ranges::copy(std::to_array<uint8_t>({0x12, 0x67, 8, 2}), foreign.begin());
    ds.push_back(foreign);
    parent.set(ds);
    pass(60);
    const SettingsEdit off{.is_signed = false};
    ASSERT_TRUE(log->update_settings(name(kZone), off, {}));
    ASSERT_TRUE(wait_until([&] { return serves(kZone, " CDS 0 0 0 "); }));
    for (int i = 0; i < 30; ++i) {
        pass(kDay);
        ASSERT_TRUE(serves(kZone, "www.example.org. 300 RRSIG A ")) << "after days: " << i;
        ASSERT_FALSE(lines(" DNSKEY 257").empty());
        ASSERT_EQ(faults(), "");
    }
    parent.set({foreign});
    EXPECT_TRUE(wait_until([&] {
        now += kDay;
        publisher->tend_soon(zone_id);
        return !serves(kZone, "RRSIG");
    })) << "ours is gone, and nothing leads here";
}

TEST_F(SignedBy, AWrongKeyFileLeavesTheZoneAsItWas) {
    create_signed();
    const std::string before = served(kZone);
    end();
    const auto right = sealing_key;
    sealing_key.emplace(dnssec::SealingKey::generate());
    begin();
    ASSERT_TRUE(put(kZone, "www.example.org.", RRType::A, {{"192.0.2.2", false}}));
    ASSERT_TRUE(wait_until([&] {
        const auto status = publisher->signing_status(zone_id);
        return status && !status->trouble.empty();
    }));
    EXPECT_FALSE(publisher->wait_for(zone_id, log->zone(name(kZone))->sequence,
                                     std::chrono::milliseconds(1)));
    EXPECT_EQ(served(kZone), before);
    end();
    sealing_key.emplace(*right);
    begin();
    EXPECT_TRUE(serves(kZone, "192.0.2.2"));
    EXPECT_EQ(faults(), "");
}

TEST_F(SignedBy, TheChainOfDenialIsThatOfTheSettings) {
    create_signed();
    SettingsEdit edit;
    edit.nsec3param = "1 0 0 -";
    ASSERT_TRUE(log->update_settings(name(kZone), edit, {}));
    ASSERT_TRUE(wait_until([&] { return serves(kZone, " NSEC3 1 0 0 - "); }));
    EXPECT_THAT(served(kZone), Not(HasSubstr(" NSEC ")));
    EXPECT_EQ(faults(), "");
    edit.nsec3param = "";
    ASSERT_TRUE(log->update_settings(name(kZone), edit, {}));
    EXPECT_TRUE(wait_until([&] { return serves(kZone, " NSEC ") && !serves(kZone, " NSEC3 "); }));
    EXPECT_EQ(faults(), "");
}

TEST_F(SignedBy, OtherSignersOfTheZoneHaveTheirKeysInIt) {
    create_signed();
    const auto other = signing::make_key(dnssec::kZoneKeyFlag | dnssec::kSepFlag);
    const std::vector<uint8_t> rdata(other.dnskey().begin(), other.dnskey().end());
    const std::string text = dns::rdata_to_text(RRType::DNSKEY, rdata);
    ASSERT_TRUE(put(kZone, kZone, RRType::DNSKEY, {{text, false}}));
    ASSERT_TRUE(wait_until([&] { return serves(kZone, text); }));
    EXPECT_EQ(faults(), "");
    ASSERT_TRUE(put(kZone, kZone, RRType::DNSKEY, {}));
    EXPECT_TRUE(wait_until([&] { return !serves(kZone, text); }));
    EXPECT_EQ(faults(), "");
}

TEST_F(SignedBy, KeysMoveOnAsSoonAsAllServersHaveThem) {
    begin_to_roll();
    everywhere = UINT64_MAX;
    EXPECT_TRUE(is_confirmed());
    EXPECT_TRUE(moves_on_after_ttl());
    EXPECT_EQ(faults(), "");
}

TEST_F(SignedBy, KeysWaitForAServerThatLacksThem) {
    begin_to_roll();
    EXPECT_FALSE(is_confirmed());
    EXPECT_FALSE(moves_on_after_ttl());
}

TEST_F(SignedBy, KeysWaitWhereNobodyKnowsWhoServesTheZone) {
    is_doubtful = true;
    begin_to_roll();
    everywhere = UINT64_MAX;
    EXPECT_FALSE(is_confirmed());
    // It is waited for, and not forgotten.
    is_doubtful = false;
    EXPECT_TRUE(is_confirmed());
}

TEST_F(SignedBy, TheLeaderAloneMovesKeysOn) {
    create_signed();
    leads = false;
    now += kDay + 1;
    publisher->take_lead();
    expect_settled();
    EXPECT_THAT(served(kZone), Not(HasSubstr(" CDS ")));
    leads = true;
    publisher->take_lead();
    EXPECT_TRUE(wait_until([&] { return serves(kZone, " CDS "); }));
    EXPECT_EQ(faults(), "");
}

TEST_F(SignedBy, WhatTheLeaderHasDoneIsPublishedByAll) {
    create_signed();
    pass(kDay + 1);
    parent.set(publisher->signing_status(zone_id)->ds);
    pass(60);
    // What the parent has is told a moment later, and kept.
    ASSERT_TRUE(wait_until([&] { return publisher->signing_status(zone_id)->is_parent_settled; }));
    stop_leading();
    auto leader = Signer::open(name(kZone), {*keys, *sealing_key, {}, 1});
    ASSERT_TRUE(leader && leader->replace(signing::KeyRole::Csk));
    const auto pinned = table->pin(name(kZone));
    ASSERT_TRUE(*leader->tend({}, facts_of(pinned->version(), now), std::nullopt, now));
    ASSERT_TRUE(leader->published(now));
    ASSERT_EQ(leader->rollover().dnskeys().keys.size(), 2U);
    const auto moved = put(kZone, "www.example.org.", RRType::A, {{"192.0.2.2", false}});
    ASSERT_TRUE(moved);
    EXPECT_TRUE(wait_until([&] {
        const std::string found = lines(" DNSKEY 257");
        return serves(kZone, "192.0.2.2") && found.find('\n') + 1 != found.size();
    }));
    // Change and keys may have come apart, and a version more be on its way.
    ASSERT_TRUE(publisher->wait_for(zone_id, moved->sequence, std::chrono::seconds(60)));
    EXPECT_EQ(faults(), "");
    const uint32_t before = serial();
    publisher->take_lead();
    take_step();
    EXPECT_EQ(serial(), before) << "what is as it should be is not published again";
}

// The publisher finds both at once, and makes the zone from the second.
TEST_F(SignedBy, AZoneThatIsSignedRightAfterItWasMadeIsSigned) {
    ChangeLog quiet(*database, {.now = {}, .primary = name("ns1.example.net.")});
    NewZone request;
    request.name = name(kZone);
    request.nameservers = {name("ns1.example.net.")};
    ASSERT_TRUE(quiet.create_zone(request));
    ASSERT_TRUE(quiet.update_settings(name(kZone), kSigned, {}));
    ASSERT_TRUE(create("other.example."));  // This one is told.
    EXPECT_TRUE(wait_until([&] { return serves(kZone, " DNSKEY 257"); }));
}

// The publisher may come to a zone's first change when the one that has it signed is there too.
TEST_F(SignedBy, AChangeThatSignsAZoneIsNotDoneBeforeItIsSigned) {
    for (int i = 0; i < 40; ++i) {
        const std::string zone = "z" + std::to_string(i) + ".example.";
        ASSERT_TRUE(create(zone));
        const int64_t id = log->zone(name(zone))->id;
        std::this_thread::sleep_for(std::chrono::microseconds(50 * i));  // At some time of these.
        const auto done = log->update_settings(name(zone), kSigned, {});
        ASSERT_TRUE(done && publisher->wait_for(id, done->sequence, std::chrono::seconds(60)));
        EXPECT_TRUE(serves(zone, " DNSKEY 257")) << zone;
    }
}

TEST_F(SignedBy, WhoIsAskedTakesAStepWhoeverLeads) {
    leads = false;
    ASSERT_TRUE(create(kZone));
    zone_id = log->zone(name(kZone))->id;
    const auto done = log->update_settings(name(kZone), kSigned, {});
    ASSERT_TRUE(done);
    ASSERT_TRUE(publisher->wait_for_step(zone_id, done->sequence, std::chrono::seconds(60)));
    EXPECT_TRUE(serves(kZone, " DNSKEY 257"));
    EXPECT_EQ(faults(), "");
}

// example.net. has the name server of example.org.
class Signalling : public SignedBy {
 protected:
    static constexpr const char* kHost = "example.net.";
    static constexpr const char* kSignal =
        "_dsboot.example.org._signal.ns1.example.net. 3600 RRSIG CDS ";

    void create_host(const std::string& account) {
        ZoneSettings settings;
        settings.is_signed = true;
        settings.account = account;
        ASSERT_TRUE(create(kHost, settings));
        ASSERT_TRUE(wait_until([&] { return serves(kHost, "RRSIG"); }));
    }
    // Until it asks its parent.
    void ask() {
        create_signed();
        pass(kDay + 1);
        ASSERT_TRUE(wait_until([&] { return serves(kZone, "example.org. 3600 RRSIG CDS "); }));
    }
    [[nodiscard]] std::string faults_of_host() {
        const auto pinned = table->pin(name(kHost));
        return pinned ? signing::faults_of(pinned->version()) : "not served";
    }
};

TEST_F(Signalling, StandsInTheZoneOfTheNameServerWhicheverWasFirst) {
    ask();
    create_host("");
    EXPECT_TRUE(wait_until([&] { return serves(kHost, kSignal); }));
    EXPECT_EQ(faults_of_host(), "");
    ASSERT_TRUE(log->delete_zone(name(kZone), {}));
    EXPECT_TRUE(wait_until([&] { return !serves(kHost, "_dsboot"); }));
    EXPECT_EQ(faults_of_host(), "");
}

TEST_F(Signalling, KeepsOutOfWhatIsNotTheHosts) {
    create_host("");
    ask();
    ASSERT_TRUE(wait_until([&] { return serves(kHost, kSignal); }));
    // Another zone has the names below a cut.
    ASSERT_TRUE(put(kHost, "ns1.example.net.", RRType::NS, {{"ns.example.com.", false}}));
    EXPECT_TRUE(wait_until([&] { return !serves(kHost, "_dsboot"); }));
    ASSERT_TRUE(put(kHost, "ns1.example.net.", RRType::NS, {}));
    EXPECT_TRUE(wait_until([&] { return serves(kHost, kSignal); }));
    // Somebody has written his own there.
    const std::string owner = "_dsboot.example.org._signal.ns1.example.net.";
    ASSERT_TRUE(put(kHost, owner, RRType::TXT, {{"\"mine\"", false}}));
    EXPECT_TRUE(wait_until([&] { return serves(kHost, "mine") && !serves(kHost, kSignal); }));
    ASSERT_TRUE(put(kHost, owner, RRType::TXT, {}));
    EXPECT_TRUE(wait_until([&] { return serves(kHost, kSignal); }));
    EXPECT_EQ(faults_of_host(), "");
}

TEST_F(Signalling, AsksNothingOfAnotherTenantsZone) {
    create_host("berta");
    ask();
    SettingsEdit edit;
    edit.account = "";
    EXPECT_FALSE(serves(kHost, "_dsboot"));
    ASSERT_TRUE(log->update_settings(name(kHost), edit, {}));
    EXPECT_TRUE(wait_until([&] { return serves(kHost, kSignal); }));
    edit.account = "anna";
    ASSERT_TRUE(log->update_settings(name(kHost), edit, {}));
    EXPECT_TRUE(wait_until([&] { return !serves(kHost, "_dsboot"); }));
    ASSERT_TRUE(log->update_settings(name(kZone), edit, {}));
    EXPECT_TRUE(wait_until([&] { return serves(kHost, kSignal); }));
}

TEST_F(Signalling, EndsThoughTheZoneWentWhileNobodyPublished) {
    create_host("");
    ask();
    ASSERT_TRUE(wait_until([&] { return serves(kHost, kSignal); }));
    // Then it is remembered, and served again as it is.
    const auto host = log->zone(name(kHost));
    ASSERT_TRUE(publisher->wait_for(host->id, host->sequence, std::chrono::seconds(60)));
    end();
    {
        const auto other = place->open();
        ChangeLog elsewhere(*other, {});
        ASSERT_TRUE(elsewhere.delete_zone(name(kZone), {}));
    }
    begin();
    EXPECT_TRUE(wait_until([&] { return !served(kHost).empty() && !serves(kHost, "_dsboot"); }));
    EXPECT_EQ(faults_of_host(), "");
}

}  // namespace
}  // namespace nearcast::control
