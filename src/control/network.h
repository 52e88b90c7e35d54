// SPDX-License-Identifier: Apache-2.0
//
// The places of the network (PoPs) and the servers in them (nodes): who they are, and who may
// become one.
//
// A node is known by the key of its certificate: whoever proves to have it over TLS is that node.
// From the moment that a node is revoked nobody is. A token lets one server join once, under a name
// that it cannot choose. Any thread.

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "control/change_error.h"
#include "control/database.h"
#include "control/model.h"
#include "tls/peer.h"

namespace nearcast::control {

struct Pop {
    int64_t id = 0;
    std::string name = {};
    std::string city = {};       // For people; may be empty.
    uint32_t asn = 0;            // 0: that of the network.
    std::string neighbors = {};  // Whom its nodes speak BGP with, in the words of the API.
    Timestamp created_at{};
};

struct Node {
    int64_t id = 0;
    std::string name = {};
    std::string pop = {};
    int64_t pop_id = 0;
    tls::SpkiPin pin{};
    base::SocketAddress address{};  // Where it is told of changes.
    Timestamp joined_at{};
    Timestamp revoked_at{};  // 0: it is a node.

    [[nodiscard]] bool is_revoked() const { return revoked_at.count() != 0; }
};

// What a token is good for.
struct Invitation {
    int64_t id = 0;
    std::string node = {};
    std::string pop = {};
    int64_t pop_id = 0;
    Timestamp expires_at{};
};

struct MadeInvitation {
    std::string token = {};  // Shown this once; a digest of it is kept.
    Invitation invitation = {};
};

class Network {
 public:
    // Lower case letters, digits and hyphens, as node.toml wants them.
    static constexpr size_t kNameSizeMax = 63;
    // A hundred times what the largest networks have. Each is read at start, and on the controllers
    // of one PostgreSQL every kLookPause: some 200 bytes.
    static constexpr size_t kNodesMax = 10'000;
    static constexpr std::chrono::days kTokenLifeMax{7};

    // `database` outlives it.
    explicit Network(Database& database) : database_(database) {}
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    // Reads what the database says of nodes. At start, and whenever another controller may have
    // changed it.
    [[nodiscard]] Outcome<void> refresh();

    [[nodiscard]] Outcome<std::vector<Pop>> pops();
    [[nodiscard]] Outcome<Pop> pop(const std::string& name);
    [[nodiscard]] Outcome<void> add_pop(Pop pop, const Actor& actor);
    // Conflict while there are nodes in it.
    [[nodiscard]] Outcome<void> remove_pop(const std::string& name, const Actor& actor,
                                           Timestamp now);

    // `node` may be empty: the first free name of the place, "sin1". `now` is when it begins.
    [[nodiscard]] Outcome<MadeInvitation> invite(const std::string& pop, const std::string& node,
                                                 std::chrono::seconds life, const Actor& actor,
                                                 Timestamp now);
    // What the token is good for at that time: nothing else is told of one that is not.
    [[nodiscard]] Outcome<Invitation> find_invitation(std::string_view token, Timestamp now);
    // Uses the token up: from then on whoever has the key of that pin is the node.
    [[nodiscard]] Outcome<Node> join(const Invitation& invitation, const tls::SpkiPin& pin,
                                     const base::SocketAddress& address, const Actor& actor,
                                     Timestamp now);
    // A node that brings a certificate of somebody else's.
    [[nodiscard]] Outcome<Node> add_node(Node node, const Actor& actor);
    // From then on it is nobody.
    [[nodiscard]] Outcome<void> revoke(const std::string& name, const Actor& actor, Timestamp now);

    // As of the last refresh(); of all that this object did itself at once. Without those revoked.
    using Nodes = std::map<tls::SpkiPin, Node>;
    [[nodiscard]] std::shared_ptr<const Nodes> nodes() const;
    // Who that is; nothing when it is none of ours. Waits for nothing.
    [[nodiscard]] std::optional<Node> find_node(const tls::Peer& peer) const;

 private:
    [[nodiscard]] Outcome<void> settle(Outcome<void> done);

    Database& database_;
    std::mutex refreshing_;     // One at a time, so that none puts an older state in place.
    mutable std::mutex mutex_;  // Guards what follows, for a few instructions.
    std::shared_ptr<const Nodes> nodes_ = std::make_shared<Nodes>();
};

[[nodiscard]] bool is_network_name(std::string_view text);

}  // namespace nearcast::control
