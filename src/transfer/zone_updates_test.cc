// SPDX-License-Identifier: Apache-2.0

#include "transfer/zone_updates.h"

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "zone/zone_fixture.h"

namespace nearcast::transfer {
namespace {

using dns::Rcode;
using Bytes = std::vector<uint8_t>;

constexpr std::string_view kConfig = R"([[key]]
name = "dhcp.example"
secret = "c2VjcmV0"
[[update.zone]]
zone = "example.org"
allow = ["192.0.2.1"]
[[update.zone]]
zone = "example.org"
allow = ["key:dhcp.example"]
names = ["subtree:dyn.example.org"]
types = ["A"]
[[update.zone]]
zone = "signed.example"
allow = ["192.0.2.1"]
[[update.zone]]
zone = "opened.example"
allow = ["192.0.2.1"]
signed = true
)";

class Updates : public testing::Test {
 protected:
    Updates() {
        publish("example.org.", "");
        for (const char* name : {"signed.example.", "opened.example."}) {
            publish(name, "@ 300 DNSKEY 257 3 13 AAAA\n");
        }
        ledger_->on_change([this](const dns::Name& zone) {
            const std::lock_guard lock(mutex_);
            told_.push_back(dns::to_text(zone));
        });
    }

    void publish(const char* name, const std::string& more) {
        auto zone = zone::compile_zone_text(*dns::parse_name(name),
                                            "@ 300 IN SOA ns1 admin 7 3600 900 604800 60\n"
                                            "@ 300 NS ns1\nns1 300 A 192.0.2.1\n" +
                                                more);
        EXPECT_TRUE(ledger_->replace(zone.apex, std::move(zone.image), {}).has_value());
    }

    // The message that adds a record at `owner`.
    static Bytes addition(const char* zone, const char* owner, dns::RRType type,
                          const Bytes& rdata) {
        dns::QueryDraft draft;
        draft.qname = *dns::parse_name(zone);
        draft.flags = static_cast<uint16_t>(static_cast<unsigned>(dns::Opcode::Update) << 11);
        draft.has_edns = false;
        Bytes message = dns::build_query(draft);
        const dns::Name name = *dns::parse_name(owner);
        message.insert(message.end(), name.wire().begin(), name.wire().end());
        Bytes rest{0, 0, 0, 1, 0, 0, 1, 44, 0, static_cast<uint8_t>(rdata.size())};
        base::store_u16(rest.data(), static_cast<uint16_t>(type));
        message.insert(message.end(), rest.begin(), rest.end());
        message.insert(message.end(), rdata.begin(), rdata.end());
        base::store_u16(&message[8], 1);
        return message;
    }
    // The address 192.0.2.`last`.
    static Bytes addition(const char* zone, const char* owner, uint8_t last) {
        return addition(zone, owner, dns::RRType::A, {192, 0, 2, last});
    }

    Verdict add(const char* zone, const char* owner, const Requestor& requestor, uint8_t last = 9) {
        return carry_out(addition(zone, owner, last), requestor);
    }
    Verdict carry_out(const Bytes& message, const Requestor& requestor) {
        dns::Query query;
        EXPECT_EQ(dns::parse_query(message, query), dns::ParseError::None);
        return updates_.carry_out(query, message, requestor);
    }

    uint32_t serial(const char* zone) {
        return table_.pin(*dns::parse_name(zone))->version().serial();
    }

    const TransferConfig config_ = *parse_transfer_config(kConfig, "node.toml");
    zone::ZoneTable table_;
    std::unique_ptr<zone::ZoneLedger> ledger_ =
        *zone::ZoneLedger::open(zone::make_memory_disk(), table_, {});
    ZoneUpdates updates_{config_, table_, *ledger_};
    std::mutex mutex_;  // Guards what was told.
    std::vector<std::string> told_;
    const Requestor by_address_{*base::parse_ip_address("192.0.2.1"), nullptr};
    const Requestor by_key_{*base::parse_ip_address("198.51.100.1"),
                            config_.keys.find(*dns::parse_name("dhcp.example."))};
    const Requestor nobody_{*base::parse_ip_address("198.51.100.1"), nullptr};
};

TEST_F(Updates, OneThatIsAllowedIsServedAndTold) {
    EXPECT_EQ(add("example.org.", "new.example.org.", by_address_).rcode, Rcode::NoError);
    EXPECT_EQ(serial("example.org."), 8U);
    EXPECT_EQ(told_, std::vector<std::string>{"example.org."});
    const auto pinned = table_.pin(*dns::parse_name("example.org."));
    EXPECT_NE(zone::text_of(pinned->version()).find("new.example.org. 300 A 192.0.2.9"),
              std::string::npos);
    EXPECT_EQ(ledger_->changes_since(*dns::parse_name("example.org."), 7)->size(), 1U);
}

TEST_F(Updates, OneThatChangesNothingIsTrueAndNotTold) {
    EXPECT_EQ(add("example.org.", "ns1.example.org.", by_address_, 1).rcode, Rcode::NoError);
    EXPECT_EQ(serial("example.org."), 7U);
    EXPECT_TRUE(told_.empty());
}

TEST_F(Updates, TheRulesDecideByRequestorNameAndType) {
    EXPECT_EQ(add("example.org.", "a.dyn.example.org.", by_key_).rcode, Rcode::NoError);
    EXPECT_EQ(add("example.org.", "www.example.org.", by_key_).rcode, Rcode::Refused);
    const Verdict refused = add("example.org.", "a.dyn.example.org.", nobody_);
    EXPECT_EQ(refused.rcode, Rcode::Refused);
    EXPECT_EQ(refused.reason, dns::ExtendedError::Prohibited);
    EXPECT_EQ(serial("example.org."), 8U);
}

TEST_F(Updates, AZoneThatIsNotHereOrHasNoRulesIsNotChanged) {
    EXPECT_EQ(add("www.example.org.", "a.www.example.org.", by_address_).rcode, Rcode::NotAuth);
    publish("closed.example.", "");
    EXPECT_EQ(add("closed.example.", "a.closed.example.", by_address_).rcode, Rcode::Refused);
    EXPECT_EQ(add("example.org.", "a.example.net.", by_address_).rcode, Rcode::NotZone);
}

TEST_F(Updates, ASignedZoneIsChangedOnlyWhereThatIsSaid) {
    const Verdict refused = add("signed.example.", "a.signed.example.", by_address_);
    EXPECT_EQ(refused.rcode, Rcode::Refused);
    EXPECT_EQ(refused.reason, dns::ExtendedError::NotSupported);
    EXPECT_EQ(add("opened.example.", "a.opened.example.", by_address_).rcode, Rcode::NoError);
}

// What makes a zone signed would lock out every update behind it, its own removal too.
TEST_F(Updates, NoneMakesASignedZoneWhereThatMayNotBeChanged) {
    const Bytes key{1, 1, 3, 13, 0, 0, 0};
    Bytes signature(18);
    base::store_u16(signature.data(), static_cast<uint16_t>(dns::RRType::SOA));
    signature.insert(signature.end(), {0, 1, 2, 3});
    const auto at_apex = [&](dns::RRType type, const Bytes& rdata) {
        return carry_out(addition("example.org.", "example.org.", type, rdata), by_address_);
    };
    const Verdict refused = at_apex(dns::RRType::DNSKEY, key);
    EXPECT_EQ(refused.rcode, Rcode::Refused);
    EXPECT_EQ(refused.reason, dns::ExtendedError::NotSupported);
    EXPECT_EQ(at_apex(dns::RRType::RRSIG, signature).rcode, Rcode::Refused);
    EXPECT_EQ(serial("example.org."), 7U);
    // At another name it signs nothing of the zone.
    const Bytes elsewhere = addition("example.org.", "host.example.org.", dns::RRType::DNSKEY, key);
    EXPECT_EQ(carry_out(elsewhere, by_address_).rcode, Rcode::NoError);
    EXPECT_EQ(add("example.org.", "new.example.org.", by_address_).rcode, Rcode::NoError);
}

TEST_F(Updates, OnlyTheZonesSoaNamesAZone) {
    Bytes message = addition("example.org.", "a.example.org.", 9);
    dns::Query query;
    ASSERT_EQ(dns::parse_query(message, query), dns::ParseError::None);
    query.qtype = dns::RRType::A;
    EXPECT_EQ(updates_.carry_out(query, message, by_address_).rcode, Rcode::FormErr);
    query.qtype = dns::RRType::SOA;
    query.qclass = dns::RRClass::CH;
    EXPECT_EQ(updates_.carry_out(query, message, by_address_).rcode, Rcode::NotAuth);
}

TEST_F(Updates, ManyAtOnceAllTakeEffect) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([this, i] {
            for (int j = 0; j < 10; ++j) {
                const std::string owner = "h" + std::to_string(i * 10 + j) + ".example.org.";
                EXPECT_EQ(add("example.org.", owner.c_str(), by_address_).rcode, Rcode::NoError);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(serial("example.org."), 47U);
    EXPECT_EQ(table_.pin(*dns::parse_name("example.org."))->version().record_count(), 43U);
}

}  // namespace
}  // namespace nearcast::transfer
