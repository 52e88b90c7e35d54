// SPDX-License-Identifier: Apache-2.0
//
// A thread that answers: its own sockets, its own counters, shared with nobody.
//
// Each round it takes what is there: first batches from each UDP socket and each queue of an
// interface, then a turn for each TCP connection. Connections that keep it busy have rounds of
// their own in between, for less than a millisecond. It shows progress in its pulse once a batch,
// and goes offline from the zones before it blocks, so that a sleeping worker holds nothing back.

#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/epoll.h>

#include "base/address.h"
#include "base/fd.h"
#include "base/pulse.h"
#include "base/result.h"
#include "serve/answerer.h"
#include "serve/frame_batch.h"
#include "serve/receive_queue.h"
#include "serve/tcp_service.h"
#include "serve/udp_batch.h"
#include "xdp/queue.h"

namespace nearcast::serve {

struct WorkerOptions {
    std::vector<base::SocketAddress> listen;
    TcpLimits tcp;
    // Over TLS alone. `tls` outlives the worker, and has a context once there is any address.
    std::vector<base::SocketAddress> tls_listen = {};
    const tls::ReloadableContext* tls = nullptr;
};

class Worker {
 public:
    // Binds a UDP and a TCP socket to each address, for TLS a TCP socket. Queries wait in them
    // until start().
    [[nodiscard]] static base::Result<std::unique_ptr<Worker>> open(const WorkerOptions& options);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    // Stops and waits for the end.
    ~Worker();

    // Answers what comes in by this queue too. Before start().
    void take_queue(xdp::Queue queue);

    // Answers from now on, on a thread of its own. Both must outlive the worker; `pulse` has no
    // other writer. Once only.
    void start(Answerer& answerer, base::Pulse& pulse);

    // From any thread. The worker answers what already waits in its sockets, then ends.
    void stop();

    // From any thread. Makes an idle worker show its pulse: what still does not move is stuck.
    void nudge();

    // What comes in for this worker and the others of its addresses is spread by core from now on
    // (see by_core.h): one core for each of them, in the order in which they were opened. From the
    // thread that opened the worker, and so are the three below.
    [[nodiscard]] base::Result<void> spread_by_core(std::span<const unsigned> cores);
    // By a hash, as at first.
    void spread_by_hash();
    // After start(). The worker runs on this core alone; false when it may not.
    [[nodiscard]] bool stay_on(unsigned core);
    // On any that the process may use.
    void roam();

    // Datagrams taken from sockets so far. From any thread.
    [[nodiscard]] uint64_t datagram_count() const {
        return datagram_count_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] bool has_queues() const { return !queues_.empty(); }

    // TCP connections open now, for status. From any thread.
    [[nodiscard]] size_t connection_count() const {
        return connection_count_.load(std::memory_order_relaxed);
    }

    // What became of all there were. From any thread.
    [[nodiscard]] const TcpTallies& tcp_tallies() const { return tcp_->tallies(); }

    // Of AF_XDP, for status. From any thread.
    struct FrameCounts {
        uint64_t received = 0;  // Queries that came in by frames.
        uint64_t lost = 0;      // By the kernel, because the worker was behind.
    };
    [[nodiscard]] FrameCounts frame_counts() const;

 private:
    Worker(base::Fd epoll, base::Fd wake, UdpBatch batch);

    [[nodiscard]] base::Result<void> open_sockets(const WorkerOptions& options);
    [[nodiscard]] base::Result<void> open_udp(const base::SocketAddress& address);
    [[nodiscard]] base::Result<void> watch(int fd, uint64_t key) const;

    void run() noexcept;
    // Waits for events and handles them; false when there were none within `limit`.
    bool round(base::Instant now, std::chrono::milliseconds limit) noexcept;
    // Gives the events of epoll and, where it has polled, marks in polled_ what has something.
    struct Ready {
        bool is_any = false;
        bool is_polled = false;
        std::span<const epoll_event> events;
    };
    [[nodiscard]] Ready wait(base::Instant now, std::chrono::milliseconds limit,
                             std::span<epoll_event> room) noexcept;
    [[nodiscard]] std::chrono::milliseconds wait_limit(
        std::chrono::milliseconds limit) const noexcept;
    [[nodiscard]] std::span<const epoll_event> take_events(std::span<epoll_event> room) noexcept;
    // By the place behind the epoll descriptor in polled_.
    void answer_polled(size_t place) noexcept;
    void answer_frames(xdp::Queue& queue) noexcept;
    void answer_udp(size_t place) noexcept;
    void answer_tcp(uint64_t key, base::Instant now) noexcept;
    void take_nudge() noexcept;

    base::Fd epoll_;
    base::Fd wake_;
    UdpBatch batch_;
    std::vector<int> shared_sockets_;  // Of addresses that others have too; owned below.
    std::vector<UdpSocket> udp_sockets_;
    std::vector<ReceiveQueue> receive_queues_;  // Of each of them.
    // The epoll descriptor, then UDP sockets, then queues. What epoll watches tells it of each
    // datagram that comes or has left; poll() asks, and is told nothing while the worker is busy.
    std::vector<pollfd> polled_;
    size_t polled_sockets_ = 0;           // The first so many of udp_sockets_.
    bool had_events_ = false;             // Epoll, when it was asked last.
    base::Instant poll_at_{};             // Until then rounds with events ask epoll alone.
    std::unique_ptr<FrameBatch> frames_;  // Null without a queue.
    std::vector<xdp::Queue> queues_;
    bool is_busy_polling_ = false;
    std::unique_ptr<TcpService> tcp_;
    Answerer* answerer_ = nullptr;
    base::Pulse* pulse_ = nullptr;
    std::atomic<bool> is_stopping_ = false;
    std::atomic<size_t> connection_count_ = 0;
    std::atomic<uint64_t> frame_count_ = 0;
    std::atomic<uint64_t> datagram_count_ = 0;
    std::thread thread_;
};

}  // namespace nearcast::serve
