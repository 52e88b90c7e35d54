// SPDX-License-Identifier: Apache-2.0

#include "control/parent_servers.h"

#include <functional>
#include <map>

#include <gtest/gtest.h>

#include "dns/message.h"
#include "dns/zone_file.h"
#include "transfer/fake_primary.h"

namespace nearcast::control {
namespace {

using dns::RRType;
using Bytes = std::vector<uint8_t>;

void append_records(const std::string& text, Bytes& to) {
    dns::ZoneFileOptions options;
    options.origin = dns::Name();
    (void)dns::parse_zone_file(
        text, options, [&](const dns::Record& record, const dns::ZoneFilePlace&) {
            const auto owner = record.owner.wire();
            to.insert(to.end(), owner.begin(), owner.end());
            Bytes fixed(10);
            base::store_u16(fixed.data(), static_cast<uint16_t>(record.type));
            base::store_u16(fixed.data() + 2, 1);
            base::store_u32(fixed.data() + 4, record.ttl);
            base::store_u16(fixed.data() + 8, static_cast<uint16_t>(record.rdata.size()));
            to.insert(to.end(), fixed.begin(), fixed.end());
            to.insert(to.end(), record.rdata.begin(), record.rdata.end());
        });
}

struct Answer {
    std::string answer = {};  // At most one record.
    std::string authority = {};
    uint16_t flags = dns::kFlagAa;
};

// A resolver and the parent's servers at once; one that is not there listens nowhere.
class Servers {
 public:
    Servers()
        : server_([this](const auto& client, const Bytes& request) {
              dns::Query query;
              if (dns::parse_query(request, query) != dns::ParseError::None) return;
              client.send(respond(request, query));
          }) {
        put("test.", RRType::NS, {"test. 60 NS ns.test."});
        put("ns.test.", RRType::A, {"ns.test. 60 A 127.0.0.1"});
    }

    void put(const std::string& name, RRType type, const Answer& answer) {
        answers_[name + dns::to_text(type)] = answer;
    }
    std::optional<ParentAnswers> look(const char* zone) {
        const ParentLimits limits{.answer = std::chrono::seconds(30),
                                  .port = server_.address().port};
        ParentServers servers({server_.address()}, is_stopping_, limits);
        return servers.look(*dns::parse_name(zone));
    }

 private:
    Bytes respond(const Bytes& request, const dns::Query& query) {
        const auto found =
            answers_.find(dns::to_text(query.qname(request)) + dns::to_text(query.qtype));
        const Answer answer = found == answers_.end() ? Answer() : found->second;
        Bytes response(dns::kHeaderSize);
        std::copy_n(request.begin(), 2, response.begin());
        base::store_u16(&response[2], static_cast<uint16_t>(dns::kFlagQr | answer.flags));
        base::store_u16(&response[4], 1);
        base::store_u16(&response[6], answer.answer.empty() ? 0 : 1);
        base::store_u16(&response[8], answer.authority.empty() ? 0 : 1);
        const auto question = query.question(request);
        response.insert(response.end(), question.begin(), question.end());
        append_records(answer.answer + "\n" + answer.authority + "\n", response);
        return response;
    }

    std::map<std::string, Answer> answers_;
    std::atomic<bool> is_stopping_ = false;
    transfer::FakePrimary server_;
};

constexpr const char* kDs =
    "example.test. 300 DS 1 13 2 3A6EB2D3C6E5F5A5C4E5C43A1B0E9D6A4D0F2C4B6A8097867564534231201F0E";
constexpr const char* kSoa = "test. 600 SOA ns.test. h.test. 1 2 3 4 120";

TEST(ParentServers, GiveTheSetThatTheyHave) {
    Servers servers;
    servers.put("example.test.", RRType::DS, {kDs});
    const auto seen = servers.look("example.test.");
    ASSERT_TRUE(seen);
    ASSERT_EQ(seen->sets.size(), 1U);
    EXPECT_EQ(seen->sets[0].size(), 1U);
    EXPECT_EQ(seen->ttl, 300U);
    EXPECT_TRUE(seen->is_complete);
}

TEST(ParentServers, GiveAnEmptySetOnTheirOwnWordAlone) {
    Servers servers;
    servers.put("example.test.", RRType::DS, {.authority = kSoa});
    const auto seen = servers.look("example.test.");
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->sets, (std::vector<signing::Rdatas>{{}}));
    EXPECT_EQ(seen->ttl, 120U);
    servers.put("example.test.", RRType::DS,
                {.authority = "example.test. 600 SOA ns.test. h.test. 1 2 3 4 120"});
    EXPECT_FALSE(servers.look("example.test."));
    servers.put("example.test.", RRType::DS, {.authority = kSoa, .flags = 0});
    EXPECT_FALSE(servers.look("example.test."));
}

TEST(ParentServers, AreIncompleteWhenOneDoesNotAnswer) {
    Servers servers;
    servers.put("example.test.", RRType::DS, {kDs});
    servers.put("ns.test.", RRType::AAAA, {"ns.test. 60 AAAA ::1"});
    const auto seen = servers.look("example.test.");
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->sets.size(), 1U);
    EXPECT_FALSE(seen->is_complete);
}

TEST(ParentServers, AreFoundAboveNamesThatAreNoZone) {
    Servers servers;
    servers.put("a.b.test.", RRType::DS, {.authority = kSoa});
    ASSERT_TRUE(servers.look("a.b.test."));
    EXPECT_TRUE(servers.look("a.b.test.")->is_complete);
    EXPECT_FALSE(servers.look("a.b.other."));
}

}  // namespace
}  // namespace nearcast::control
