// SPDX-License-Identifier: Apache-2.0
//
// The nodes of the network, as the hidden primary sees them: who may have zones, who is told of a
// new catalog, and what they say they serve.

#pragma once

#include "control/network.h"
#include "control/receipts.h"
#include "transfer/members.h"

namespace nearcast::control {

class NodeDesk final : public transfer::Members {
 public:
    // `catalog` is the one that nodes follow. The references outlive it.
    NodeDesk(Network& network, Receipts& receipts, dns::Name catalog)
        : network_(network), receipts_(receipts), catalog_(std::move(catalog)) {}

    [[nodiscard]] bool has(const tls::Peer& peer) const override {
        return network_.find_node(peer).has_value();
    }
    [[nodiscard]] std::vector<base::SocketAddress> targets() const override {
        std::vector<base::SocketAddress> targets;
        const auto nodes = network_.nodes();
        for (const auto& [pin, node] : *nodes) targets.push_back(node.address);
        return targets;
    }
    [[nodiscard]] dns::Rcode hear(const tls::Peer& peer,
                                  const transfer::ServedReport& report) override {
        const auto node = network_.find_node(peer);
        if (!node || !(report.catalog == catalog_)) return dns::Rcode::Refused;
        receipts_.hear(*node, report);
        return dns::Rcode::NoError;
    }

 private:
    Network& network_;
    Receipts& receipts_;
    const dns::Name catalog_;
};

}  // namespace nearcast::control
