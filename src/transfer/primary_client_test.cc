// SPDX-License-Identifier: Apache-2.0

#include "transfer/primary_client.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "base/clock.h"
#include "transfer/fake_primary.h"
#include "transfer/message_writer.h"
#include "transfer/update_forwarder.h"
#include "zone/zone_fixture.h"

namespace nearcast::transfer {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Bytes = FakePrimary::Bytes;
using Client = FakePrimary::Client;
using Lines = std::vector<std::string>;

constexpr uint16_t kIxfr = 251;

const dns::Name& apex() {
    static const dns::Name name = *dns::parse_name("example.org.");
    return name;
}

// A response to `request` with these records: "SOA 7", or "www 5" for an address.
Bytes response(const Bytes& request, const Lines& records, dns::Rcode rcode = dns::Rcode::NoError) {
    MessageWriter writer;
    writer.begin(dns::kMessageSizeMax);
    for (const std::string& record : records) {
        const size_t space = record.find(' ');
        const int number = std::stoi(record.substr(space + 1));
        if (record.starts_with("SOA ")) {
            Bytes rdata(22);
            base::store_u32(&rdata[2], static_cast<uint32_t>(number));
            EXPECT_TRUE(writer.add_answer({apex().wire(), dns::RRType::SOA, 300, rdata}));
        } else if (record.starts_with("NS ")) {
            EXPECT_TRUE(writer.add_answer({apex().wire(), dns::RRType::NS, 300, Bytes{0}}));
        } else {
            const dns::Name owner = *dns::parse_name(record.substr(0, space), &apex());
            const Bytes rdata{192, 0, 2, static_cast<uint8_t>(number)};
            EXPECT_TRUE(writer.add_answer({owner.wire(), dns::RRType::A, 300, rdata}));
        }
    }
    const auto flags =
        static_cast<uint16_t>(dns::kFlagQr | dns::kFlagAa | static_cast<uint16_t>(rcode));
    writer.finish(base::load_u16(request.data()), flags);
    return {writer.message().begin(), writer.message().end()};
}

const Lines kZone = {"SOA 7", "NS 0", "www 1", "SOA 7"};

bool asks_for_changes(const Bytes& request) {
    const auto size = dns::name_size(std::span(request).subspan(dns::kHeaderSize));
    return base::load_u16(&request[dns::kHeaderSize + size]) == kIxfr;
}

class Asking : public testing::Test {
 protected:
    PrimaryClient client(const FakePrimary& primary) {
        return {apex(), primary.address(), nullptr, is_stopping_, limits_};
    }

    // How fetching all of the zone fails.
    std::string failure(FakePrimary::Serve serve) {
        const FakePrimary primary(std::move(serve));
        const auto fetched = client(primary).fetch_whole();
        return fetched ? "" : fetched.error().message;
    }

    std::atomic<bool> is_stopping_ = false;
    ClientLimits limits_{.answer = 200ms, .connect = 500ms, .message = 300ms, .transfer = 1min};
};

TEST_F(Asking, AZoneComesWhole) {
    const FakePrimary primary([](const Client& client, const Bytes& request) {
        client.send(response(request, {"SOA 7", "NS 0"}));
        client.send(response(request, {"www 1", "SOA 7"}));
    });
    const auto fetched = client(primary).fetch_whole();
    ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
    EXPECT_EQ(fetched->image.image().header().serial, 7U);
}

TEST_F(Asking, ChangesComeInOneStep) {
    const FakePrimary primary([](const Client& client, const Bytes& request) {
        EXPECT_TRUE(asks_for_changes(request));
        client.send(response(request, {"SOA 7", "SOA 5", "www 1", "SOA 6", "www 2", "SOA 6",
                                       "www 2", "SOA 7", "www 3", "SOA 7"}));
    });
    const auto fetched = client(primary).fetch_changes(5);
    ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
    ASSERT_TRUE(fetched->changes.has_value());
    EXPECT_EQ(fetched->changes->from_serial(), 5U);
    EXPECT_EQ(fetched->changes->to_serial(), 7U);
    EXPECT_EQ(fetched->changes->removed_count(), 2U);
    EXPECT_EQ(primary.connection_count(), 1U);
}

TEST_F(Asking, WhereChangesAreRefusedOrWrongTheZoneIsFetched) {
    for (const Lines& changes : {Lines{}, Lines{"SOA 7", "SOA 4", "SOA 7", "SOA 7"},
                                 Lines{"SOA 7", "SOA 5", "www 1", "SOA 7"}}) {
        const FakePrimary primary([&](const Client& client, const Bytes& request) {
            if (!asks_for_changes(request)) {
                client.send(response(request, kZone));
            } else if (changes.empty()) {
                client.send(response(request, {}, dns::Rcode::NotImp));
            } else {
                client.send(response(request, changes));
            }
        });
        const auto fetched = client(primary).fetch_changes(5);
        ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
        EXPECT_TRUE(fetched->image);
        EXPECT_FALSE(fetched->changes);
        EXPECT_NE(fetched->refusal, "");
    }
}

TEST_F(Asking, WhoDoesNotKnowEdnsIsAskedWithout) {
    const FakePrimary primary([](const Client& client, const Bytes& request) {
        const bool has_opt = dns::load_header(request).additional_count > 0;
        client.send(has_opt ? response(request, {}, dns::Rcode::FormErr)
                            : response(request, kZone));
    });
    EXPECT_TRUE(client(primary).fetch_whole().has_value());
    const auto told = client(primary).ask_serial();
    ASSERT_TRUE(told.has_value()) << told.error().message;
    EXPECT_EQ(told->serial, 7U);
    EXPECT_FALSE(told->expire);
    const auto fetched = client(primary).fetch_changes(5);
    ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
    EXPECT_TRUE(fetched->image);
    EXPECT_FALSE(fetched->knows_no_changes);
}

TEST_F(Asking, ASerialAloneSaysThatThereIsNothingNewer) {
    const FakePrimary primary([](const Client& client, const Bytes& request) {
        client.send(response(request, {"SOA 5"}));
    });
    for (const uint32_t ours : {5U, 6U}) {
        const auto fetched = client(primary).fetch_changes(ours);
        ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
        EXPECT_EQ(fetched->current, 5U);
        EXPECT_FALSE(fetched->image || fetched->changes);
    }
}

// What it tells those who ask for many zones at a time.
TEST_F(Asking, WhoSaysNothingIsCrowdedAndWhoRefusesMayBe) {
    const FakePrimary silent([](const Client& client, const Bytes&) { client.wait(); });
    PrimaryClient unanswered = client(silent);
    EXPECT_FALSE(unanswered.fetch_whole().has_value());
    EXPECT_TRUE(unanswered.is_crowded());
    EXPECT_FALSE(unanswered.is_refused());
    for (const auto rcode : {dns::Rcode::Refused, dns::Rcode::ServFail, dns::Rcode::NotAuth}) {
        const FakePrimary primary([rcode](const Client& client, const Bytes& request) {
            client.send(response(request, {}, rcode));
        });
        PrimaryClient refused = client(primary);
        EXPECT_FALSE(refused.fetch_whole().has_value());
        EXPECT_FALSE(refused.is_crowded());
        EXPECT_EQ(refused.is_refused(), rcode != dns::Rcode::NotAuth);
    }
}

TEST_F(Asking, SilenceAndDrippingCostAKnownTime) {
    EXPECT_THAT(failure([](const Client& client, const Bytes&) { client.wait(); }),
                HasSubstr("no answer in time"));
    const base::Instant start = base::now();
    EXPECT_THAT(failure([](const Client& client, const Bytes&) {
                    // A frame that would be long: a byte of it whenever the last one has gone.
                    for (const Bytes byte{0x7F}; client.send_raw(byte);) {
                        ::poll(nullptr, 0, 20);
                    }
                }),
                HasSubstr("no answer in time"));
    EXPECT_LT(base::now() - start, 5s);
}

TEST_F(Asking, AnEndlessZoneEndsAtTheTimeForAll) {
    limits_.transfer = 0min;
    EXPECT_THAT(failure([](const Client& client, const Bytes& request) {
                    client.send(response(request, {"SOA 7", "NS 0"}));
                    while (client.send(response(request, {"www 1"}))) {
                    }
                }),
                HasSubstr("no answer in time"));
}

TEST_F(Asking, WhoKeepsSendingALittleIsGivenUp) {
    limits_.slow_after = 100ms;
    limits_.rate_min = 10'000'000;
    const FakePrimary primary([](const Client& client, const Bytes& request) {
        client.send(response(request, {"SOA 7", "NS 0"}));
        while (client.send(response(request, {"www 1"}))) {
            ::poll(nullptr, 0, 20);
        }
    });
    PrimaryClient hurried = client(primary);
    const auto fetched = hurried.fetch_whole();
    ASSERT_FALSE(fetched.has_value());
    EXPECT_THAT(fetched.error().message, HasSubstr("less than 10000000 bytes a second"));
    EXPECT_TRUE(hurried.is_crowded());  // Others may have shared the way.
}

TEST_F(Asking, AllThatIsReceivedIsCountedTogether) {
    ReceiveBudget budget(size_t{64} << 10);
    const FakePrimary endless([](const Client& client, const Bytes& request) {
        client.send(response(request, {"SOA 7", "NS 0"}));
        while (client.send(response(request, {"www 1"}))) {
        }
    });
    PrimaryClient hungry = client(endless);
    hungry.use_budget(budget);
    const auto refused = hungry.fetch_whole();
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, HasSubstr("more memory than there is"));
    EXPECT_TRUE(hungry.is_crowded());
    EXPECT_EQ(budget.used(), 0U);

    const FakePrimary primary(
        [](const Client& client, const Bytes& request) { client.send(response(request, kZone)); });
    PrimaryClient modest = client(primary);
    modest.use_budget(budget);
    {
        const auto fetched = modest.fetch_whole();
        ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
        EXPECT_GT(budget.used(), 0U);
    }
    EXPECT_EQ(budget.used(), 0U);
}

TEST_F(Asking, WhatIsNotTheAnswerIsRefused) {
    EXPECT_THAT(failure([](const Client& client, const Bytes& request) {
                    Bytes other = response(request, kZone);
                    other[0] ^= 1;
                    client.send(other);
                }),
                HasSubstr("something else"));
    EXPECT_THAT(failure([](const Client& client, const Bytes& request) {
                    Bytes more = response(request, kZone);
                    base::store_u16(&more[6], 65535);
                    client.send(more);
                }),
                HasSubstr("no DNS message"));
    EXPECT_THAT(failure([](const Client& client, const Bytes& request) {
                    client.send(response(request, {"SOA 7", "www.example.net. 1"}));
                }),
                HasSubstr("not of the zone"));
    EXPECT_THAT(failure([](const Client& client, const Bytes& request) {
                    client.send(response(request, {"SOA 7", "NS 0"}));
                }),
                HasSubstr("closed the connection"));
    EXPECT_THAT(failure([](const Client& client, const Bytes&) { client.send({}); }),
                HasSubstr("no DNS message"));
}

// An UPDATE that a secondary passes on.
class Forwarding : public testing::Test {
 protected:
    static Bytes update() {
        dns::QueryDraft draft;
        draft.id = 4711;
        draft.qname = apex();
        draft.flags = static_cast<uint16_t>(static_cast<unsigned>(dns::Opcode::Update) << 11);
        return dns::build_query(draft);
    }

    std::string outcome_at(std::initializer_list<base::SocketAddress> primaries) {
        SecondaryConfig secondary;
        secondary.zone = apex();
        secondary.primaries = primaries;
        const auto answer =
            forward_update(update(), secondary, is_stopping_, {.connect = 300ms, .answer = 300ms});
        return answer ? dns::to_text(static_cast<dns::Rcode>((*answer)[3] & dns::kRcodeMask))
                      : answer.error().message;
    }

    // Answers with NXRRSET what came byte for byte as it was sent.
    static void answer(const Client& client, const Bytes& request) {
        EXPECT_EQ(request, update());
        Bytes answer = request;
        base::store_u16(&answer[2], base::load_u16(&answer[2]) | dns::kFlagQr |
                                        static_cast<uint16_t>(dns::Rcode::NXRRSet));
        client.send(answer);
    }

    // Where nobody listens.
    static base::SocketAddress nobody() {
        return FakePrimary([](auto&, auto&) {}).address();
    }

    std::atomic<bool> is_stopping_ = false;
};

TEST_F(Forwarding, ThePrimarysAnswerComesBack) {
    const FakePrimary primary(answer);
    EXPECT_EQ(outcome_at({primary.address()}), "NXRRSET");
    EXPECT_EQ(outcome_at({nobody(), primary.address()}), "NXRRSET");
}

TEST_F(Forwarding, WhoMayHaveCarriedItOutIsTheLastThatIsAsked) {
    const FakePrimary silent([](const Client& client, const Bytes&) { client.wait(); });
    const FakePrimary primary(answer);
    EXPECT_THAT(outcome_at({silent.address(), primary.address()}), HasSubstr("no answer in time"));
    EXPECT_EQ(primary.connection_count(), 0U);
}

TEST_F(Forwarding, AnAnswerToSomethingElseIsNone) {
    const FakePrimary other(
        [](const Client& client, const Bytes& request) { client.send(response(request, {})); });
    EXPECT_THAT(outcome_at({other.address()}), HasSubstr("of something else"));
}

}  // namespace
}  // namespace nearcast::transfer
