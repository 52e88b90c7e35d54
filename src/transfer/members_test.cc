// SPDX-License-Identifier: Apache-2.0

#include "transfer/members.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "transfer/request_desk.h"
#include "transfer/zone_updates.h"
#include "zone/compile.h"

namespace nearcast::transfer {
namespace {

constexpr std::string_view kConfig = "[[catalog.publish]]\nzone = \"catalog.example\"\n";
const dns::Name kCatalog = *dns::parse_name("catalog.example.");

// The node is who has the pin of ones, as long as it is one.
class OneNode final : public Members {
 public:
    [[nodiscard]] bool has(const tls::Peer& peer) const override {
        return is_node && peer.has_certificate && peer.pin.front() == 1;
    }
    [[nodiscard]] std::vector<base::SocketAddress> targets() const override { return {}; }
    [[nodiscard]] dns::Rcode hear(const tls::Peer& /*peer*/, const ServedReport& report) override {
        heard = report;
        return dns::Rcode::NoError;
    }

    bool is_node = true;
    std::optional<ServedReport> heard;
};

class OfMembers : public testing::Test {
 protected:
    OfMembers() {
        auto zone = zone::compile_zone_text(
            *dns::parse_name("example.org."),
            "@ 300 IN SOA ns1 admin 7 3600 900 604800 60\n@ 300 NS ns1\nns1 300 A 192.0.2.1\n");
        EXPECT_TRUE(ledger->replace(zone.apex, std::move(zone.image), {}).has_value());
    }

    static tls::Peer peer(uint8_t pin) {
        tls::Peer peer{.is_fit_for_transfers = true, .has_certificate = true, .names = {}};
        peer.pin.fill(pin);
        return peer;
    }

    // "granted", or the rcode.
    std::string answer(std::span<const uint8_t> message, const tls::Peer* tls) {
        const auto outcome = desk.answer({.message = message,
                                          .room = room,
                                          .peer = *base::parse_ip_address("192.0.2.9"),
                                          .is_stream = true,
                                          .tls = tls});
        if (outcome.is_granted) return "granted";
        return dns::to_text(static_cast<dns::Rcode>(room[3] & dns::kRcodeMask));
    }
    std::string transfer(const tls::Peer* tls) {
        dns::QueryDraft draft;
        draft.qname = *dns::parse_name("example.org.");
        draft.qtype = dns::RRType::AXFR;
        return answer(dns::build_query(draft), tls);
    }
    std::string report(const tls::Peer* tls, const dns::Name& catalog = kCatalog) {
        return answer(write_served_report({.catalog = catalog, .serial = 7}, 1), tls);
    }

    // The header alone, with a verdict's rcode.
    static size_t echo(const PlainQuestion& question) {
        const auto rcode = question.verdict ? question.verdict->rcode : dns::Rcode::NoError;
        dns::store_header(
            {.flags = static_cast<uint16_t>(dns::kFlagQr | static_cast<unsigned>(rcode))},
            question.room);
        return dns::kHeaderSize;
    }

    const TransferConfig config = *parse_transfer_config(kConfig, "control.toml");
    zone::ZoneTable zones;
    const std::unique_ptr<zone::ZoneLedger> ledger =
        *zone::ZoneLedger::open(zone::make_memory_disk(), zones, {});
    ZoneUpdates updates{config, zones, *ledger};
    const std::atomic<bool> is_stopping = false;
    OneNode node;
    std::vector<uint8_t> room = std::vector<uint8_t>(dns::kMessageSizeMax);
    RequestDesk desk{config,
                     {.zones = zones,
                      .ledger = *ledger,
                      .updates = updates,
                      .ask = echo,
                      .hear = [](const Notice&) { return dns::Rcode::NotAuth; },
                      .expires_in = [](const dns::Name&) { return std::nullopt; },
                      .secondary_of = [](const dns::Name&) { return nullptr; },
                      .members = &node,
                      .waiting = RequestDesk::Waiting{zones, is_stopping}}};
};

TEST_F(OfMembers, MayHaveZonesWhileTheyAreOnes) {
    const tls::Peer ours = peer(1);
    const tls::Peer stranger = peer(2);
    EXPECT_EQ(transfer(&ours), "granted");
    EXPECT_EQ(transfer(&stranger), "REFUSED");
    EXPECT_EQ(transfer(nullptr), "REFUSED");
    node.is_node = false;
    EXPECT_EQ(transfer(&ours), "REFUSED");
}

TEST_F(OfMembers, NeedATlsThatIsFit) {
    tls::Peer old = peer(1);
    old.is_fit_for_transfers = false;
    EXPECT_EQ(transfer(&old), "REFUSED");
    EXPECT_NE(report(&old), "NOERROR");
}

TEST_F(OfMembers, AreHeardAndNobodyElse) {
    const tls::Peer ours = peer(1);
    const tls::Peer stranger = peer(2);
    EXPECT_EQ(report(&stranger), "NOTAUTH");
    EXPECT_EQ(report(nullptr), "NOTAUTH");
    EXPECT_FALSE(node.heard);
    EXPECT_EQ(report(&ours), "NOERROR");
    ASSERT_TRUE(node.heard);
    EXPECT_EQ(node.heard->serial, 7U);
}

TEST_F(OfMembers, AreHeardOfCatalogsAlone) {
    const tls::Peer ours = peer(1);
    EXPECT_EQ(report(&ours, *dns::parse_name("example.org.")), "NOTAUTH");
    EXPECT_FALSE(node.heard);
}

}  // namespace
}  // namespace nearcast::transfer
