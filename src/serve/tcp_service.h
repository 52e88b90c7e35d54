// SPDX-License-Identifier: Apache-2.0
//
// All TCP connections of one worker: a fixed number of slots, and who gives way when they are full.
//
// Connections stand in a list, the one that made progress last in front. The last of the list is
// the first to time out, and the one to close when a new client finds no slot or no descriptor:
// whoever holds a connection without using it cannot keep others out. Progress is a whole query
// or a whole response, so dripping bytes does not count.

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
#include "serve/tcp_connection.h"

namespace nearcast::serve {

struct TcpLimits {
    // Each costs 8 KiB while it carries ordinary questions, 196 KiB at the very most, and about
    // 10 KiB in the kernel: an attacker who fills all slots with the worst makes a worker grow by
    // 200 MiB, one who only connects by 18 MiB. Doubled, a small machine is at risk.
    size_t connections_max = 1024;
    // RFC 7766 §6.2.3 asks for seconds; RFC 9210 §4.4 for room to reuse. Resolvers that pipeline
    // come back within a second or two.
    base::Duration idle_limit = std::chrono::seconds(10);
};

class TcpService {
 public:
    using Counts = TcpConnection::Counts;

    // Takes over sockets that listen. Registers everything with `epoll`, under keys of which
    // owns_key() is true.
    [[nodiscard]] static base::Result<std::unique_ptr<TcpService>> open(
        int epoll, std::vector<base::Fd> listeners, const TcpLimits& limits);
    TcpService(const TcpService&) = delete;
    TcpService& operator=(const TcpService&) = delete;
    ~TcpService();

    [[nodiscard]] static bool owns_key(uint64_t key) { return (key & kKeyMark) != 0; }

    // Handles one event that epoll reported. A key of a connection that is no more is ignored.
    Counts handle(uint64_t key, Answerer& answerer, base::Instant now) noexcept;

    // Closes what idled too long and listens again after a pause. Returns how long until there is
    // something to do; negative when there is not.
    std::chrono::milliseconds expire(base::Instant now) noexcept;

    [[nodiscard]] size_t connection_count() const { return connection_count_; }

 private:
    static constexpr uint64_t kKeyMark = uint64_t{1} << 63;
    static constexpr uint64_t kListenerMark = uint64_t{1} << 62;
    static constexpr uint32_t kNone = UINT32_MAX;

    struct Slot;

    TcpService(int epoll, std::vector<base::Fd> listeners, const TcpLimits& limits,
               LazyMemory buffers);

    enum class Accepted : uint8_t { One, None, NoDescriptor };
    void accept_all(int listener, base::Instant now) noexcept;
    Accepted accept_one(int listener, base::Instant now) noexcept;
    [[nodiscard]] bool watch_listeners() noexcept;
    void pause_accepting(base::Instant now) noexcept;

    void open_connection(base::Fd socket, const PeerAddress& peer, base::Instant now) noexcept;
    void close_connection(uint32_t index) noexcept;
    void update_interest(uint32_t index) noexcept;

    void link_first(uint32_t index) noexcept;
    void unlink(uint32_t index) noexcept;
    [[nodiscard]] uint64_t key_of(uint32_t index) const;

    int epoll_;
    std::vector<base::Fd> listeners_;
    TcpLimits limits_;
    LazyMemory buffers_;
    std::unique_ptr<Slot[]> slots_;
    size_t connection_count_ = 0;
    uint32_t first_ = kNone;  // Made progress last.
    uint32_t last_ = kNone;   // The next to go.
    uint32_t free_ = kNone;   // Through Slot::next.
    bool is_paused_ = false;
    base::Instant resume_at_{};  // Meaningful while paused.
};

}  // namespace nearcast::serve
