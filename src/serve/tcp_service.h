// SPDX-License-Identifier: Apache-2.0
//
// All connections of one worker, over TCP and TLS: a fixed number of slots, and who gives way.
//
// Connections stand in a list, the one that made progress last in front. The last of the list is
// the first to time out, and the one to close when a new client finds no slot or no descriptor:
// whoever holds a connection without using it cannot keep others out. Progress is a whole query
// with its response, so dripping bytes does not count. Handshakes of TLS have a list of their own,
// and a network that has all it may have loses the connection that it left idle longest.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "serve/answerer.h"
#include "serve/lazy_memory.h"
#include "serve/prefix_counts.h"
#include "serve/tcp_connection.h"
#include "serve/tcp_tallies.h"
#include "tls/reloadable_context.h"

namespace nearcast::serve {

struct TcpLimits {
    // Each costs 8 KiB while it carries ordinary questions, 196 KiB at the very most, and about
    // 10 KiB in the kernel: an attacker who fills all slots with the worst makes a worker grow by
    // 200 MiB, one who only connects by 18 MiB. Over TLS the library holds 22 KiB more for each
    // that is idle. Doubled, a small machine is at risk.
    size_t connections_max = 1024;
    // RFC 7766 §6.2.3 asks for seconds; RFC 9210 §4.5 for room to reuse. Resolvers that pipeline
    // come back within a second or two.
    base::Duration idle_limit = std::chrono::seconds(10);
    // Of one network (RFC 9210 §4.2): it takes four of them to fill the slots. Halved, a farm of
    // resolvers behind one prefix has fewer than it may want to keep.
    size_t prefix_connections_max = 256;
    // What is routed on its own on the internet, and so what one attacker is likely to have: in a
    // /48 whole companies live, but also 65,536 times the /64 that a single machine gets.
    PrefixLengths prefix = {};
    // Handshakes of TLS under way. Each can make the library hold 63 KiB
    // (tests/conformance/test_tls measures it) before it is known who is there. Doubled, so is what
    // strangers can make a worker hold: 16 MiB.
    size_t handshakes_max = 256;
    // Three round trips to the far side of the world, two of them lost and repeated.
    base::Duration handshake_limit = std::chrono::seconds(5);
};

// A socket that listens.
struct TcpListener {
    base::Fd socket;
    bool is_tls = false;
    // The address that all its connections are to; none where they may be to several. The service
    // finds it out.
    PeerAddress own = {};
};

class TcpService {
 public:
    using Counts = TcpConnection::Counts;

    // Takes over sockets that listen. Registers everything with `epoll`, under keys of which
    // owns_key() is true. `tls` makes the sessions of those that are for TLS; null without any.
    [[nodiscard]] static base::Result<std::unique_ptr<TcpService>> open(
        int epoll, std::vector<TcpListener> listeners, const TcpLimits& limits,
        const tls::ReloadableContext* tls);
    TcpService(const TcpService&) = delete;
    TcpService& operator=(const TcpService&) = delete;
    ~TcpService();

    [[nodiscard]] static bool owns_key(uint64_t key) { return (key & kKeyMark) != 0; }

    // Handles one event that epoll reported. A key of a connection that is no more is ignored. Who
    // connects in the clear mostly asks at once, and so has a turn when it is accepted.
    Counts handle(uint64_t key, Answerer& answerer, base::Instant now) noexcept;

    // Call before each round of events. Closes what idled too long and listens again after a pause.
    // Returns how long until there is something to do; negative when there is not.
    std::chrono::milliseconds expire(base::Instant now) noexcept;

    [[nodiscard]] size_t connection_count() const { return connection_count_; }
    // Any thread.
    [[nodiscard]] const TcpTallies& tallies() const { return tallies_; }

 private:
    static constexpr uint64_t kKeyMark = uint64_t{1} << 63;
    static constexpr uint64_t kListenerMark = uint64_t{1} << 62;
    static constexpr uint32_t kNone = UINT32_MAX;

    struct Slot;

    // Connections that share a limit, the one that made progress last in front.
    struct List {
        uint32_t first = kNone;
        uint32_t last = kNone;  // The next to go.
        size_t size = 0;
    };

    TcpService(int epoll, std::vector<TcpListener> listeners, const TcpLimits& limits,
               LazyMemory buffers);

    enum class Accepted : uint8_t { One, None, NoDescriptor };
    // Whom the events of a round are for: it answers, at this time, and counts.
    struct Round {
        Answerer& answerer;
        base::Instant now;
        Counts counts = {};
    };
    void accept_all(const TcpListener& listener, Round& round) noexcept;
    Accepted accept_one(const TcpListener& listener, Round& round) noexcept;
    void take_turn(uint32_t index, Round& round) noexcept;
    [[nodiscard]] bool watch_listeners() noexcept;
    void pause_accepting(base::Instant now) noexcept;

    // False when there is nobody to close.
    bool close_longest_idle() noexcept;
    void close_longest_idle_of(PrefixCounts::Key prefix) noexcept;
    void make_room_for(PrefixCounts::Key prefix, bool is_tls) noexcept;
    // Returns its slot; it is not watched yet.
    uint32_t open_connection(tls::Stream stream, const TcpEnds& ends, base::Instant now) noexcept;
    void close_connection(uint32_t index, Ending why) noexcept;
    void update_interest(uint32_t index) noexcept;
    void close_idle(const List& list, base::Duration limit, base::Instant now) noexcept;
    // Shorter while most slots are taken (RFC 7766 §6.2.3).
    [[nodiscard]] base::Duration idle_limit() const;

    void link_first(uint32_t index) noexcept;
    void unlink(uint32_t index) noexcept;
    [[nodiscard]] List& list_of(uint32_t index);
    [[nodiscard]] uint64_t key_of(uint32_t index) const;

    int epoll_;
    std::vector<TcpListener> listeners_;
    const tls::ReloadableContext* tls_ = nullptr;
    TcpLimits limits_;
    LazyMemory buffers_;
    std::unique_ptr<Slot[]> slots_;
    PrefixCounts prefixes_;
    size_t connection_count_ = 0;
    List established_;
    List handshakes_;
    size_t handshake_turns_ = 0;  // Left in this round.
    uint32_t free_ = kNone;       // Through Slot::next.
    bool is_paused_ = false;
    base::Instant resume_at_{};  // Meaningful while paused.
    TcpTallies tallies_;
};

}  // namespace nearcast::serve
