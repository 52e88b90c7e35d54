// SPDX-License-Identifier: Apache-2.0

#include "serve/worker.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

#include "serve/by_core.h"
#include "serve/listen_address.h"

namespace nearcast::serve {
namespace {

using base::Fd;
using base::Result;
using std::chrono::milliseconds;

// Events taken from epoll at once. More wait for the next round, after UDP had its turn.
constexpr size_t kEventsMax = 64;

// Batches from one UDP socket before the others get a turn: 1,024 queries, one or two milliseconds.
// Doubled, TCP waits longer in a flood.
constexpr size_t kBatchesMax = 16;

// UDP sockets that poll() is asked for: each costs some 50 ns a round. Those of further addresses
// are watched by epoll.
constexpr size_t kPolledMax = 32;

// UDP and queues are asked for at least so often while connections keep the worker busy: as long as
// two or three batches take.
constexpr std::chrono::microseconds kPollInterval{300};

// Rounds after stop(): enough to empty full socket buffers, and an end in any case.
constexpr size_t kLastRoundsMax = 256;

// Keys of events: those of UDP sockets are their places, and TcpService has those beyond this one.
constexpr uint64_t kWakeKey = UINT32_MAX;

pollfd polled(int fd) { return {.fd = fd, .events = POLLIN, .revents = 0}; }

}  // namespace

Result<std::unique_ptr<Worker>> Worker::open(const WorkerOptions& options) {
    Fd epoll(epoll_create1(EPOLL_CLOEXEC));
    Fd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!epoll || !wake) return base::fail_errno("open a worker's descriptors", errno);
    Result<UdpBatch> batch = UdpBatch::reserve();
    if (!batch) return std::unexpected(batch.error());

    std::unique_ptr<Worker> worker(
        new Worker(std::move(epoll), std::move(wake), std::move(*batch)));
    if (const Result<void> opened = worker->open_sockets(options); !opened) {
        return std::unexpected(opened.error());
    }
    return worker;
}

Worker::Worker(Fd epoll, Fd wake, UdpBatch batch)
    : epoll_(std::move(epoll)), wake_(std::move(wake)), batch_(std::move(batch)) {
    polled_.push_back(polled(epoll_.get()));
}

Worker::~Worker() {
    stop();
    if (thread_.joinable()) thread_.join();
}

Result<void> Worker::open_sockets(const WorkerOptions& options) {
    std::vector<TcpListener> listeners;
    for (const base::SocketAddress& address : options.listen) {
        if (const auto opened = open_udp(address); !opened) return opened;
        Result<Fd> tcp = open_tcp_listener(address);
        if (!tcp) return std::unexpected(tcp.error());
        listeners.push_back({std::move(*tcp)});
    }
    for (const base::SocketAddress& address : options.tls_listen) {
        Result<Fd> tcp = open_tcp_listener(address);
        if (!tcp) return std::unexpected(tcp.error());
        listeners.push_back({std::move(*tcp), true});
    }
    for (const TcpListener& listener : listeners) shared_sockets_.push_back(listener.socket.get());
    Result<std::unique_ptr<TcpService>> service =
        TcpService::open(epoll_.get(), std::move(listeners), options.tcp, options.tls);
    if (!service) return std::unexpected(service.error());
    tcp_ = std::move(*service);
    return watch(wake_.get(), kWakeKey);
}

Result<void> Worker::open_udp(const base::SocketAddress& address) {
    Result<Fd> udp = open_udp_socket(address);
    if (!udp) return std::unexpected(udp.error());
    shared_sockets_.push_back(udp->get());
    if (udp_sockets_.size() < kPolledMax) {
        polled_.push_back(polled(udp->get()));
        ++polled_sockets_;
    } else if (const auto watched = watch(udp->get(), udp_sockets_.size()); !watched) {
        return watched;
    }
    receive_queues_.emplace_back(udp->get());
    udp_sockets_.push_back({std::move(*udp), address, is_wildcard(address)});
    return {};
}

Result<void> Worker::watch(int fd, uint64_t key) const {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = key}};
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return {};
    return base::fail_errno("watch a socket", errno);
}

void Worker::take_queue(xdp::Queue queue) {
    assert(answerer_ == nullptr);
    polled_.push_back(polled(queue.fd()));
    if (!frames_) frames_ = std::make_unique<FrameBatch>();
    is_busy_polling_ = is_busy_polling_ || queue.is_busy_polling();
    queues_.push_back(std::move(queue));
}

Worker::FrameCounts Worker::frame_counts() const {
    FrameCounts counts{.received = frame_count_.load(std::memory_order_relaxed)};
    for (const xdp::Queue& queue : queues_) counts.lost += queue.losses().ring_full;
    return counts;
}

void Worker::start(Answerer& answerer, base::Pulse& pulse) {
    assert(answerer_ == nullptr);
    answerer_ = &answerer;
    pulse_ = &pulse;
    thread_ = std::thread([this] { run(); });
}

void Worker::stop() {
    is_stopping_.store(true, std::memory_order_release);
    nudge();
}

Result<void> Worker::spread_by_core(std::span<const unsigned> cores) {
    for (const int socket : shared_sockets_) {
        if (const auto done = choose_by_core(socket, cores); !done) return done;
    }
    return {};
}

void Worker::spread_by_hash() {
    for (const int socket : shared_sockets_) choose_by_hash(socket);
}

bool Worker::stay_on(unsigned core) { return stay_on_core(thread_.native_handle(), core); }

void Worker::roam() { run_on_any_core(thread_.native_handle()); }

void Worker::nudge() { eventfd_write(wake_.get(), 1); }

void Worker::run() noexcept {
    pthread_setname_np(pthread_self(), "nearcast-worker");
    pulse_->thread.store(gettid(), std::memory_order_relaxed);
    while (!is_stopping_.load(std::memory_order_acquire)) {
        const base::Instant now = base::now();
        const milliseconds limit = tcp_->expire(now);
        connection_count_.store(tcp_->connection_count(), std::memory_order_relaxed);
        round(now, limit);
    }
    for (size_t i = 0; i < kLastRoundsMax && round(base::now(), milliseconds(0)); ++i) {
    }
    answerer_->offline();
}

bool Worker::round(base::Instant now, milliseconds limit) noexcept {
    std::array<epoll_event, kEventsMax> events;
    answerer_->offline();
    const Ready ready = wait(now, wait_limit(limit), events);
    if (is_busy_polling_) {
        for (xdp::Queue& queue : queues_) answer_frames(queue);
    }
    if (!ready.is_any) return false;

    for (size_t i = 1; i < polled_.size() && ready.is_polled; ++i) {
        if (polled_[i].revents != 0) answer_polled(i - 1);
    }
    for (const epoll_event& event : ready.events) {
        if (event.data.u64 == kWakeKey) take_nudge();
        if (event.data.u64 < kWakeKey) answer_udp(event.data.u64);
    }
    const base::Instant turn = base::now();
    for (const epoll_event& event : ready.events) {
        if (TcpService::owns_key(event.data.u64)) answer_tcp(event.data.u64, turn);
    }
    return true;
}

// Where connections come one by one, most rounds ask epoll alone: one call and not two.
Worker::Ready Worker::wait(base::Instant now, milliseconds limit,
                           std::span<epoll_event> room) noexcept {
    if (had_events_ && now < poll_at_) {
        const auto events = take_events(room);
        if (!events.empty()) return {.is_any = true, .is_polled = false, .events = events};
    }
    poll_at_ = now + kPollInterval;
    had_events_ = false;
    if (::poll(polled_.data(), polled_.size(), static_cast<int>(limit.count())) <= 0) return {};
    Ready ready{.is_any = true, .is_polled = true, .events = {}};
    if (polled_.front().revents != 0) ready.events = take_events(room);
    return ready;
}

std::span<const epoll_event> Worker::take_events(std::span<epoll_event> room) noexcept {
    const int taken = epoll_wait(epoll_.get(), room.data(), static_cast<int>(room.size()), 0);
    const auto count = static_cast<size_t>(std::max(taken, 0));
    had_events_ = count > 0;
    return room.first(count);
}

void Worker::answer_polled(size_t place) noexcept {
    if (place < polled_sockets_) {
        answer_udp(place);
    } else {
        answer_frames(queues_[place - polled_sockets_]);
    }
}

// Who polls a queue himself does not sleep.
milliseconds Worker::wait_limit(milliseconds limit) const noexcept {
    return is_busy_polling_ ? milliseconds(0) : limit;
}

void Worker::answer_frames(xdp::Queue& queue) noexcept {
    for (size_t i = 0; i < kBatchesMax; ++i) {
        const FrameBatch::Received received = frames_->receive(queue);
        if (received.messages == 0) return;
        if (!frames_->exchanges().empty()) answerer_->respond(frames_->exchanges());
        frames_->hand_over(udp_sockets_, *answerer_);
        const FrameBatch::Sent sent = frames_->send(queue);
        base::Pulse::add(frame_count_, received.messages - received.dropped);
        base::Pulse::add(pulse_->queries, sent.answered);
        base::Pulse::add(pulse_->dropped, received.dropped + sent.dropped);
        base::Pulse::add(pulse_->batches, 1);
        if (received.messages < kBatchMax) return;
    }
}

void Worker::answer_udp(size_t place) noexcept {
    const UdpSocket& socket = udp_sockets_[place];
    size_t taken = 0;
    bool is_emptied = false;
    for (size_t i = 0; i < kBatchesMax && !is_emptied; ++i) {
        const UdpBatch::Received received = batch_.receive(socket);
        taken += received.messages;
        is_emptied = received.messages < kBatchMax;
        if (received.messages == 0) break;
        if (!batch_.exchanges().empty()) answerer_->respond(batch_.exchanges());
        batch_.hand_over(socket, *answerer_);
        const UdpBatch::Sent sent = batch_.send(socket);
        base::Pulse::add(pulse_->queries, sent.answered);
        base::Pulse::add(pulse_->dropped, received.dropped + sent.dropped);
        base::Pulse::add(pulse_->batches, 1);
    }
    base::Pulse::add(datagram_count_, taken);
    receive_queues_[place].note_turn(taken, is_emptied);
}

void Worker::answer_tcp(uint64_t key, base::Instant now) noexcept {
    const TcpService::Counts counts = tcp_->handle(key, *answerer_, now);
    base::Pulse::add(pulse_->queries, counts.answered);
    base::Pulse::add(pulse_->dropped, counts.dropped);
    base::Pulse::add(pulse_->batches, 1);
}

void Worker::take_nudge() noexcept {
    eventfd_t ignored = 0;
    eventfd_read(wake_.get(), &ignored);
    base::Pulse::add(pulse_->batches, 1);
}

}  // namespace nearcast::serve
