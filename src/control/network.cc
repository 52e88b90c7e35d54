// SPDX-License-Identifier: Apache-2.0

#include "control/network.h"

#include <algorithm>
#include <utility>

#include "control/deed.h"
#include "control/secret_text.h"
#include "control/text_digest.h"

namespace nearcast::control {
namespace {

using base::Result;
using Kind = ChangeError::Kind;

constexpr std::string_view kTokenPrefix = "ncj_";
constexpr size_t kNamesTriedMax = 1000;  // Nodes of one place.

constexpr Sql kPops{"SELECT id, name, city, asn, neighbors, created_at FROM pop ORDER BY name", "",
                    "nttntn"};
constexpr Sql kPop{"SELECT id, name, city, asn, neighbors, created_at FROM pop WHERE name = :a",
                   "t", "nttntn"};
constexpr Sql kInsertPop{
    "INSERT INTO pop (id, name, city, asn, neighbors, created_at) "
    "VALUES (:a, :b, :c, :d, :e, :f)",
    "nttntn", ""};
constexpr Sql kRemovePop{"DELETE FROM pop WHERE id = :a", "n", ""};
constexpr Sql kRemoveTokensOfPop{"DELETE FROM join_token WHERE pop_id = :a", "n", ""};

constexpr Sql kNodes{
    "SELECT n.id, n.name, p.name, n.pop_id, n.pin, n.address, n.joined_at FROM node n "
    "JOIN pop p ON p.id = n.pop_id WHERE n.revoked_at = 0 ORDER BY n.id LIMIT :a",
    "n", "nttnttn"};
constexpr Sql kNodeId{"SELECT id FROM node WHERE name = :a AND revoked_at = 0", "t", "n"};
constexpr Sql kNodeOfPin{"SELECT id FROM node WHERE pin = :a AND revoked_at = 0", "t", "n"};
constexpr Sql kNodesOfPop{"SELECT COUNT(*) FROM node WHERE pop_id = :a AND revoked_at = 0", "n",
                          "n"};
constexpr Sql kCountNodes{"SELECT COUNT(*) FROM node WHERE revoked_at = 0", "", "n"};
constexpr Sql kInsertNode{
    "INSERT INTO node (id, name, pop_id, pin, address, joined_at, revoked_at) "
    "VALUES (:a, :b, :c, :d, :e, :f, 0)",
    "ntnttn", ""};
constexpr Sql kRevoke{
    "UPDATE node SET revoked_at = :a WHERE name = :b AND revoked_at = 0 RETURNING id", "nt", "n"};

constexpr Sql kInsertToken{
    "INSERT INTO join_token (id, digest, node, pop_id, expires_at, used_at) "
    "VALUES (:a, :b, :c, :d, :e, 0)",
    "nttnn", ""};
constexpr Sql kToken{
    "SELECT t.id, t.node, p.name, t.pop_id, t.expires_at FROM join_token t "
    "JOIN pop p ON p.id = t.pop_id WHERE t.digest = :a AND t.used_at = 0 AND t.expires_at > :b",
    "tn", "nttnn"};
// Two that come with the same one at the same time: the second finds it used.
constexpr Sql kUseToken{
    "UPDATE join_token SET used_at = :a WHERE id = :b AND used_at = 0 RETURNING id", "nn", "n"};
constexpr Sql kTokenOfNode{
    "SELECT id FROM join_token WHERE node = :a AND used_at = 0 AND expires_at > :b", "tn", "n"};
constexpr Sql kRemoveOldTokens{"DELETE FROM join_token WHERE expires_at <= :a", "n", ""};

Pop pop_of(const Row& row) {
    return {.id = row.number(0),
            .name = row.text(1),
            .city = row.text(2),
            .asn = static_cast<uint32_t>(row.number(3)),
            .neighbors = row.text(4),
            .created_at = Timestamp(row.number(5))};
}

Result<int64_t> number_of(Session& session, const Sql& sql, std::initializer_list<Value> values) {
    int64_t number = 0;
    auto done = session.run(sql, values, [&](const Row& row) { number = row.number(0); });
    if (!done) return std::unexpected(done.error());
    return number;
}

DeedAnswer answered(Result<void> done) {
    if (!done) return std::unexpected(done.error());
    return Outcome<void>();
}

DeedAnswer refused(Kind kind, std::string message) {
    return Outcome<void>(refuse(kind, std::move(message)));
}

Result<std::optional<Pop>> find_pop(Session& session, const std::string& name) {
    std::optional<Pop> pop;
    auto done = session.run(kPop, {name}, [&](const Row& row) { pop = pop_of(row); });
    if (!done) return std::unexpected(done.error());
    return pop;
}

std::string no_pop(const std::string& name) { return "there is no PoP " + name; }

// Whether the name is a node's, or promised to one.
Result<bool> is_taken(Session& session, const std::string& node, Timestamp now) {
    auto id = number_of(session, kNodeId, {node});
    if (id && *id == 0) id = number_of(session, kTokenOfNode, {node, int64_t{now.count()}});
    if (!id) return std::unexpected(id.error());
    return *id != 0;
}

// Empty when all are taken.
Result<std::string> free_name(Session& session, const std::string& pop, Timestamp now) {
    for (size_t i = 1; i <= kNamesTriedMax; ++i) {
        const std::string name = pop + std::to_string(i);
        const auto taken = is_taken(session, name, now);
        if (!taken) return std::unexpected(taken.error());
        if (!*taken) return name;
    }
    return std::string();
}

DeedAnswer insert_node(Session& session, int64_t number, Node& node) {
    const auto known = number_of(session, kNodeId, {node.name});
    if (!known) return std::unexpected(known.error());
    if (*known != 0) return refused(Kind::Exists, "there is a node " + node.name + " already");
    const std::string pin = tls::to_text(node.pin);
    const auto same = number_of(session, kNodeOfPin, {pin});
    if (!same) return std::unexpected(same.error());
    if (*same != 0) return refused(Kind::Exists, "another node has the same key");
    const auto count = number_of(session, kCountNodes, {});
    if (!count) return std::unexpected(count.error());
    if (static_cast<size_t>(*count) >= Network::kNodesMax) {
        return refused(Kind::Full, "there are " + std::to_string(*count) + " nodes already");
    }
    node.id = number;
    return answered(
        session.run(kInsertNode, {number, node.name, node.pop_id, pin, base::to_text(node.address),
                                  int64_t{node.joined_at.count()}}));
}

}  // namespace

bool is_network_name(std::string_view text) {
    const auto is_fit = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    return !text.empty() && text.size() <= Network::kNameSizeMax && text.front() != '-' &&
           std::ranges::all_of(text, is_fit);
}

std::shared_ptr<const Network::Nodes> Network::nodes() const {
    const std::lock_guard lock(mutex_);
    return nodes_;
}

std::optional<Node> Network::find_node(const tls::Peer& peer) const {
    if (!peer.has_certificate) return std::nullopt;
    const auto known = nodes();
    const auto found = known->find(peer.pin);
    return found == known->end() ? std::nullopt : std::optional(found->second);
}

Outcome<void> Network::refresh() {
    const std::lock_guard turn(refreshing_);
    auto nodes = std::make_shared<Nodes>();
    const auto done = database_.read([&](Session& session) {
        nodes->clear();
        return session.run(kNodes, {static_cast<int64_t>(kNodesMax)}, [&](const Row& row) {
            const auto pin = tls::parse_pin(row.text(4));
            const auto address = base::parse_socket_address(row.text(5));
            if (!pin || !address) return;
            nodes->insert_or_assign(*pin, Node{.id = row.number(0),
                                               .name = row.text(1),
                                               .pop = row.text(2),
                                               .pop_id = row.number(3),
                                               .pin = *pin,
                                               .address = *address,
                                               .joined_at = Timestamp(row.number(6)),
                                               .revoked_at = {}});
        });
    });
    if (!done) return unavailable(done.error());
    const std::lock_guard lock(mutex_);
    nodes_ = std::move(nodes);
    return {};
}

// What was done is so from now on, whatever else is read later.
Outcome<void> Network::settle(Outcome<void> done) { return done ? refresh() : done; }

Outcome<std::vector<Pop>> Network::pops() {
    std::vector<Pop> pops;
    const auto done = database_.read([&](Session& session) {
        pops.clear();
        return session.run(kPops, {}, [&](const Row& row) { pops.push_back(pop_of(row)); });
    });
    if (!done) return unavailable(done.error());
    return pops;
}

Outcome<Pop> Network::pop(const std::string& name) {
    std::optional<Pop> pop;
    const auto done = database_.read([&](Session& session) -> Result<void> {
        auto found = find_pop(session, name);
        if (!found) return std::unexpected(found.error());
        pop = *std::move(found);
        return {};
    });
    if (!done) return unavailable(done.error());
    if (!pop) return refuse(Kind::NotFound, no_pop(name));
    return *std::move(pop);
}

Outcome<void> Network::add_pop(Pop pop, const Actor& actor) {
    Deed deed{.actor = actor, .at = pop.created_at, .action = "pop.create", .subject = pop.name};
    return carry_out(
        database_, std::move(deed), [&](Session& session, int64_t number, Deed&) -> DeedAnswer {
            const auto known = find_pop(session, pop.name);
            if (!known) return std::unexpected(known.error());
            if (*known) return refused(Kind::Exists, "there is a PoP " + pop.name + " already");
            return answered(
                session.run(kInsertPop, {number, pop.name, pop.city, int64_t{pop.asn},
                                         pop.neighbors, int64_t{pop.created_at.count()}}));
        });
}

Outcome<void> Network::remove_pop(const std::string& name, const Actor& actor, Timestamp now) {
    Deed deed{.actor = actor, .at = now, .action = "pop.remove", .subject = name};
    return carry_out(
        database_, std::move(deed), [&](Session& session, int64_t, Deed&) -> DeedAnswer {
            const auto known = find_pop(session, name);
            if (!known) return std::unexpected(known.error());
            if (!*known) return refused(Kind::NotFound, no_pop(name));
            const auto count = number_of(session, kNodesOfPop, {(*known)->id});
            if (!count) return std::unexpected(count.error());
            if (*count != 0) {
                return refused(Kind::Conflict, "the PoP has " + std::to_string(*count) +
                                                   " nodes: revoke them first");
            }
            auto done = session.run(kRemoveTokensOfPop, {(*known)->id});
            if (done) done = session.run(kRemovePop, {(*known)->id});
            return answered(std::move(done));
        });
}

Outcome<MadeInvitation> Network::invite(const std::string& pop, const std::string& node,
                                        std::chrono::seconds life, const Actor& actor,
                                        Timestamp now) {
    const auto token = make_secret_text(kTokenPrefix);
    if (!token) return refuse(Kind::Unavailable, "the kernel gives no random numbers");
    Invitation made{.node = node, .pop = pop, .expires_at = now + life};
    Deed deed{.actor = actor, .at = now, .action = "node.invite", .detail = pop};
    const auto work = [&](Session& session, int64_t number, Deed& told) -> DeedAnswer {
        const auto place = find_pop(session, pop);
        if (!place) return std::unexpected(place.error());
        if (!*place) return refused(Kind::NotFound, no_pop(pop));
        auto name = node.empty() ? free_name(session, pop, now) : Result<std::string>(node);
        if (!name) return std::unexpected(name.error());
        const auto taken = is_taken(session, *name, now);
        if (!taken) return std::unexpected(taken.error());
        if (*taken || name->empty()) {
            return refused(Kind::Exists, "there is a node " + *name + " already, or it is awaited");
        }
        told.subject = *name;
        made.id = number;
        made.node = *std::move(name);
        made.pop_id = (*place)->id;
        auto done = session.run(kRemoveOldTokens, {int64_t{now.count()}});
        if (!done) return std::unexpected(done.error());
        return answered(session.run(kInsertToken, {number, text_digest(*token), made.node,
                                                   made.pop_id, int64_t{made.expires_at.count()}}));
    };
    const auto done = carry_out(database_, std::move(deed), work);
    if (!done) return std::unexpected(done.error());
    return MadeInvitation{*token, std::move(made)};
}

Outcome<Invitation> Network::find_invitation(std::string_view token, Timestamp now) {
    std::optional<Invitation> found;
    if (token.size() <= kSecretTextMax) {
        const std::string digest = text_digest(token);
        const auto done = database_.read([&](Session& session) {
            found.reset();
            return session.run(kToken, {digest, int64_t{now.count()}}, [&](const Row& row) {
                found = Invitation{.id = row.number(0),
                                   .node = row.text(1),
                                   .pop = row.text(2),
                                   .pop_id = row.number(3),
                                   .expires_at = Timestamp(row.number(4))};
            });
        });
        if (!done) return unavailable(done.error());
    }
    if (found) return *std::move(found);
    return refuse(Kind::Forbidden, "the token is unknown, was used, or has expired");
}

Outcome<Node> Network::join(const Invitation& invitation, const tls::SpkiPin& pin,
                            const base::SocketAddress& address, const Actor& actor, Timestamp now) {
    Node node{.name = invitation.node,
              .pop = invitation.pop,
              .pop_id = invitation.pop_id,
              .pin = pin,
              .address = address,
              .joined_at = now,
              .revoked_at = {}};
    Deed deed{.actor = actor,
              .at = now,
              .action = "node.join",
              .subject = node.name,
              .detail = tls::to_text(pin)};
    const auto work = [&](Session& session, int64_t number, Deed&) -> DeedAnswer {
        const auto used = number_of(session, kUseToken, {int64_t{now.count()}, invitation.id});
        if (!used) return std::unexpected(used.error());
        if (*used == 0) return refused(Kind::Forbidden, "the token was used meanwhile");
        return insert_node(session, number, node);
    };
    const auto done = settle(carry_out(database_, std::move(deed), work));
    if (!done) return std::unexpected(done.error());
    return node;
}

Outcome<Node> Network::add_node(Node node, const Actor& actor) {
    Deed deed{.actor = actor,
              .at = node.joined_at,
              .action = "node.add",
              .subject = node.name,
              .detail = tls::to_text(node.pin)};
    const auto work = [&](Session& session, int64_t number, Deed&) -> DeedAnswer {
        const auto place = find_pop(session, node.pop);
        if (!place) return std::unexpected(place.error());
        if (!*place) return refused(Kind::NotFound, no_pop(node.pop));
        node.pop_id = (*place)->id;
        return insert_node(session, number, node);
    };
    const auto done = settle(carry_out(database_, std::move(deed), work));
    if (!done) return std::unexpected(done.error());
    return node;
}

Outcome<void> Network::revoke(const std::string& name, const Actor& actor, Timestamp now) {
    Deed deed{.actor = actor, .at = now, .action = "node.revoke", .subject = name};
    return settle(
        carry_out(database_, std::move(deed), [&](Session& session, int64_t, Deed&) -> DeedAnswer {
            const auto id = number_of(session, kRevoke, {int64_t{now.count()}, name});
            if (!id) return std::unexpected(id.error());
            if (*id == 0) return refused(Kind::NotFound, "there is no node " + name);
            return Outcome<void>();
        }));
}

}  // namespace nearcast::control
