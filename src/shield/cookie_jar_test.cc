// SPDX-License-Identifier: Apache-2.0

#include "shield/cookie_jar.h"

#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/address.h"
#include "dns/encoding.h"

namespace nearcast::shield {
namespace {

std::vector<uint8_t> bytes_of(std::string_view hex) {
    std::vector<uint8_t> bytes;
    dns::HexDecoder decoder;
    EXPECT_TRUE(decoder.feed(hex, bytes));
    return bytes;
}

std::string hex_of(std::span<const uint8_t> bytes) {
    std::string text;
    dns::append_hex(bytes, text);
    return text;
}

constexpr const char* kSecret = "e5e973e5a6b2a43f48e7dc849e37bfcf";
constexpr const char* kOther = "445536bcd2513298075a5d379663c962";
constexpr const char* kClient = "198.51.100.100";
constexpr uint32_t kNow = 1559731985;

class CookieJarTest : public testing::Test {
 protected:
    CookieJarTest() { know({kSecret}); }

    void know(std::initializer_list<const char*> secrets) {
        CookieSecretSet set;
        for (const char* text : secrets) set.secrets[set.count++] = *parse_cookie_secret(text);
        secrets_.publish(set);
    }

    CookieState take(std::string_view option, uint32_t now, std::string_view address = kClient) {
        CookieJar jar(secrets_, {});
        const auto ip = *base::parse_ip_address(address);
        Cookie reply{};
        const CookieState state =
            jar.take(bytes_of(option), std::span(ip.bytes).first(ip.bits() / 8), now, reply);
        reply_ = hex_of(reply);
        return state;
    }

    CookieSecrets secrets_;
    std::string reply_;  // To the last one taken.
};

// RFC 9018, Appendix A.1 to A.4.
TEST_F(CookieJarTest, GivesTheCookiesOfTheStandard) {
    EXPECT_EQ(take("2464c4abcf10c957", kNow), CookieState::ClientOnly);
    EXPECT_EQ(reply_, "2464c4abcf10c957010000005cf79f111f8130c3eee29480");
    EXPECT_EQ(take(reply_, 1559734385), CookieState::Good);
    EXPECT_EQ(reply_, "2464c4abcf10c957010000005cf7a871d4a564a1442aca77");

    constexpr const char* kReserved = "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5";
    EXPECT_EQ(take(kReserved, 1559727985, "203.0.113.203"), CookieState::Good);
    // The example answers two hours later, when by §4.3 it is too old; the new one is the same.
    EXPECT_EQ(take(kReserved, 1559734700, "203.0.113.203"), CookieState::Bad);
    EXPECT_EQ(reply_, "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e");

    know({kOther, "dd3bdf9344b678b185a6f5cb60fca715"});
    EXPECT_EQ(take("22681ab97d52c298010000005cf7c57926556bd0934c72f8", 1559741961,
                   "2001:db8:220:1:59de:d0f4:8769:82b8"),
              CookieState::Good);
    EXPECT_EQ(reply_, "22681ab97d52c298010000005cf7c609a6bb79d16625507a");
}

TEST_F(CookieJarTest, RefusesSizesThatThereAreNot) {
    for (size_t size = 0; size <= 48; ++size) {
        const std::string option(2 * size, '0');
        const bool is_fine = size == 8 || (size >= 16 && size <= 40);
        EXPECT_EQ(take(option, kNow) != CookieState::Malformed, is_fine) << size;
    }
}

TEST_F(CookieJarTest, KnowsItsOwnForAnHourAndReplacesItAfterHalfOfThat) {
    ASSERT_EQ(take("0102030405060708", kNow), CookieState::ClientOnly);
    const std::string cookie = reply_;
    for (const uint32_t age : {0U, 1U, 1799U}) {
        EXPECT_EQ(take(cookie, kNow + age), CookieState::Good) << age;
        EXPECT_EQ(reply_, cookie) << age;
    }
    for (const uint32_t age : {1800U, 3600U}) {
        EXPECT_EQ(take(cookie, kNow + age), CookieState::Good) << age;
        EXPECT_NE(reply_, cookie) << age;
    }
    EXPECT_EQ(take(cookie, kNow + 3601), CookieState::Bad);
    EXPECT_EQ(take(reply_, kNow + 3601), CookieState::Good);
}

TEST_F(CookieJarTest, TakesClocksThatAreFiveMinutesAhead) {
    ASSERT_EQ(take("0102030405060708", kNow), CookieState::ClientOnly);
    const std::string cookie = reply_;
    EXPECT_EQ(take(cookie, kNow - 300), CookieState::Good);
    EXPECT_EQ(reply_, cookie);
    EXPECT_EQ(take(cookie, kNow - 301), CookieState::Bad);
}

TEST_F(CookieJarTest, CountsOnWhenTheTimeFieldWraps) {
    constexpr uint32_t kLast = UINT32_MAX;
    ASSERT_EQ(take("0102030405060708", kLast), CookieState::ClientOnly);
    EXPECT_EQ(take(reply_, kLast + 100), CookieState::Good);
}

TEST_F(CookieJarTest, RefusesAnyOtherClientAndAnyChangedByte) {
    ASSERT_EQ(take("0102030405060708", kNow), CookieState::ClientOnly);
    const std::string cookie = reply_;
    EXPECT_EQ(take(cookie, kNow, "198.51.100.101"), CookieState::Bad);
    for (size_t i = 0; i < cookie.size(); i += 2) {
        std::string changed = cookie;
        changed[i] = changed[i] == 'f' ? '0' : 'f';
        EXPECT_EQ(take(changed, kNow), CookieState::Bad) << i;
    }
    EXPECT_EQ(take(cookie + "00", kNow), CookieState::Bad);
    EXPECT_EQ(take(cookie.substr(0, 32), kNow), CookieState::Bad);
}

TEST_F(CookieJarTest, RollsASecretWithoutABreak) {
    ASSERT_EQ(take("0102030405060708", kNow), CookieState::ClientOnly);
    const std::string by_old = reply_;
    know({kSecret, kOther});  // Accepted, not used yet.
    EXPECT_EQ(take(by_old, kNow), CookieState::Good);
    EXPECT_EQ(reply_, by_old);
    know({kOther, kSecret});  // Used.
    EXPECT_EQ(take(by_old, kNow), CookieState::Good);
    const std::string by_new = reply_;
    EXPECT_NE(by_new, by_old);
    know({kSecret, kOther});  // A server that is a step behind.
    EXPECT_EQ(take(by_new, kNow), CookieState::Good);
    know({kOther});
    EXPECT_EQ(take(by_new, kNow), CookieState::Good);
    EXPECT_EQ(take(by_old, kNow), CookieState::Bad);
}

TEST_F(CookieJarTest, SeesOtherSecretsAtTheNextBatch) {
    CookieJar jar(secrets_, {});
    const std::array<uint8_t, 4> address = {192, 0, 2, 1};
    Cookie before{};
    Cookie after{};
    (void)jar.take(bytes_of("0102030405060708"), address, kNow, before);
    know({kOther});
    (void)jar.take(bytes_of("0102030405060708"), address, kNow, after);
    EXPECT_EQ(before, after);
    jar.refresh();
    (void)jar.take(bytes_of("0102030405060708"), address, kNow, after);
    EXPECT_NE(before, after);
}

TEST_F(CookieJarTest, NeverSeesHalfOfOneSetAndHalfOfAnother) {
    std::atomic<bool> is_over = false;
    std::thread writer([&] {
        for (int i = 0; i < 20'000; ++i) {
            i % 2 == 0 ? know({kSecret, kSecret}) : know({kOther, kOther, kOther});
        }
        is_over = true;
    });
    CookieSecretSet set;
    uint64_t version = 0;
    size_t torn = 0;
    size_t seen = 0;
    do {
        version = secrets_.read(set, version);
        if (set.count == 0) continue;
        ++seen;
        const bool is_first = hex_of(set.secrets[0]) == kSecret;
        torn += set.secrets[0] != set.secrets[set.count - 1] || (set.count == 3) == is_first;
    } while (!is_over);
    writer.join();
    EXPECT_GT(seen, 0U);
    EXPECT_EQ(torn, 0U);
}

TEST_F(CookieJarTest, DemandsWhatThePolicySays) {
    constexpr std::array kAll = {CookieState::None, CookieState::Malformed, CookieState::ClientOnly,
                                 CookieState::Bad, CookieState::Good};
    CookieJar never(secrets_, {.demand = CookieDemand::Never});
    CookieJar always(secrets_, {.demand = CookieDemand::Always});
    for (const CookieState state : kAll) {
        const bool is_improvable = state == CookieState::ClientOnly || state == CookieState::Bad;
        EXPECT_FALSE(never.demands_better(state, kNow));
        EXPECT_EQ(always.demands_better(state, kNow), is_improvable);
    }
}

TEST_F(CookieJarTest, DemandsCookiesWhileAnAttackLasts) {
    CookieJar jar(secrets_, {.demand = CookieDemand::UnderAttack, .attack_rate = 100});
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(jar.demands_better(CookieState::None, kNow));
    // Who shows a good one does not make an attack.
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(jar.demands_better(CookieState::Good, kNow));
    EXPECT_FALSE(jar.demands_better(CookieState::ClientOnly, kNow + 1));
    for (int i = 0; i < 101; ++i) (void)jar.demands_better(CookieState::None, kNow + 2);
    EXPECT_TRUE(jar.demands_better(CookieState::ClientOnly, kNow + 2));
    EXPECT_FALSE(jar.demands_better(CookieState::None, kNow + 2));
    EXPECT_FALSE(jar.demands_better(CookieState::Good, kNow + 2));
    EXPECT_TRUE(jar.demands_better(CookieState::Bad, kNow + 2 + CookieJar::kAttackHold - 1));
    EXPECT_FALSE(jar.demands_better(CookieState::Bad, kNow + 2 + CookieJar::kAttackHold));
}

}  // namespace
}  // namespace nearcast::shield
