// SPDX-License-Identifier: Apache-2.0

#include "answer/responder.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include <gtest/gtest.h>

#include "answer/served_zones.h"
#include "zone/compile.h"
#include "zone/image_builder.h"

namespace {

std::atomic<size_t> allocation_count = 0;

void* counted(void* memory) {
    ++allocation_count;
    if (memory == nullptr) std::abort();
    return memory;
}

}  // namespace

// Not inlined, or the compiler sees malloc() beside delete and warns.
[[gnu::noinline]] void* operator new(size_t size) { return counted(std::malloc(size)); }
[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept {
    return counted(std::malloc(size));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace nearcast::answer {
namespace {

constexpr ProbeToken kToken = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

ResponderOptions options_with_token() {
    ResponderOptions options;
    options.identity = {"sin", "node1", "Nearcast 0"};
    options.probe_token = kToken;
    options.worker_index = 0x0102;
    return options;
}

std::string many_records(const char* owner, size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) {
        text += std::string(owner) + " 60 IN A 10.0." + std::to_string(i / 256) + "." +
                std::to_string(i % 256) + "\n";
    }
    return text;
}

class ResponderTest : public testing::Test {
 protected:
    ResponderTest() : zones_(options_with_token()) {
        zones_.serve("example.org",
                     "@ 60 IN SOA ns1 h 1 2 3 4 5\n@ 60 IN NS ns1\n"
                     "ns1 60 IN A 192.0.2.1\n"
                     "*.wild 60 IN MX 10 ns1\n"
                     "alias 60 IN CNAME ns1\n"
                     "sub 60 IN NS ns.sub\nns.sub 60 IN A 192.0.2.2\n" +
                         many_records("many", 60) + many_records("fit", 20));
    }

    dns::Response read(std::string_view question) {
        auto response = dns::read_response(zones_.ask_for_bytes(question));
        EXPECT_TRUE(response) << question;
        return response.value_or(dns::Response{});
    }

    // The answer to `query` with its two bytes at `at` set to `value`.
    std::string ask_changed(std::string_view question, size_t at, uint16_t value) {
        auto query = query_for(question);
        base::store_u16(query.data() + at, value);
        return describe(zones_.send(query));
    }

    std::optional<dns::ExtendedError> reason_for(std::string_view question) {
        const auto response = read(question);
        const auto option = response.option(dns::kExtendedError);
        if (!option || option->size() < 2) return std::nullopt;
        return static_cast<dns::ExtendedError>(base::load_u16(option->data()));
    }

    std::vector<uint8_t> probe(const ProbeToken& token, bool is_local) {
        dns::QueryDraft draft;
        draft.qname = *dns::parse_name("example.org.");
        const dns::EdnsOption option{dns::kProbe, token};
        draft.options = {&option, 1};
        return zones_.send(dns::build_query(draft), Transport::Udp, is_local);
    }

    static std::vector<uint8_t> query_with(std::string_view name, const dns::EdnsOption& option) {
        const dns::Name root;
        dns::QueryDraft draft;
        draft.qname = *dns::parse_name(name, &root);
        draft.options = {&option, 1};
        return dns::build_query(draft);
    }

    ServedZones zones_;
};

TEST_F(ResponderTest, RepeatsTheQuestionWithItsIdAndItsLetters) {
    const auto query = query_for("nS1.eXample.oRG A +rd");
    const auto response = zones_.send(query);
    ASSERT_GT(response.size(), query.size());
    EXPECT_EQ(base::load_u16(response.data()), 0x1234);
    const auto question_size = dns::name_size(std::span(query).subspan(12)) + 4;
    EXPECT_TRUE(std::equal(query.begin() + 12, query.begin() + 12 + long(question_size),
                           response.begin() + 12));
    EXPECT_EQ(base::load_u16(response.data() + 2), dns::kFlagQr | dns::kFlagAa | dns::kFlagRd);
}

TEST_F(ResponderTest, IgnoresAdCdAndZAndCopiesRd) {
    EXPECT_EQ(read("ns1.example.org A").header.flags, dns::kFlagQr | dns::kFlagAa);
    auto query = query_for("ns1.example.org A");
    base::store_u16(query.data() + 2, dns::kFlagRd | dns::kFlagCd | dns::kFlagAd | 0x0040);
    EXPECT_EQ(base::load_u16(zones_.send(query).data() + 2),
              dns::kFlagQr | dns::kFlagAa | dns::kFlagRd);
}

TEST_F(ResponderTest, AnswersNothingThatIsNoQuery) {
    EXPECT_EQ(ask_changed("ns1.example.org A", 2, dns::kFlagQr), "no response");
    const std::vector<uint8_t> scrap(11);
    EXPECT_EQ(describe(zones_.send(scrap)), "no response");
    EXPECT_EQ(describe(zones_.send({})), "no response");
}

TEST_F(ResponderTest, TellsWhatItCannotDo) {
    EXPECT_EQ(ask_changed("ns1.example.org A", 2, 2 << 11), "NOTIMP\n");
    EXPECT_EQ(ask_changed("example.org SOA", 2, 4 << 11), "NOTIMP\n");
    EXPECT_EQ(ask_changed("example.org SOA", 2, 5 << 11), "NOTIMP\n");
    EXPECT_EQ(ask_changed("ns1.example.org A", 4, 2), "FORMERR\n");
    EXPECT_EQ(zones_.ask("example.org AXFR +tcp"), "REFUSED\n");
    EXPECT_EQ(zones_.ask("example.org IXFR"), "REFUSED\n");
    EXPECT_EQ(zones_.ask("example.org MAILB"), "NOTIMP\n");
    EXPECT_EQ(zones_.ask("example.org OPT"), "FORMERR\n");
    EXPECT_EQ(zones_.ask("example.org A HS"), "REFUSED\n");
}

TEST_F(ResponderTest, SaysThatAZoneHasNoData) {
    zones_.table().publish(zone::build_unavailable_image(*dns::parse_name("broken.example.")));
    EXPECT_EQ(zones_.ask("www.broken.example A"), "SERVFAIL\n");
}

TEST_F(ResponderTest, SpeaksEdnsToWhoSpeaksIt) {
    const auto with = read("ns1.example.org A +do");
    EXPECT_TRUE(with.has_edns);
    EXPECT_TRUE(with.dnssec_ok);
    EXPECT_EQ(with.udp_payload, 1232);
    EXPECT_FALSE(read("ns1.example.org A").dnssec_ok);
    EXPECT_FALSE(read("ns1.example.org A +noedns").has_edns);
    EXPECT_TRUE(read("nowhere.example A").has_edns);
}

TEST_F(ResponderTest, RefusesAVersionOfEdnsThatItDoesNotKnow) {
    auto query = query_for("ns1.example.org A");
    query[query.size() - 5] = 1;
    EXPECT_EQ(describe(zones_.send(query)), "BADVERS\n");
}

TEST_F(ResponderTest, SaysWhyItDoesNotAnswer) {
    zones_.table().publish(zone::build_unavailable_image(*dns::parse_name("broken.example.")));
    EXPECT_EQ(reason_for("www.nowhere.example A"), dns::ExtendedError::NotAuthoritative);
    EXPECT_EQ(reason_for("unknown.bind TXT CH"), dns::ExtendedError::NotAuthoritative);
    EXPECT_EQ(reason_for("www.broken.example A"), dns::ExtendedError::InvalidData);
    EXPECT_EQ(reason_for("example.org AXFR +tcp"), dns::ExtendedError::Prohibited);
    EXPECT_EQ(reason_for("example.org A HS"), dns::ExtendedError::NotSupported);
    EXPECT_EQ(reason_for("example.org MAILB"), dns::ExtendedError::NotSupported);
    EXPECT_FALSE(reason_for("ns1.example.org A"));
    EXPECT_FALSE(reason_for("none.example.org A"));
    EXPECT_FALSE(reason_for("example.org OPT"));
    EXPECT_FALSE(reason_for("www.nowhere.example A +noedns"));
}

TEST_F(ResponderTest, AnswersWhatItsCallerHasDecided) {
    const auto query = query_for("ns1.example.org A");
    std::vector<uint8_t> room(512);
    Exchange exchange{.query = query, .room = room};
    exchange.verdict =
        Outcome{.rcode = dns::Rcode::NotAuth, .reason = dns::ExtendedError::Prohibited};
    zones_.responder().respond({&exchange, 1});
    const auto response = dns::read_response(std::span(room).first(exchange.response_size));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->rcode, dns::Rcode::NotAuth);
    EXPECT_EQ(response->questions.size(), 1U);
    EXPECT_TRUE(response->answer.empty());
    EXPECT_TRUE(response->option(dns::kExtendedError));
}

TEST_F(ResponderTest, LeavesTheExpireOfASoaToItsCaller) {
    const dns::EdnsOption option{dns::kExpire, {}};
    dns::QueryDraft draft{.qname = *dns::parse_name("example.org."), .options = {&option, 1}};
    std::vector<uint8_t> room(512);
    for (const dns::RRType type : {dns::RRType::SOA, dns::RRType::NS}) {
        draft.qtype = type;
        const auto query = dns::build_query(draft);
        Exchange exchange{.query = query, .room = room, .expire = 1234};
        zones_.responder().respond({&exchange, 1});
        const auto response = dns::read_response(std::span(room).first(exchange.response_size));
        ASSERT_TRUE(response);
        EXPECT_EQ(exchange.is_special, type == dns::RRType::SOA);
        EXPECT_EQ(response->option(dns::kExpire).has_value(), type == dns::RRType::SOA);
    }
}

TEST_F(ResponderTest, TruncatesWhatDoesNotFit) {
    EXPECT_EQ(zones_.ask("many.example.org A +noedns"), "NOERROR aa tc\n");
    EXPECT_EQ(read("fit.example.org A +noedns").answer.size(), 20U);
    EXPECT_EQ(read("many.example.org A").answer.size(), 60U);
    EXPECT_EQ(zones_.ask("many.example.org A +size=900"), "NOERROR aa tc\n");
    EXPECT_EQ(read("many.example.org A +noedns +tcp").answer.size(), 60U);
}

TEST_F(ResponderTest, NeverExceedsWhatTheClientOrTheConfigurationAllows) {
    zones_.serve("big.example",
                 "@ 60 SOA ns1 h 1 2 3 4 5\n@ 60 NS ns.example.\n" + many_records("x", 90));
    EXPECT_EQ(zones_.ask("x.big.example A +size=4096"), "NOERROR aa tc\n");
    EXPECT_EQ(zones_.ask("x.big.example A +size=1"), "NOERROR aa tc\n");
}

TEST_F(ResponderTest, SaysWhoItIs) {
    EXPECT_EQ(zones_.ask("id.server TXT CH"),
              "NOERROR aa\nanswer: id.server. 0 CH TXT \"node1.sin\"\n");
    EXPECT_EQ(zones_.ask("HostName.bind TXT CH"),
              "NOERROR aa\nanswer: HostName.bind. 0 CH TXT \"node1\"\n");
    EXPECT_EQ(zones_.ask("version.bind TXT CH"),
              "NOERROR aa\nanswer: version.bind. 0 CH TXT \"Nearcast 0\"\n");
    EXPECT_EQ(zones_.ask("version.server TXT CH"),
              "NOERROR aa\nanswer: version.server. 0 CH TXT \"Nearcast 0\"\n");
    EXPECT_EQ(zones_.ask("id.server A CH"), "REFUSED\n");
    EXPECT_EQ(zones_.ask("ns1.example.org TXT CH"), "REFUSED\n");
}

TEST_F(ResponderTest, TellsItsNameToWhoAsksForNsid) {
    dns::QueryDraft draft;
    draft.qname = *dns::parse_name("example.org.");
    const dns::EdnsOption option{dns::kNsid, {}};
    draft.options = {&option, 1};
    const auto response = dns::read_response(zones_.send(dns::build_query(draft)));
    ASSERT_TRUE(response && response->option(dns::kNsid));
    const auto nsid = *response->option(dns::kNsid);
    EXPECT_EQ(std::string(nsid.begin(), nsid.end()), "node1.sin");
    EXPECT_FALSE(read("example.org SOA").option(dns::kNsid));
}

TEST_F(ResponderTest, TellsTheGuardWhichWorkerAnswered) {
    const auto response = dns::read_response(probe(kToken, true));
    ASSERT_TRUE(response && response->option(dns::kProbe));
    const auto index = *response->option(dns::kProbe);
    EXPECT_EQ(std::vector<uint8_t>(index.begin(), index.end()), (std::vector<uint8_t>{1, 2}));
}

TEST_F(ResponderTest, TellsNobodyElse) {
    const auto from_afar = dns::read_response(probe(kToken, false));
    EXPECT_FALSE(from_afar->option(dns::kProbe));
    const auto with_wrong_token = dns::read_response(probe(ProbeToken{7}, true));
    EXPECT_FALSE(with_wrong_token->option(dns::kProbe));
}

TEST_F(ResponderTest, PadsEncryptedResponsesToStepsForWhoAsks) {
    const std::vector<uint8_t> zeros(20);
    for (const char* name : {"example.org", "x.wild.example.org", "many.example.org"}) {
        const auto query = query_with(name, {dns::kPadding, zeros});
        Exchange exchange;
        exchange.transport = Transport::Tcp;
        EXPECT_FALSE(dns::read_response(zones_.send(query, exchange))->option(dns::kPadding));
        exchange.is_encrypted = true;
        const auto padded = zones_.send(query, exchange);
        EXPECT_EQ(padded.size() % 468, 0U) << name;
        EXPECT_TRUE(dns::read_response(padded)->option(dns::kPadding));
        const auto unasked = zones_.send(query_with(name, {dns::kNsid, {}}), exchange);
        EXPECT_FALSE(dns::read_response(unasked)->option(dns::kPadding));
    }
}

TEST_F(ResponderTest, TellsItsIdleLimitOverTcpToWhoAsks) {
    const auto query = query_with("example.org", {dns::kTcpKeepalive, {}});
    Exchange exchange;
    exchange.keepalive = 100;
    EXPECT_FALSE(dns::read_response(zones_.send(query, exchange))->option(dns::kTcpKeepalive));
    exchange.transport = Transport::Tcp;
    const auto response = dns::read_response(zones_.send(query, exchange));
    ASSERT_TRUE(response && response->option(dns::kTcpKeepalive));
    const auto limit = *response->option(dns::kTcpKeepalive);
    EXPECT_EQ(std::vector<uint8_t>(limit.begin(), limit.end()), (std::vector<uint8_t>{0, 100}));
}

TEST_F(ResponderTest, AnswersALongBatchEachInItsPlace) {
    constexpr size_t kCount = 100;
    std::vector<std::vector<uint8_t>> queries;
    std::vector<std::vector<uint8_t>> rooms(kCount, std::vector<uint8_t>(1232));
    std::vector<Exchange> batch(kCount);
    for (size_t i = 0; i < kCount; ++i) {
        queries.push_back(query_for(i % 2 == 0 ? "ns1.example.org A" : "nope.example.org A"));
        base::store_u16(queries[i].data(), static_cast<uint16_t>(i));
    }
    for (size_t i = 0; i < kCount; ++i) {
        batch[i].query = queries[i];
        batch[i].room = rooms[i];
    }
    zones_.responder().respond(batch);
    for (size_t i = 0; i < kCount; ++i) {
        const auto response = dns::read_response(std::span(rooms[i]).first(batch[i].response_size));
        ASSERT_TRUE(response);
        EXPECT_EQ(response->header.id, i);
        EXPECT_EQ(response->rcode, i % 2 == 0 ? dns::Rcode::NoError : dns::Rcode::NXDomain);
    }
}

TEST_F(ResponderTest, AllocatesNothingForAQuery) {
    std::vector<std::vector<uint8_t>> queries;
    for (const char* question :
         {"ns1.example.org A", "nope.example.org A", "x.wild.example.org MX +do",
          "many.example.org A", "alias.example.org AAAA", "www.sub.example.org A",
          "example.org ANY", "nowhere A", "id.server TXT CH", "example.org AXFR"}) {
        queries.push_back(query_for(question));
    }
    std::vector<uint8_t> room(1232);
    const size_t before = allocation_count;
    for (size_t i = 0; i < 10'000; ++i) {
        Exchange exchange{queries[i % queries.size()], room};
        zones_.responder().respond({&exchange, 1});
        ASSERT_GT(exchange.response_size, 0U);
    }
    EXPECT_EQ(allocation_count - before, 0U);
}

// Run under ThreadSanitizer: workers answer while zones come, change and go.
TEST(ResponderThreads, AnswerWhileZonesChange) {
    zone::ZoneTable table;
    const auto zone_text = [](size_t serial) {
        return "@ 60 IN SOA ns h " + std::to_string(serial) + " 2 3 4 5\n@ 60 IN NS ns.example.\n";
    };
    const auto publish = [&](const std::string& apex, size_t serial) {
        table.publish(
            std::move(zone::compile_zone_text(*dns::parse_name(apex), zone_text(serial)).image));
    };
    publish("stays.example.", 0);
    std::atomic<bool> is_done = false;
    std::vector<std::jthread> workers;
    for (int i = 0; i < 2; ++i) {
        workers.emplace_back([&] {
            Responder responder(table, {});
            const auto query = query_for("stays.example SOA");
            std::vector<uint8_t> room(1232);
            while (!is_done) {
                Exchange exchange{query, room};
                responder.respond({&exchange, 1});
                const auto response =
                    dns::read_response(std::span(room).first(exchange.response_size));
                ASSERT_TRUE(response && response->answer.size() == 1);
                responder.offline();
            }
        });
    }
    for (size_t serial = 1; serial < 300; ++serial) {
        publish("stays.example.", serial);
        publish("other" + std::to_string(serial % 50) + ".example.", serial);
        table.withdraw(*dns::parse_name("other" + std::to_string(serial % 7) + ".example."));
    }
    is_done = true;
    workers.clear();
    EXPECT_EQ(table.collect(), 0U);
    EXPECT_GT(table.size(), 40U);
}

}  // namespace
}  // namespace nearcast::answer
