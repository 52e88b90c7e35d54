// SPDX-License-Identifier: Apache-2.0

#include "transfer/secondary_zones.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <ctime>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/log.h"
#include "dns/message.h"
#include "tls/test_keys.h"
#include "transfer/fake_tls_primary.h"
#include "transfer/secondary_fixture.h"

namespace nearcast::transfer {
namespace {

std::vector<std::string> names_of_many(size_t count) {
    std::vector<std::string> names;
    for (size_t i = 0; i < count; ++i) names.push_back("z" + std::to_string(i) + ".example.");
    return names;
}

TEST_F(Secondary, AZoneExpiresWhileItsPrimaryTakesItsTime) {
    const auto first = version("example.org.", "7 1 1 2");
    const auto next = version("example.org.", "8 1 1 2");
    std::atomic<bool> is_asked = false;
    std::atomic<bool> is_given_up = false;
    const FakePrimary primary([&](const FakePrimary::Client& client, const Bytes& request) {
        switch (type_of(request)) {
            case dns::RRType::AXFR:
                return send_zone(client, request, first);
            case dns::RRType::SOA:
                return send_zone(client, request, next);
            default:  // It has something new, and does not send it.
                is_asked.store(true);
                client.wait();
                is_given_up.store(true);
        }
    });
    const auto ledger = *zone::ZoneLedger::open(zone::make_memory_disk(), table_, {});
    const TransferConfig config = config_for({"example.org."}, primary.address());
    const SecondaryZones secondaries(config, table_, *ledger);
    ASSERT_TRUE(comes_true([&] { return has_data("example.org."); }));
    ASSERT_TRUE(comes_true([&] { return is_unavailable("example.org."); }));
    EXPECT_TRUE(is_asked.load());
    EXPECT_FALSE(is_given_up.load());
    EXPECT_EQ(secondaries.expires_in(*dns::parse_name("example.org.")), std::nullopt);
}

TEST_F(Secondary, WhatComesAfterItExpiredIsServed) {
    const auto first = version("example.org.", "7 1 1 2");
    const auto next = version("example.org.", "8 3600 900 604800");
    std::atomic<bool> may_send = false;
    const FakePrimary primary([&](const FakePrimary::Client& client, const Bytes& request) {
        const dns::RRType type = type_of(request);
        if (type == dns::RRType::IXFR) may_send.wait(false);
        send_zone(client, request, type == dns::RRType::AXFR && !may_send ? first : next);
    });
    const auto ledger = *zone::ZoneLedger::open(zone::make_memory_disk(), table_, {});
    const TransferConfig config = config_for({"example.org."}, primary.address());
    const SecondaryZones secondaries(config, table_, *ledger);
    ASSERT_TRUE(comes_true([&] { return has_data("example.org."); }));
    ASSERT_TRUE(comes_true([&] { return is_unavailable("example.org."); }));
    may_send.store(true);
    may_send.notify_all();
    EXPECT_TRUE(comes_true([&] { return has_data("example.org."); }));
    EXPECT_GT(secondaries.expires_in(*dns::parse_name("example.org.")), 600'000U);
}

TEST_F(Secondary, WhoKnowsNoChangesIsNotAskedForThemEachTime) {
    std::atomic<uint32_t> serial = 1;
    std::atomic<size_t> refused = 0;
    const FakePrimary primary([&](const FakePrimary::Client& client, const Bytes& request) {
        const dns::RRType type = type_of(request);
        if (type == dns::RRType::IXFR) {
            ++refused;
            Bytes response = request;
            base::store_u16(&response[2], dns::kFlagQr | static_cast<uint16_t>(dns::Rcode::NotImp));
            client.send(response);
            return;
        }
        // Each time it is asked there is something new.
        if (type == dns::RRType::SOA) ++serial;
        send_zone(client, request, version("example.org.", std::to_string(serial) + " 1 1 604800"));
    });
    const auto ledger = *zone::ZoneLedger::open(zone::make_memory_disk(), table_, {});
    const TransferConfig config = config_for({"example.org."}, primary.address());
    const SecondaryZones secondaries(config, table_, *ledger);
    EXPECT_TRUE(comes_true([&] {
        const auto pinned = table_.pin(*dns::parse_name("example.org."));
        return pinned && !pinned->version().is_unavailable() && pinned->version().serial() >= 4;
    }));
    EXPECT_EQ(refused.load(), 1U);
}

TEST_F(Announced, ChangesAreAskedForAtOnceWithoutTheSerial) {
    SecondaryZones secondaries(config_, table_, *ledger_);
    ASSERT_TRUE(comes_true([&] { return served() == 7; }));
    serial_.store(8);
    secondaries.hint(zone_, 8);
    ASSERT_TRUE(comes_true([&] { return served() == 8; }));
    EXPECT_EQ(asked(), (std::vector{dns::RRType::AXFR, dns::RRType::IXFR}));
}

// All of it comes again, as from who knows no IXFR: there is nothing new in it.
TEST_F(Announced, WhatThePrimaryDoesNotHaveConfirmsTheZone) {
    SecondaryZones secondaries(config_, table_, *ledger_);
    ASSERT_TRUE(comes_true([&] { return served() == 7; }));
    secondaries.hint(zone_, 8);
    ASSERT_TRUE(comes_true([&] { return secondaries.tallies().current.get() == 1; }));
    EXPECT_EQ(asked(), (std::vector{dns::RRType::AXFR, dns::RRType::IXFR}));
    EXPECT_EQ(secondaries.tallies().failed.get(), 0U);
    EXPECT_EQ(served(), 7U);
}

// It was being fetched as 7 when one primary announced 8, and then another that is behind.
TEST_F(Announced, WhoIsBehindDoesNotSilenceWhoIsAhead) {
    std::atomic<bool> may_send = false;
    std::atomic<bool> is_asked = false;
    const FakePrimary primary([&](const FakePrimary::Client& client, const Bytes& request) {
        is_asked.store(true);
        may_send.wait(false);
        const bool is_first = type_of(request) == dns::RRType::AXFR;
        send_zone(client, request,
                  version("example.org.", is_first ? "7 3600 900 604800" : "8 3600 900 604800"));
    });
    const TransferConfig config = config_for({"example.org."}, primary.address());
    SecondaryZones secondaries(config, table_, *ledger_);
    ASSERT_TRUE(comes_true([&] { return is_asked.load(); }));
    secondaries.hint(zone_, 8);
    secondaries.hint(zone_, 7);
    may_send.store(true);
    may_send.notify_all();
    EXPECT_TRUE(comes_true([&] { return served() == 8; }));
}

// It is heard while the one who takes it in is held up, and the list is turned round meanwhile.
TEST_F(Announced, WhoAnnouncedIsAskedFirstAlsoByAnotherListSince) {
    const dns::Name brief = *dns::parse_name("brief.example.");
    const FakePrimary silent([](const FakePrimary::Client& client, const Bytes& request) {
        if (type_of(request) != dns::RRType::AXFR) return client.wait();
        send_zone(client, request, version("brief.example.", "1 1 1 1"));
    });
    const FakePrimary ahead(
        [this](const FakePrimary::Client& client, const Bytes& request) {
            const std::string soa = std::to_string(serial_) + " 3600 900 604800";
            send_zone(client, request, version("example.org.", soa));
        },
        "127.0.0.2");
    TransferConfig config = config_for({"example.org.", "brief.example."}, silent.address());
    SecondaryConfig& listed = config.secondaries.front();
    listed.primaries = {primary_.address(), ahead.address()};
    std::promise<void> go;
    const auto may_go = go.get_future().share();
    std::atomic<bool> is_held = false;
    const TransferConfig none;
    SecondaryZones secondaries(none, table_, *ledger_, {.may_get_more = true});
    secondaries.on_outcome([&](const dns::Name& zone, const std::string& problem) {
        const bool is_expired = problem.find("its SOA allows") != std::string::npos;
        if (zone == brief && is_expired && !is_held.exchange(true)) may_go.wait();
    });
    for (const SecondaryConfig& each : config.secondaries) secondaries.add(each);
    EXPECT_TRUE(comes_true([&] { return served() == 7 && is_held.load(); }));
    EXPECT_EQ(secondaries.hear({.zone = zone_, .peer = ahead.address().ip, .serial = 8}),
              dns::Rcode::NoError);
    std::ranges::reverse(listed.primaries);
    secondaries.add(listed);
    EXPECT_TRUE(comes_true([&] { return secondaries.tallies().current.get() == 1; }));
    serial_.store(8);
    const size_t before = asked().size();
    go.set_value();
    EXPECT_TRUE(comes_true([&] { return served() == 8; }));
    EXPECT_EQ(asked().size(), before);
}

// More of its zones are due than there ever were threads.
TEST_F(Secondary, APrimaryThatSaysNothingHoldsUpItsOwnZonesAlone) {
    const auto zone = version("alive.example.", "7 3600 900 604800");
    const FakePrimary silent(
        [](const FakePrimary::Client& client, const Bytes&) { client.wait(); });
    const FakePrimary alive([&](const FakePrimary::Client& client, const Bytes& request) {
        send_zone(client, request, zone);
    });
    const std::vector<std::string> names = names_of_many(100);
    TransferConfig config = config_for(names, silent.address());
    const TransferConfig another = config_for({"alive.example."}, alive.address());
    config.secondaries.push_back(another.secondaries.front());
    const auto ledger = *zone::ZoneLedger::open(zone::make_memory_disk(), table_, {});
    const SecondaryZones secondaries(config, table_, *ledger);
    EXPECT_TRUE(comes_true([&] { return has_data("alive.example."); }));
}

// After a start all are due: what changes then is not to wait until that is done.
TEST_F(Secondary, AZoneThatIsAnnouncedGoesFirst) {
    const std::vector<std::string> names = names_of_many(100);
    std::promise<void> go;
    const std::shared_future<void> may_go = go.get_future().share();
    std::vector<std::string> order;  // Of the primary's thread until all are there.
    const FakePrimary primary([&](const FakePrimary::Client& client, const Bytes& request) {
        may_go.wait();
        dns::Query query;
        EXPECT_EQ(dns::parse_query(request, query), dns::ParseError::None);
        order.push_back(dns::to_text(query.qname(request)));
        send_zone(client, request, version(order.back().c_str(), "7 3600 900 604800"));
    });
    const auto ledger = *zone::ZoneLedger::open(zone::make_memory_disk(), table_, {});
    const TransferConfig config = config_for(names, primary.address());
    SecondaryZones secondaries(config, table_, *ledger);
    secondaries.hint(*dns::parse_name(names.back()), 7);
    go.set_value();
    ASSERT_TRUE(comes_true([&] {
        return std::ranges::all_of(names, [&](const auto& name) { return has_data(name.c_str()); });
    }));
    const auto place = std::ranges::find(order, names.back());
    EXPECT_LE(place - order.begin(), 2 * static_cast<ptrdiff_t>(FetchQueue::kWindowMin));
}

// One round trip is when all that was asked for has been answered.
TEST_F(Secondary, OverTlsMoreZonesAreAskedForWithEachRoundTrip) {
    std::signal(SIGPIPE, SIG_IGN);
    const tls::TestFolder folder;
    auto context =
        *tls::TlsContext::for_server({.certificate = folder.write("server.pem", tls::kServer),
                                      .key = folder.write("server.key", tls::kServerKey)});
    const auto answer_to = [](const Bytes& request) {
        dns::Query query;
        EXPECT_EQ(dns::parse_query(request, query), dns::ParseError::None);
        const std::string name = dns::to_text(query.qname(request));
        return whole_zone(request, version(name.c_str(), "7 3600 900 604800"));
    };
    std::atomic<size_t> most = 0;
    const FakeTlsPrimary primary(std::move(context), [&](FakeTlsPrimary::Client& client) {
        for (const size_t count : {4U, 8U, 16U}) {
            std::vector<Bytes> answers;
            while (answers.size() < count && client.read()) {
                answers.push_back(answer_to(client.question()));
            }
            if (answers.size() == count) most.store(count);
            for (const Bytes& each : answers) client.send(each);
        }
        while (client.read()) client.send(answer_to(client.question()));
    });
    const std::vector<std::string> names = names_of_many(60);
    TransferConfig config = config_for(names, primary.address());
    for (SecondaryConfig& each : config.secondaries) {
        each.tls = tls::ClientSettings{.name = "test",
                                       .server_name = "server.example",
                                       .ca = folder.write("ca.pem", tls::kCa)};
    }
    const auto ledger = *zone::ZoneLedger::open(zone::make_memory_disk(), table_, {});
    const SecondaryZones secondaries(config, table_, *ledger);
    EXPECT_TRUE(comes_true([&] {
        return std::ranges::all_of(names, [&](const auto& name) { return has_data(name.c_str()); });
    }));
    EXPECT_EQ(most.load(), 16U);
}

// Who answers questions asks these things, and must not wait for a disk.
TEST_F(Secondary, QuestionsAboutZonesWaitForNoDisk) {
    const dns::Name gone = *dns::parse_name("gone.example.");
    const dns::Name other = *dns::parse_name("other.example.");
    zone::FakeDisk disk;
    {
        zone::ZoneTable table;
        const auto ledger = *zone::ZoneLedger::open(disk.share(), table, {});
        for (const char* name : {"gone.example.", "other.example."}) {
            auto zone = version(name, "7 3600 900 604800");
            const zone::ZoneOrigin origin{.kind = zone::ZoneOrigin::Kind::Primary};
            ASSERT_TRUE(ledger->replace(zone.apex, std::move(zone.image), origin).has_value());
            const seconds now(::time(nullptr));
            ASSERT_TRUE(ledger->confirm(zone.apex, now).has_value());
        }
    }
    const FakePrimary primary([](const FakePrimary::Client&, const Bytes&) {});
    const auto ledger = *zone::ZoneLedger::open(disk.share(), table_, {});
    const TransferConfig config =
        config_for({"gone.example.", "other.example."}, primary.address());
    SecondaryZones secondaries(config, table_, *ledger);

    auto stalled = disk.stall();
    std::thread remover([&] { secondaries.remove(gone); });
    EXPECT_TRUE(comes_true([&] { return secondaries.config_of(gone) == nullptr; }));
    auto answers = std::async(std::launch::async, [&] {
        return secondaries.hear({.zone = other, .peer = primary.address().ip, .serial = {}}) ==
                   dns::Rcode::NoError &&
               secondaries.config_of(other) != nullptr && secondaries.expires_in(other) > 600'000U;
    });
    EXPECT_EQ(answers.wait_for(kPatience), std::future_status::ready);
    stalled.unlock();
    remover.join();
    EXPECT_TRUE(answers.get());
    // By the thread that was asking for it, if one was.
    EXPECT_TRUE(comes_true([&] { return !table_.pin(gone).has_value(); }));
}

uint64_t times_logged(const std::string& event) {
    uint64_t times = 0;
    for (const auto& [name, count] : base::log::event_counts()) times += name == event ? count : 0;
    return times;
}

// As a member that moves from one catalog to another does.
TEST_F(Secondary, AZoneThatComesBackAfterItWasRemovedHasNoCopyToComplainOf) {
    const auto zone = version("example.org.", "7 3600 900 604800");
    const FakePrimary primary([&](const FakePrimary::Client& client, const Bytes& request) {
        send_zone(client, request, zone);
    });
    const auto ledger = *zone::ZoneLedger::open(zone::make_memory_disk(), table_, {});
    const TransferConfig config = config_for({"example.org."}, primary.address());
    SecondaryZones secondaries(config, table_, *ledger);
    ASSERT_TRUE(comes_true([&] { return has_data("example.org."); }));
    const uint64_t before = times_logged("secondary_copy_unusable");
    secondaries.remove(zone.apex);
    ASSERT_TRUE(comes_true([&] { return !table_.pin(zone.apex).has_value(); }));
    ASSERT_TRUE(comes_true([&] { return times_logged("secondary_removed") > 0; }));
    secondaries.add(config.secondaries.front());
    EXPECT_TRUE(comes_true([&] { return has_data("example.org."); }));
    EXPECT_EQ(times_logged("secondary_copy_unusable"), before);
}

// Zones that are added while it runs, each with an id of its own.
class Several : public Secondary {
 protected:
    SecondaryConfig config_of(const char* zone, const base::SocketAddress& primary, uint64_t id) {
        SecondaryConfig config = config_for({zone}, primary).secondaries.front();
        config.zone_id = id;
        return config;
    }
    // Where nobody listens any more.
    static base::SocketAddress nobody() {
        base::SocketAddress address;
        (void)listen_on_loopback(address);
        return address;
    }

    const TransferConfig none_{};
    std::unique_ptr<zone::ZoneLedger> ledger_ =
        *zone::ZoneLedger::open(zone::make_memory_disk(), table_, {});
};

TEST_F(Several, AZoneGetsNothingThatWasOnItsWayToAnotherOfItsName) {
    const auto zone = version("example.org.", "7 3600 900 604800");
    std::atomic<bool> is_asked = false;
    std::atomic<bool> may_send = false;
    const FakePrimary old([&](const FakePrimary::Client& client, const Bytes& request) {
        is_asked.store(true);
        may_send.wait(false);
        send_zone(client, request, zone);
    });
    std::atomic<int> outcomes = 0;
    SecondaryZones secondaries(none_, table_, *ledger_, {.may_get_more = true});
    secondaries.on_outcome([&](const dns::Name&, const std::string&) { ++outcomes; });
    secondaries.add(config_of("example.org.", old.address(), 1));
    ASSERT_TRUE(comes_true([&] { return is_asked.load(); }));
    secondaries.remove(zone.apex);
    secondaries.add(config_of("example.org.", nobody(), 2));
    may_send.store(true);
    may_send.notify_all();
    ASSERT_TRUE(comes_true([&] { return outcomes.load() > 1; }));  // The new one was asked.
    EXPECT_TRUE(is_unavailable("example.org."));
    EXPECT_EQ(ledger_->state(zone.apex)->origin.zone_id, 0U);
}

TEST_F(Several, AStartTakesNoCopyOfAnotherZone) {
    zone::FakeDisk disk;
    {
        zone::ZoneTable table;
        const auto ledger = *zone::ZoneLedger::open(disk.share(), table, {});
        auto zone = version("example.org.", "7 3600 900 604800");
        const zone::ZoneOrigin origin{.kind = zone::ZoneOrigin::Kind::Primary, .zone_id = 1};
        ASSERT_TRUE(ledger->replace(zone.apex, std::move(zone.image), origin).has_value());
        ASSERT_TRUE(ledger->confirm(zone.apex, seconds(::time(nullptr))).has_value());
    }
    for (const uint64_t id : {1U, 2U}) {
        zone::ZoneTable table;
        const auto ledger = *zone::ZoneLedger::open(disk.share(), table, {});
        SecondaryZones secondaries(none_, table, *ledger, {.may_get_more = true});
        secondaries.add(config_of("example.org.", nobody(), id));
        const auto pinned = table.pin(*dns::parse_name("example.org."));
        ASSERT_TRUE(pinned);
        EXPECT_EQ(pinned->version().is_unavailable(), id == 2);
    }
}

TEST_F(Several, OneOwnersPrimariesHoldUpHisZonesAlone) {
    std::atomic<size_t> held = 0;
    std::atomic<size_t> let_go = 0;
    constexpr size_t kSlow = FetchQueue::kWindowMin + 2;
    std::vector<std::unique_ptr<FakePrimary>> slow;
    for (size_t i = 0; i < kSlow; ++i) {
        slow.push_back(
            std::make_unique<FakePrimary>([&](const FakePrimary::Client& client, const Bytes&) {
                ++held;
                client.wait();
                ++let_go;
            }));
    }
    const auto zone = version("example.net.", "7 3600 900 604800");
    const FakePrimary quick([&](const FakePrimary::Client& client, const Bytes& request) {
        send_zone(client, request, zone);
    });
    SecondaryZones secondaries(none_, table_, *ledger_, {.may_get_more = true});
    for (size_t i = 0; i < kSlow; ++i) {
        const std::string name = "z" + std::to_string(i) + ".example.";
        SecondaryConfig config = config_of(name.c_str(), slow[i]->address(), i + 1);
        config.owner = "anna";
        secondaries.add(config);
    }
    ASSERT_TRUE(comes_true([&] { return held.load() == FetchQueue::kWindowMin; }));
    SecondaryConfig other = config_of("example.net.", quick.address(), kSlow + 1);
    other.owner = "bert";
    secondaries.add(other);
    EXPECT_TRUE(comes_true([&] { return has_data("example.net."); }));
    EXPECT_EQ(let_go.load(), 0U);
    EXPECT_EQ(held.load(), FetchQueue::kWindowMin);
}

TEST_F(Several, AZoneHasNoMoreRecordsThanThereIsRoomFor) {
    std::atomic<uint64_t> room = 2;
    const auto zone = version("example.org.", "7 3600 900 604800");  // Three records.
    const FakePrimary primary([&](const FakePrimary::Client& client, const Bytes& request) {
        send_zone(client, request, zone);
    });
    std::mutex mutex;
    std::string told = "nothing";
    const auto problem = [&] {
        const std::lock_guard lock(mutex);
        return told;
    };
    SecondaryZones secondaries(
        none_, table_, *ledger_,
        {.may_get_more = true,
         .room = [&](const dns::Name&) -> base::Result<uint64_t> { return room.load(); }});
    secondaries.on_outcome([&](const dns::Name&, const std::string& text) {
        const std::lock_guard lock(mutex);
        told = text;
    });
    secondaries.add(config_of("example.org.", primary.address(), 1));
    ASSERT_TRUE(comes_true([&] { return problem() != "nothing"; }));
    EXPECT_NE(problem().find("more than 3 records"), std::string::npos) << problem();
    EXPECT_NE(problem().find("a plan with more"), std::string::npos) << problem();
    EXPECT_FALSE(has_data("example.org."));
    room.store(3);
    EXPECT_TRUE(secondaries.retransfer(zone.apex));
    EXPECT_TRUE(comes_true([&] { return has_data("example.org."); }));
}

TEST_F(Secondary, OnlyThePrimaryOrTheKeyMaySayThatAZoneChanged) {
    SecondaryBook book;
    const auto primary = *base::parse_socket_address("192.0.2.1:53");
    const auto stranger = *base::parse_ip_address("198.51.100.1");
    const dns::Name zone = *dns::parse_name("example.org.");
    book.put(std::make_shared<const SecondaryConfig>(
        config_for({"example.org."}, primary).secondaries.front()));
    EXPECT_EQ(book.hear({.zone = zone, .peer = stranger, .serial = {}}), dns::Rcode::Refused);
    EXPECT_EQ(
        book.hear({.zone = *dns::parse_name("example.net."), .peer = primary.ip, .serial = {}}),
        dns::Rcode::NotAuth);
    EXPECT_EQ(book.hear({.zone = zone, .peer = primary.ip, .serial = 8}), dns::Rcode::NoError);
    EXPECT_EQ(book.hear({.zone = zone, .peer = primary.ip, .serial = 9}), dns::Rcode::NoError);
    const auto heard = book.take_heard(base::Instant::max());
    ASSERT_EQ(heard.size(), 1U);  // The last word counts.
    EXPECT_EQ(heard[0].serial, 9U);
    EXPECT_EQ(heard[0].primary, primary);
}

}  // namespace
}  // namespace nearcast::transfer
