// SPDX-License-Identifier: Apache-2.0
//
// Looks at the parent of a zone over the network: finds the parent's servers through resolvers, and
// asks each address of each of them for the DS set.
//
// Over TCP alone, so that nobody who is not on the path can make answers up; who is on it can,
// which may make a key be withdrawn early or kept for long, and gives nobody a signature. Blocks;
// any thread.

#pragma once

#include <atomic>
#include <chrono>
#include <span>
#include <vector>

#include "base/address.h"
#include "control/parent_watch.h"
#include "dns/response.h"

namespace nearcast::control {

struct ParentLimits {
    // Of one question. A server that takes longer is looked at again another time.
    std::chrono::seconds answer{5};
    // Servers of a parent, and addresses of all of them, at most: the root has 13 and 26. Of more
    // than these the rest is not asked, and the look counts as incomplete.
    size_t servers_max = 16;
    size_t addresses_max = 64;
    uint16_t port = 53;
};

class ParentServers : public ParentWatch {
 public:
    // Resolvers are asked in their order until one answers. Once `is_stopping` is set, a look ends
    // soon with nothing.
    ParentServers(std::vector<base::SocketAddress> resolvers, const std::atomic<bool>& is_stopping,
                  ParentLimits limits = {})
        : resolvers_(std::move(resolvers)), is_stopping_(is_stopping), limits_(limits) {}

    [[nodiscard]] std::optional<ParentAnswers> look(const dns::Name& zone) override;

 private:
    struct Parent {
        dns::Name name;
        std::vector<dns::Name> servers;
    };
    struct DsAnswer {
        signing::Rdatas set;
        uint32_t ttl = 0;
    };

    [[nodiscard]] std::optional<dns::Response> ask(const base::SocketAddress& server,
                                                   const dns::Question& question,
                                                   bool is_resolver) const;
    [[nodiscard]] std::optional<dns::Response> resolve(const dns::Question& question) const;
    [[nodiscard]] std::optional<Parent> find_parent(const dns::Name& zone) const;
    // Adds the addresses of the server; false when they are not known, or not all.
    [[nodiscard]] bool add_addresses(const dns::Name& server,
                                     std::vector<base::SocketAddress>& to) const;
    [[nodiscard]] std::optional<DsAnswer> ask_ds(const base::SocketAddress& server,
                                                 const dns::Name& zone,
                                                 const dns::Name& parent) const;

    std::vector<base::SocketAddress> resolvers_;
    const std::atomic<bool>& is_stopping_;
    ParentLimits limits_;
};

}  // namespace nearcast::control
