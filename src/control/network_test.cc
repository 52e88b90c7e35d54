// SPDX-License-Identifier: Apache-2.0

#include "control/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/audit.h"
#include "control/database_fixture.h"

namespace nearcast::control {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Error = ChangeError::Kind;

tls::SpkiPin pin_of(uint8_t number) {
    tls::SpkiPin pin{};
    pin.back() = number;
    return pin;
}

tls::Peer peer_of(uint8_t number) {
    return {
        .is_fit_for_transfers = true, .has_certificate = true, .pin = pin_of(number), .names = {}};
}

class OfNetwork : public testing::TestWithParam<Database::Dialect> {
 protected:
    OfNetwork() { EXPECT_TRUE(network.add_pop({.name = "sin", .city = "Singapore"}, actor)); }

    std::string invite(const std::string& node = "", Timestamp at = now()) {
        const auto made = network.invite("sin", node, hours(1), actor, at);
        EXPECT_TRUE(made) << made.error().message;
        return made ? made->token : "";
    }

    Outcome<Node> join(const std::string& token, uint8_t key, Timestamp at = now()) {
        const auto invitation = network.find_invitation(token, at);
        if (!invitation) return std::unexpected(invitation.error());
        return network.join(*invitation, pin_of(key), address, {"join", "192.0.2.1"}, at);
    }

    static Timestamp now() { return hours(490'000); }

    const Actor actor{"key:admin", "127.0.0.1"};
    const base::SocketAddress address = *base::parse_socket_address("192.0.2.1:53");
    const TestDatabase place{GetParam()};
    const std::unique_ptr<Database> database = place.open();
    Network network{*database};
};

TEST_P(OfNetwork, ATokenLetsOneServerInUnderItsName) {
    const std::string token = invite();
    const auto node = join(token, 1);
    ASSERT_TRUE(node) << node.error().message;
    EXPECT_EQ(node->name, "sin1");
    ASSERT_TRUE(network.find_node(peer_of(1)));
    EXPECT_EQ(network.find_node(peer_of(1))->pop, "sin");
    EXPECT_FALSE(network.find_node(peer_of(2)));
    EXPECT_EQ(join(token, 2).error().kind, Error::Forbidden);
}

TEST_P(OfNetwork, ATokenExpires) {
    const std::string token = invite();
    EXPECT_EQ(join(token, 1, now() + hours(1)).error().kind, Error::Forbidden);
    EXPECT_TRUE(join(token, 1, now() + hours(1) - seconds(1)));
}

TEST_P(OfNetwork, ATokenThatTwoBringAtOnceServesOne) {
    const auto invitation = network.find_invitation(invite(), now());
    ASSERT_TRUE(invitation);
    EXPECT_TRUE(network.join(*invitation, pin_of(1), address, actor, now()));
    EXPECT_FALSE(network.join(*invitation, pin_of(2), address, actor, now()));
    EXPECT_FALSE(network.find_node(peer_of(2)));
}

TEST_P(OfNetwork, ATokenIsNotUsedUpByWhatIsRefused) {
    ASSERT_TRUE(join(invite(), 1));
    const std::string token = invite();
    EXPECT_EQ(join(token, 1).error().kind, Error::Exists) << "the key is another node's";
    EXPECT_TRUE(join(token, 2));
}

TEST_P(OfNetwork, ARevokedNodeIsNobodyAtOnce) {
    ASSERT_TRUE(join(invite(), 1));
    ASSERT_TRUE(network.revoke("sin1", actor, now()));
    EXPECT_FALSE(network.find_node(peer_of(1)));
    EXPECT_EQ(network.revoke("sin1", actor, now()).error().kind, Error::NotFound);
    EXPECT_EQ(join(invite(), 2)->name, "sin1") << "the name is free again";
}

TEST_P(OfNetwork, AnotherControllerSeesIt) {
    ASSERT_TRUE(join(invite(), 1));
    Network other(*database);
    ASSERT_TRUE(other.refresh());
    EXPECT_TRUE(other.find_node(peer_of(1)));
}

TEST_P(OfNetwork, NamesAreGivenOnce) {
    invite();
    const auto second = network.invite("sin", "", hours(1), actor, now());
    ASSERT_TRUE(second);
    EXPECT_EQ(second->invitation.node, "sin2");
    EXPECT_EQ(network.invite("sin", "sin1", hours(1), actor, now()).error().kind, Error::Exists);
    EXPECT_EQ(network.add_pop({.name = "sin"}, actor).error().kind, Error::Exists);
}

TEST_P(OfNetwork, APlaceWithNodesStays) {
    ASSERT_TRUE(join(invite(), 1));
    EXPECT_EQ(network.remove_pop("sin", actor, now()).error().kind, Error::Conflict);
    ASSERT_TRUE(network.revoke("sin1", actor, now()));
    EXPECT_TRUE(network.remove_pop("sin", actor, now()));
    EXPECT_EQ(network.pop("sin").error().kind, Error::NotFound);
}

TEST_P(OfNetwork, AllOfItIsInTheAuditLog) {
    ASSERT_TRUE(join(invite(), 1));
    ASSERT_TRUE(network.revoke("sin1", actor, now()));
    const auto entries = read_audit(*database, INT64_MAX, 10);
    ASSERT_TRUE(entries);
    std::vector<std::string> told;
    for (const AuditEntry& entry : *entries) told.push_back(entry.action + ' ' + entry.subject);
    EXPECT_THAT(told, testing::ElementsAre("node.revoke sin1", "node.join sin1", "node.invite sin1",
                                           "pop.create sin"));
    EXPECT_FALSE(verify_audit(*database)->broken_at);
}

INSTANTIATE_TEST_SUITE_P(Databases, OfNetwork, both_databases(), name_of_database);

}  // namespace
}  // namespace nearcast::control
