// SPDX-License-Identifier: Apache-2.0
//
// Sends zones to those who may have them: over TCP or TLS, each connection on a thread of its own.
//
// A connection comes here when a transfer on it was granted, or an update came, and stays until it
// ends. Several zones that are asked for on it go out side by side, a message of each in turn, with
// the answers to questions in between (RFC 9103 §6.3.2): what has the same id waits for its turn.
// Workers so never wait for a slow secondary, and their threads are preferred by the scheduler. The
// images under way are pinned, and no others.

#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
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
    // Connections that carry zones. Each costs a thread and some 300 KiB. Only peers that were
    // granted a transfer get one, so this bounds mistakes more than attacks. For the next, the one
    // that has been idle for longest is closed; where none is idle, the next is told SERVFAIL, and
    // its peer comes back.
    size_t transfers_max = 32;
    // The same of those that carried nothing but updates so far: who takes zones slowly holds
    // nobody up who changes one.
    size_t updates_max = 32;
    // The same of members. Each keeps its own for as long as it lives, and all of them want what is
    // new at the same time: fewer than there are nodes, and a change would be late in some places.
    size_t members_max = 1024;
    // Zones on one connection at a time; the next request waits in the peer's socket. Fewer than a
    // secondary asks for (FetchQueue::kWindowMax), and small zones would wait for large ones.
    size_t side_by_side_max = 64;
    // Connections that wait for a thread, which takes less than a millisecond.
    size_t arrivals_max = 64;
    // Without a new request, or with a peer that takes nothing (RFC 7766 §6.2.3, RFC 5936 §4.1).
    std::chrono::seconds idle_limit{10};
    // Of a member: three times the pause between two of its reports (ServedReporter::kBeat).
    std::chrono::seconds member_idle_limit{90};
    std::chrono::seconds stall_limit{30};
    // However slowly it goes on: a root-sized zone takes seconds, ten million names minutes.
    std::chrono::minutes transfer_limit{60};
};

class ZoneSender {
 public:
    using MakeDesk = std::function<std::unique_ptr<RequestDesk>()>;

    // What a connection counts as.
    enum class Purpose : uint8_t { Transfers, Updates, Members };

    // `make_desk` is called on each connection's thread, and gives one that may wait. `members` may
    // be null. `tallies` and `members` outlive the sender.
    ZoneSender(MakeDesk make_desk, SentTallies& tallies, SenderLimits limits = {},
               const Members* members = nullptr);
    ZoneSender(const ZoneSender&) = delete;
    ZoneSender& operator=(const ZoneSender&) = delete;
    // Ends transfers under way and waits for their threads.
    ~ZoneSender();

    // What a connection counts as that begins with this request, by a peer of which null says that
    // it has no TLS. From any thread, like the two below, and as quickly.
    [[nodiscard]] Purpose purpose_of(std::span<const uint8_t> request, const tls::Peer* peer) const;

    // Whether one more connection would be taken over now. If not, that is logged and counted.
    [[nodiscard]] bool has_room(Purpose purpose, const base::SocketAddress& peer);

    // Takes a connection over. `unread` is what it sent and nobody answered, from the first byte of
    // a request on. Closes it when there are too many after all: others may have come since room
    // was asked for. Waits for nobody.
    void take(tls::Stream stream, const base::SocketAddress& peer, std::span<const uint8_t> unread);

 private:
    class Connection;
    using Connections = std::list<std::unique_ptr<Connection>>;

    struct Arrival {
        tls::Stream stream;
        base::SocketAddress peer;
        std::vector<uint8_t> unread;
        Purpose purpose = Purpose::Transfers;
    };
    struct Places {
        size_t taken = 0;  // By connections, and by those that wait for a thread.
        size_t idle = 0;   // Of the connections.
    };

    void receive_arrivals();
    void admit(Arrival arrival);
    [[nodiscard]] bool is_crowded(Purpose purpose);
    // Ends the one that has been idle for longest. False when none is.
    [[nodiscard]] bool make_room(Purpose purpose);
    void leave(Purpose purpose);
    void count_idle(Purpose purpose, bool is_idle);
    [[nodiscard]] Purpose transfers_to(const tls::Peer* peer) const;
    // A connection with updates is granted a transfer. False when there are as many already.
    [[nodiscard]] bool is_let_over(Purpose to);
    [[nodiscard]] Places& at(Purpose purpose) { return places_[static_cast<size_t>(purpose)]; }
    [[nodiscard]] size_t limit_of(Purpose purpose) const;
    void turn_away(const base::SocketAddress& peer, const std::string& reason);

    MakeDesk make_desk_;
    SentTallies& tallies_;
    const Members* const members_;
    SenderLimits limits_;
    std::mutex mutex_;  // Guards what follows, but for the thread's own list.
    std::condition_variable wake_;
    std::deque<Arrival> arrivals_;
    std::array<Places, 3> places_{};  // By purpose. See at().
    bool is_stopping_ = false;
    Connections connections_;  // Of the thread alone.
    std::thread thread_;       // Last: it uses all the others.
};

}  // namespace nearcast::transfer
