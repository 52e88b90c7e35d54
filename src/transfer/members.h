// SPDX-License-Identifier: Apache-2.0
//
// Secondaries that come and go while the program runs, known by their certificates: the nodes of a
// network. They may have every zone, are told of new catalogs, and tell what they serve.

#pragma once

#include <vector>

#include "base/address.h"
#include "dns/header.h"
#include "tls/peer.h"
#include "transfer/served_report.h"

namespace nearcast::transfer {

// Any thread. None of it waits.
class Members {
 public:
    Members() = default;
    Members(const Members&) = delete;
    Members& operator=(const Members&) = delete;
    virtual ~Members() = default;

    // Whether that is one now. One that is no more is refused from its next request on, and what is
    // being sent to it ends.
    [[nodiscard]] virtual bool has(const tls::Peer& peer) const = 0;
    // Where they are told that a catalog of ours has changed.
    [[nodiscard]] virtual std::vector<base::SocketAddress> targets() const = 0;
    // What to answer to one that reports.
    [[nodiscard]] virtual dns::Rcode hear(const tls::Peer& peer, const ServedReport& report) = 0;
};

}  // namespace nearcast::transfer
