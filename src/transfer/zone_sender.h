// SPDX-License-Identifier: Apache-2.0
//
// Sends zones to those who may have them: over TCP or TLS, each connection on a thread of its own.
//
// A connection comes here when a transfer on it was granted, or an update came, and stays until it
// ends; questions in between are answered in order. Workers so never wait for a slow secondary, and
// their threads are preferred by the scheduler. The image under way is pinned, and no other.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/address.h"
#include "tls/stream.h"
#include "transfer/request_desk.h"
#include "transfer/tallies.h"
#include "transfer/transfer_config.h"
#include "zone/zone_table.h"

namespace nearcast::transfer {

struct SenderLimits {
    // Each costs a thread and some 300 KiB. Only peers that were granted a transfer get one, so
    // this bounds mistakes more than attacks; the next is closed, and its peer comes back.
    size_t connections_max = 32;
    // Without a new request, or with a peer that takes nothing (RFC 7766 §6.2.3, RFC 5936 §4.1).
    std::chrono::seconds idle_limit{10};
    std::chrono::seconds stall_limit{30};
    // However slowly it goes on: a root-sized zone takes seconds, ten million names minutes.
    std::chrono::minutes transfer_limit{60};
};

class ZoneSender {
 public:
    using MakeDesk = std::function<std::unique_ptr<RequestDesk>()>;

    // `make_desk` is called on each connection's thread, and gives one that may wait. `tallies`
    // outlives the sender.
    ZoneSender(MakeDesk make_desk, SentTallies& tallies, SenderLimits limits = {});
    ZoneSender(const ZoneSender&) = delete;
    ZoneSender& operator=(const ZoneSender&) = delete;
    // Ends transfers under way and waits for their threads.
    ~ZoneSender();

    // Takes a connection over. `unread` is what it sent and nobody answered, from the first byte of
    // a request on. Closes it when there are too many. From any thread.
    void take(tls::Stream stream, const base::SocketAddress& peer, std::span<const uint8_t> unread);

 private:
    class Connection;

    void remove_finished();

    MakeDesk make_desk_;
    SentTallies& tallies_;
    SenderLimits limits_;
    std::mutex mutex_;  // Guards the list.
    std::list<std::unique_ptr<Connection>> connections_;
};

}  // namespace nearcast::transfer
