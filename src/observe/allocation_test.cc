// SPDX-License-Identifier: Apache-2.0

// A worker's whole path between socket and socket takes no memory, with all that looks on switched
// on: counters, talkers, dnstap, cookies, and proofs of NSEC3 from a version that has a delta.

#include <cstdlib>
#include <iterator>
#include <map>
#include <new>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/crypto.h>

#include "answer/served_zones.h"
#include "dns/encoding.h"
#include "dnssec/nsec3.h"
#include "observe/counters.h"
#include "observe/tap.h"
#include "zone/delta.h"
#include "zone/zone_fixture.h"

namespace {

// Of the thread that answers: that of the tap may do as it likes.
thread_local size_t allocation_count = 0;

void* counted(size_t size) {
    ++allocation_count;
    if (void* const memory = std::malloc(size)) return memory;
    std::abort();
}
void* library_malloc(size_t size, const char*, int) { return counted(size); }
void* library_realloc(void* memory, size_t size, const char*, int) {
    ++allocation_count;
    return std::realloc(memory, size);
}
void library_free(void* memory, const char*, int) { std::free(memory); }

// Before the library takes memory for the first time.
const bool counts_library =
    CRYPTO_set_mem_functions(library_malloc, library_realloc, library_free) == 1;

}  // namespace

[[gnu::noinline]] void* operator new(size_t size) { return counted(size); }
[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept {
    return counted(size);
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, size_t) noexcept { std::free(block); }

namespace nearcast::observe {
namespace {

using answer::Exchange;

constexpr std::chrono::seconds kNow{1'559'731'985};
constexpr const char* kSoa = "example.org. 60 SOA ns1 h ";

std::string hash_of(const std::string& name) {
    std::string text;
    const dnssec::Nsec3Parameters parameters{dnssec::kNsec3Sha1, 0, 0, {}};
    dns::append_base32hex(dnssec::nsec3_hash(parameters, dns::parse_name(name)->wire()), text);
    return text;
}

std::string signed_zone() {
    std::string text = std::string(kSoa) +
                       "1 7200 900 1209600 300\nexample.org. 60 NS ns1\nns1 60 A 192.0.2.1\n"
                       "*.wild 60 TXT x\nexample.org. 60 NSEC3PARAM 1 0 0 -\n";
    std::map<std::string, std::string> chain;
    for (const char* name :
         {"example.org.", "ns1.example.org.", "wild.example.org.", "*.wild.example.org."}) {
        chain[hash_of(name)] = " A";
    }
    for (auto at = chain.begin(); at != chain.end(); ++at) {
        const auto next = std::next(at) == chain.end() ? chain.begin() : std::next(at);
        text += at->first + " 60 NSEC3 1 0 0 - " + next->first + at->second + "\n";
    }
    return text;
}

class AllocationTest : public testing::Test {
 protected:
    AllocationTest() {
        secrets_.publish({.secrets = {shield::CookieSecret{7}}, .count = 1});
        answer::ResponderOptions options;
        options.cookie_secrets = &secrets_;
        zones_ = std::make_unique<answer::ServedZones>(options);
        EXPECT_EQ(zones_->serve("example.org", signed_zone()), "");
        peer_.sin_family = AF_INET;
        peer_.sin_addr.s_addr = htonl(0xC0000201);
    }

    void change_one_name() {
        const auto pinned = zones_->table().pin(*dns::parse_name("example.org."));
        const zone::Changeset changes =
            zone::change_of(std::string(kSoa) + "1 7200 900 1209600 300\nns1 60 A 192.0.2.1\n",
                            std::string(kSoa) + "2 7200 900 1209600 300\nns1 60 A 192.0.2.9\n");
        const auto names = zone::name_changes(pinned->version(), changes);
        ASSERT_TRUE(names) << names.error().message;
        auto delta = zone::build_delta(pinned->version(), *names, 100);
        ASSERT_TRUE(delta && *delta);
        ASSERT_TRUE(zones_->table().publish(**std::move(delta)));
        ASSERT_TRUE(zones_->table().pin(*dns::parse_name("example.org."))->version().has_delta());
    }

    [[nodiscard]] static std::vector<uint8_t> query_with_cookie(const char* name) {
        static const std::vector<uint8_t> cookie = {0x24, 0x64, 0xC4, 0xAB, 0xCF, 0x10, 0xC9, 0x57};
        const std::vector<dns::EdnsOption> options = {{dns::kCookie, cookie}};
        return dns::build_query({.id = 1,
                                 .qname = *dns::parse_name(name),
                                 .qtype = dns::RRType::A,
                                 .dnssec_ok = true,
                                 .options = options});
    }

    // What apps/nearcastd makes of a batch, that needs no desk.
    void answer(std::span<Exchange> batch) {
        zones_->responder().respond(batch, kNow);
        for (const Exchange& exchange : batch) counters_->count(exchange);
        counters_->talkers.note(batch, kNow);
        for (const Exchange& exchange : batch) {
            if (note_.is_wanted()) note_.take(exchange, kNow, kNow);
        }
    }

    shield::CookieSecrets secrets_;
    std::unique_ptr<answer::ServedZones> zones_;
    std::unique_ptr<Counters> counters_ = std::make_unique<Counters>(100);
    TapConfig config_{.socket = {}, .file = "/dev/null"};
    Tap tap_{config_, {"node", "version"}, 1};
    Tap::Note note_ = tap_.note_for(0);
    sockaddr_in peer_{};
    in_addr own_{};
};

TEST_F(AllocationTest, TenThousandQuestionsTakeNoMemory) {
    ASSERT_TRUE(counts_library);
    change_one_name();
    std::vector<std::vector<uint8_t>> queries;
    for (const char* question :
         {"ns1.example.org A +do", "none.example.org A +do", "x.wild.example.org TXT +do",
          "x.wild.example.org A +do", "ns1.example.org MX +do", "a.b.none.example.org A +do",
          "elsewhere.test A", "example.org ANY"}) {
        queries.push_back(answer::query_for(question));
    }
    queries.push_back(query_with_cookie("ns1.example.org."));
    queries.push_back(query_with_cookie("none.example.org."));
    std::vector<uint8_t> room(1232);
    const size_t before = allocation_count;
    for (size_t i = 0; i < 10'000; ++i) {
        Exchange exchange{.query = queries[i % queries.size()],
                          .room = room,
                          .transport = i % 3 == 0 ? answer::Transport::Tcp : answer::Transport::Udp,
                          .peer = reinterpret_cast<const sockaddr*>(&peer_),
                          .asked = &own_,
                          .asked_port = 53,
                          .keepalive = 100};
        answer({&exchange, 1});
        ASSERT_GT(exchange.response_size, 0U);
    }
    EXPECT_EQ(allocation_count - before, 0U);
    // It was no empty round: the proofs were there, the cookies told, all was counted.
    EXPECT_GT(counters_->types[static_cast<size_t>(dns::RRType::A)].get(), 0U);
    const auto proof = zones_->ask("none.example.org A +do");
    EXPECT_NE(proof.find(" NSEC3 "), std::string::npos) << proof;
    EXPECT_NE(zones_->ask("ns1.example.org A").find("192.0.2.9"), std::string::npos);
    const auto told = dns::read_response(zones_->send(
        query_with_cookie("ns1.example.org."),
        Exchange{.query = {}, .room = {}, .peer = reinterpret_cast<const sockaddr*>(&peer_)}));
    ASSERT_TRUE(told);
    EXPECT_TRUE(told->option(dns::kCookie).has_value());
}

}  // namespace
}  // namespace nearcast::observe
