// SPDX-License-Identifier: Apache-2.0

#include "serve/tcp_service.h"

#include <cassert>
#include <cerrno>
#include <optional>
#include <utility>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/random.h"
#include "serve/locality.h"
#include "serve/tcp_acknowledgement.h"

namespace nearcast::serve {
namespace {

using std::chrono::milliseconds;

// Connections taken at one turn of a listener, so that a flood of them leaves time for the others.
constexpr size_t kAcceptsMax = 64;

// Nobody here can give up a descriptor, so wait for another part of the system to do so, without
// spinning on a listener that stays ready.
constexpr milliseconds kAcceptPause{100};

// Turns of handshakes in one round of the worker's. A signature takes 0.1 ms with ECDSA P-256 and
// 1 ms with RSA of 2048 bits; questions over UDP wait for that long. Doubled, they wait twice as
// long while somebody floods us with handshakes; with nobody waiting, rounds follow at once.
constexpr size_t kHandshakeTurnsMax = 2;

// With more than three quarters of the slots taken, idle connections stay a quarter as long.
constexpr size_t kCrowdedNumerator = 3;
constexpr size_t kCrowdedDenominator = 4;
constexpr int kCrowdedDivisor = 4;

// Whole pages, so that those beyond the first can be given back.
constexpr size_t kPageSize = 4096;
constexpr size_t whole_pages(size_t size) { return (size + kPageSize - 1) / kPageSize * kPageSize; }
constexpr size_t kInputStride = whole_pages(kTcpInputSize);
constexpr size_t kSlotStride = kInputStride + whole_pages(kTcpOutputSize);

// A generation tells a connection from an earlier one in the same slot.
constexpr uint32_t kGenerationMask = (uint32_t{1} << 30) - 1;

bool is_shortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// accept() looks for a free descriptor before it looks for a connection, so its complaint alone
// does not say that anybody waits.
bool has_pending(int listener) {
    pollfd item{listener, POLLIN, 0};
    return ::poll(&item, 1, 0) == 1;
}

PeerAddress own_address(const base::Fd& socket) {
    PeerAddress own{};
    socklen_t size = sizeof own;
    return getsockname(socket.get(), &own.generic, &size) == 0 ? own : PeerAddress{};
}

bool is_any(const PeerAddress& address) {
    if (address.generic.sa_family != AF_INET6) return address.v4.sin_addr.s_addr == INADDR_ANY;
    return IN6_IS_ADDR_UNSPECIFIED(&address.v6.sin6_addr) != 0;
}

// A listener of one address spares a system call for each connection.
TcpEnds ends_of(const base::Fd& socket, const PeerAddress& peer, const TcpListener& listener) {
    TcpEnds ends{.peer = peer, .own = listener.own};
    if (ends.own.generic.sa_family == AF_UNSPEC) ends.own = own_address(socket);
    ends.is_local = is_local(peer, ip_of(ends.own));
    return ends;
}

}  // namespace

struct TcpService::Slot {
    std::optional<TcpConnection> connection;
    base::Instant active_at{};
    PrefixCounts::Key prefix = 0;
    bool is_tls = false;
    bool is_in_handshake = false;  // In which list it stands.
    uint32_t generation = 0;
    uint32_t interest = 0;  // As epoll knows it.
    uint32_t previous = kNone;
    uint32_t next = kNone;
};

base::Result<std::unique_ptr<TcpService>> TcpService::open(int epoll,
                                                           std::vector<TcpListener> listeners,
                                                           const TcpLimits& limits,
                                                           const tls::ReloadableContext* tls) {
    assert(limits.connections_max > 0 && limits.connections_max < kNone);
    assert(limits.prefix_connections_max > 0 && limits.handshakes_max > 0);
    base::Result<LazyMemory> buffers = LazyMemory::reserve(limits.connections_max * kSlotStride);
    if (!buffers) return std::unexpected(buffers.error());
    std::unique_ptr<TcpService> service(
        new TcpService(epoll, std::move(listeners), limits, std::move(*buffers)));
    service->tls_ = tls;
    if (!service->watch_listeners()) return base::fail_errno("watch the TCP listeners", errno);
    return service;
}

TcpService::TcpService(int epoll, std::vector<TcpListener> listeners, const TcpLimits& limits,
                       LazyMemory buffers)
    : epoll_(epoll),
      listeners_(std::move(listeners)),
      limits_(limits),
      buffers_(std::move(buffers)),
      slots_(std::make_unique<Slot[]>(limits.connections_max)),
      prefixes_(limits.connections_max, limits.prefix, base::random_u64()) {
    for (auto index = static_cast<uint32_t>(limits.connections_max); index-- > 0;) {
        slots_[index].next = std::exchange(free_, index);
    }
    for (TcpListener& listener : listeners_) {
        const PeerAddress own = own_address(listener.socket);
        if (!is_any(own)) listener.own = own;
        // What a client of TLS sends before its query has no response.
        if (!listener.is_tls) acknowledge_by_response(listener.socket.get());
    }
}

TcpService::~TcpService() = default;

TcpService::Counts TcpService::handle(uint64_t key, Answerer& answerer,
                                      base::Instant now) noexcept {
    Round round{answerer, now};
    if ((key & kListenerMark) != 0) {
        accept_all(listeners_[key & UINT32_MAX], round);
        return round.counts;
    }
    const auto index = static_cast<uint32_t>(key & UINT32_MAX);
    const Slot& slot = slots_[index];
    if (!slot.connection || key_of(index) != key) return {};
    // What is left over is reported again in the next round.
    if (slot.is_in_handshake && handshake_turns_ == 0) return {};
    if (slot.is_in_handshake) --handshake_turns_;
    take_turn(index, round);
    return round.counts;
}

void TcpService::take_turn(uint32_t index, Round& round) noexcept {
    Slot& slot = slots_[index];
    switch (slot.connection->turn(round.answerer, idle_limit(), round.counts)) {
        case TcpConnection::Progress::Closed:
            // It may have begun and ended in one turn.
            close_connection(index, slot.connection->is_established() ? Ending::Client
                                                                      : Ending::HandshakeFailed);
            return;
        case TcpConnection::Progress::Leaving:
            if (slot.interest != 0) {
                epoll_ctl(epoll_, EPOLL_CTL_DEL, slot.connection->fd(), nullptr);
            }
            slot.connection->leave(round.answerer);
            close_connection(index, Ending::HandedOver);
            return;
        case TcpConnection::Progress::Some:
            slot.active_at = round.now;
            unlink(index);
            slot.is_in_handshake = !slot.connection->is_established();
            link_first(index);
            break;
        case TcpConnection::Progress::None:
            break;
    }
    update_interest(index);
}

milliseconds TcpService::expire(base::Instant now) noexcept {
    handshake_turns_ = kHandshakeTurnsMax;
    if (is_paused_ && now >= resume_at_) is_paused_ = !watch_listeners();
    close_idle(established_, idle_limit(), now);
    close_idle(handshakes_, limits_.handshake_limit, now);
    auto next = base::Instant::max();
    if (is_paused_) next = resume_at_;
    if (established_.last != kNone) {
        next = std::min(next, slots_[established_.last].active_at + idle_limit());
    }
    if (handshakes_.last != kNone) {
        next = std::min(next, slots_[handshakes_.last].active_at + limits_.handshake_limit);
    }
    if (next == base::Instant::max()) return milliseconds(-1);
    return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(next - now));
}

void TcpService::close_idle(const List& list, base::Duration limit, base::Instant now) noexcept {
    while (list.last != kNone && now - slots_[list.last].active_at >= limit) {
        const Slot& slot = slots_[list.last];
        const bool is_slow = slot.connection->is_in_the_middle();
        close_connection(list.last, slot.is_in_handshake ? Ending::HandshakeSlow
                                    : is_slow            ? Ending::Slow
                                                         : Ending::Idle);
    }
}

base::Duration TcpService::idle_limit() const {
    const bool is_crowded =
        connection_count_ * kCrowdedDenominator > limits_.connections_max * kCrowdedNumerator;
    return is_crowded ? limits_.idle_limit / kCrowdedDivisor : limits_.idle_limit;
}

void TcpService::accept_all(const TcpListener& listener, Round& round) noexcept {
    for (size_t i = 0; i < kAcceptsMax; ++i) {
        Accepted accepted = accept_one(listener, round);
        if (accepted == Accepted::NoDescriptor && close_longest_idle()) {
            accepted = accept_one(listener, round);
        }
        if (accepted == Accepted::NoDescriptor) pause_accepting(round.now);
        if (accepted != Accepted::One) return;
    }
}

TcpService::Accepted TcpService::accept_one(const TcpListener& listener, Round& round) noexcept {
    PeerAddress peer{};
    socklen_t size = sizeof peer;
    const int fd = listener.socket.get();
    base::Fd socket(::accept4(fd, &peer.generic, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
        // A client that left before it was accepted is no reason to stop.
        if (errno == ECONNABORTED || errno == EINTR) return Accepted::One;
        return is_shortage(errno) && has_pending(fd) ? Accepted::NoDescriptor : Accepted::None;
    }
    make_room_for(prefixes_.key_of(peer), listener.is_tls);
    const TcpEnds ends = ends_of(socket, peer, listener);
    if (!listener.is_tls) {
        take_turn(open_connection(tls::Stream(std::move(socket)), ends, round.now), round);
        return Accepted::One;
    }
    auto session = tls_->current()->open_session(socket.get());
    // Without memory for a session the client has to come back.
    if (session) {
        tls::Stream stream(std::move(socket), *std::move(session));
        update_interest(open_connection(std::move(stream), ends, round.now));
    }
    return Accepted::One;
}

void TcpService::make_room_for(PrefixCounts::Key prefix, bool is_tls) noexcept {
    if (prefixes_.count(prefix) >= limits_.prefix_connections_max) close_longest_idle_of(prefix);
    if (is_tls && handshakes_.size >= limits_.handshakes_max) {
        close_connection(handshakes_.last, Ending::HandshakeLimit);
    }
    if (free_ == kNone) close_longest_idle();
}

bool TcpService::close_longest_idle() noexcept {
    uint32_t longest = established_.last;
    if (longest == kNone || (handshakes_.last != kNone &&
                             slots_[handshakes_.last].active_at < slots_[longest].active_at)) {
        longest = handshakes_.last;
    }
    if (longest == kNone) return false;
    close_connection(longest, Ending::ConnectionLimit);
    return true;
}

// Walks over all connections at worst: some microseconds, for each that comes from a network which
// has more than its share.
void TcpService::close_longest_idle_of(PrefixCounts::Key prefix) noexcept {
    for (const List* list : {&handshakes_, &established_}) {
        for (uint32_t index = list->last; index != kNone; index = slots_[index].previous) {
            if (slots_[index].prefix != prefix) continue;
            close_connection(index, Ending::PrefixLimit);
            return;
        }
    }
}

uint32_t TcpService::open_connection(tls::Stream stream, const TcpEnds& ends,
                                     base::Instant now) noexcept {
    const uint32_t index = free_;
    assert(index != kNone);
    Slot& slot = slots_[index];
    free_ = slot.next;

    const std::span<uint8_t> memory = buffers_.bytes().subspan(index * kSlotStride, kSlotStride);
    slot.prefix = prefixes_.key_of(ends.peer);
    slot.is_in_handshake = !stream.is_established();
    slot.is_tls = stream.is_encrypted();
    tallies_.of(slot.is_tls).accepted.add();
    slot.connection.emplace(std::move(stream), ends, memory.first(kInputStride),
                            memory.subspan(kInputStride));
    slot.active_at = now;
    slot.interest = 0;
    link_first(index);
    prefixes_.add(slot.prefix);
    ++connection_count_;
    return index;
}

void TcpService::close_connection(uint32_t index, Ending why) noexcept {
    assert(index != kNone);
    Slot& slot = slots_[index];
    const std::span<uint8_t> memory = buffers_.bytes().subspan(index * kSlotStride, kSlotStride);
    // The first page of each stays for the next connection; a rare large message gives back.
    if (slot.connection->input_peak() > kPageSize) {
        buffers_.give_back(memory.first(kInputStride).subspan(kPageSize));
    }
    if (slot.connection->output_peak() > kPageSize) {
        buffers_.give_back(memory.subspan(kInputStride + kPageSize));
    }
    tallies_.of(slot.is_tls).end(why);
    slot.connection.reset();  // Closing the descriptor also takes it out of epoll.
    slot.generation = (slot.generation + 1) & kGenerationMask;
    unlink(index);
    prefixes_.remove(slot.prefix);
    slot.next = std::exchange(free_, index);
    --connection_count_;
}

void TcpService::update_interest(uint32_t index) noexcept {
    Slot& slot = slots_[index];
    uint32_t wanted = slot.connection->wants_input() ? uint32_t{EPOLLIN} : 0;
    if (slot.connection->wants_output()) wanted |= EPOLLOUT;
    assert(wanted != 0);
    if (wanted == slot.interest) return;
    epoll_event event{.events = wanted, .data = {.u64 = key_of(index)}};
    const int operation = slot.interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    slot.interest = wanted;
    // Only a shortage of kernel memory makes this fail; a connection nobody watches is lost.
    if (epoll_ctl(epoll_, operation, slot.connection->fd(), &event) != 0) {
        close_connection(index, Ending::Shortage);
    }
}

bool TcpService::watch_listeners() noexcept {
    for (size_t i = 0; i < listeners_.size(); ++i) {
        epoll_event event{.events = EPOLLIN, .data = {.u64 = kKeyMark | kListenerMark | i}};
        const int fd = listeners_[i].socket.get();
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0 && errno != EEXIST) return false;
    }
    return true;
}

void TcpService::pause_accepting(base::Instant now) noexcept {
    for (const TcpListener& listener : listeners_) {
        epoll_ctl(epoll_, EPOLL_CTL_DEL, listener.socket.get(), nullptr);
    }
    is_paused_ = true;
    tallies_.pauses.add();
    resume_at_ = now + kAcceptPause;
}

TcpService::List& TcpService::list_of(uint32_t index) {
    return slots_[index].is_in_handshake ? handshakes_ : established_;
}

void TcpService::link_first(uint32_t index) noexcept {
    List& list = list_of(index);
    Slot& slot = slots_[index];
    slot.previous = kNone;
    slot.next = std::exchange(list.first, index);
    (slot.next == kNone ? list.last : slots_[slot.next].previous) = index;
    ++list.size;
}

void TcpService::unlink(uint32_t index) noexcept {
    List& list = list_of(index);
    const Slot& slot = slots_[index];
    (slot.previous == kNone ? list.first : slots_[slot.previous].next) = slot.next;
    (slot.next == kNone ? list.last : slots_[slot.next].previous) = slot.previous;
    --list.size;
}

uint64_t TcpService::key_of(uint32_t index) const {
    return kKeyMark | uint64_t{slots_[index].generation} << 32 | index;
}

}  // namespace nearcast::serve
