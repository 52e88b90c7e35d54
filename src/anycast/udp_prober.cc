// SPDX-License-Identifier: Apache-2.0

#include "anycast/udp_prober.h"

#include <algorithm>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/random.h"

namespace nearcast::anycast {
namespace {

// Keys of the epoll set: a found socket by its index, a search by its index with this bit.
constexpr uint64_t kSearchBit = uint64_t{1} << 63;

// A probe's answer is an empty one with an OPT record, or a SOA: a larger one is none.
constexpr size_t kAnswerSizeMax = 1232;

// Answers to the last so many questions of a socket still count. At 50 ms that is 12 s.
constexpr uint16_t kIdsOpen = 256;

base::Fd open_socket(const base::SocketAddress& address) {
    base::Fd socket_fd(socket(address.ip.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const base::NativeAddress native(address);
    if (!socket_fd || connect(socket_fd.get(), native.data(), native.size()) != 0) return {};
    return socket_fd;
}

}  // namespace

UdpProber::UdpProber(std::vector<base::SocketAddress> addresses, const ProbeQuestion& question,
                     const ProbeToken& token, base::Duration patience)
    : addresses_(std::move(addresses)),
      question_(question),
      token_(token),
      patience_(patience),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

void UdpProber::reset(uint32_t worker_count) {
    worker_count_ = worker_count;
    found_.clear();
    found_.resize(worker_count * addresses_.size());
    for (Probe& probe : searches_) probe = Probe{};
}

void UdpProber::ask(base::Instant now, ProbeEvents& events) {
    if (worker_count_ == 0) return;
    for (Probe& probe : found_) {
        if (!probe.is_used()) continue;
        send(probe);
        events.push_back({ProbeEvent::Kind::Asked, {probe.worker, probe.address, Transport::Udp}});
    }
    search(now, events);
}

void UdpProber::search(base::Instant now, ProbeEvents& events) {
    for (Probe& probe : searches_) {
        if (!probe.is_used() || now < probe.lost_at) continue;
        events.push_back({ProbeEvent::Kind::LostInSearch, {0, probe.address, Transport::Udp}});
        probe = Probe{};
    }
    // The places are shared out evenly, so that no address waits for another to be complete.
    std::vector<uint32_t> wanting;
    for (uint32_t i = 0; i < addresses_.size(); ++i) {
        if (has_missing(i)) wanting.push_back(i);
    }
    if (wanting.empty()) return;
    size_t turn = 0;
    for (Probe& probe : searches_) {
        if (!probe.is_used()) start_search(probe, wanting[turn++ % wanting.size()], now, events);
    }
}

void UdpProber::start_search(Probe& probe, uint32_t address, base::Instant now,
                             ProbeEvents& events) {
    probe = Probe{.socket = open_socket(addresses_[address]),
                  .address = address,
                  .id = base::random_u16(),
                  .lost_at = now + patience_};
    const auto index = static_cast<uint64_t>(&probe - searches_.data());
    if (!probe.is_used() || !watch(probe, index | kSearchBit, EPOLL_CTL_ADD)) {
        probe = Probe{};  // Out of descriptors: the next round tries again.
        return;
    }
    send(probe);
    events.push_back({ProbeEvent::Kind::AskedInSearch, {0, address, Transport::Udp}});
}

void UdpProber::receive(ProbeEvents& events) {
    std::array<epoll_event, 64> ready{};
    // Bounded: what comes faster than this is read in the next round.
    for (int round = 0; round < 16; ++round) {
        const int count = epoll_wait(epoll_.get(), ready.data(), ready.size(), 0);
        if (count <= 0) return;
        for (const epoll_event& event : std::span(ready).first(static_cast<size_t>(count))) {
            const bool is_search = (event.data.u64 & kSearchBit) != 0;
            const size_t index = event.data.u64 & ~kSearchBit;
            Probe& probe = is_search ? searches_[index] : found_[index];
            if (!probe.is_used()) continue;
            std::array<uint8_t, kAnswerSizeMax> room{};
            const ssize_t size = recv(probe.socket.get(), room.data(), room.size(), 0);
            if (size <= 0) continue;  // Such as ECONNREFUSED: then nobody answered.
            take_answer(probe, is_search, std::span(room).first(static_cast<size_t>(size)), events);
        }
    }
}

void UdpProber::take_answer(Probe& probe, bool is_search, std::span<const uint8_t> message,
                            ProbeEvents& events) {
    const auto answer = read_probe_answer(question_, message);
    if (!answer || answer->worker >= worker_count_) return;
    const auto age = static_cast<uint16_t>(probe.id - answer->id);
    if (age >= (is_search ? 1 : kIdsOpen)) return;
    events.push_back({ProbeEvent::Kind::Answered,
                      {answer->worker, probe.address, Transport::Udp},
                      answer->is_right});
    // A known socket that another worker answers: the group has changed, and so has the way there.
    if (is_search || probe.worker != answer->worker) adopt(probe, answer->worker);
}

void UdpProber::adopt(Probe& probe, uint32_t worker) {
    Probe moved = std::exchange(probe, Probe{});
    Probe& place = found(worker, moved.address);
    if (place.is_used()) return;
    place = std::move(moved);
    place.worker = worker;
    const auto index = static_cast<uint64_t>(&place - found_.data());
    if (!watch(place, index, EPOLL_CTL_MOD)) place = Probe{};
}

void UdpProber::send(Probe& probe) {
    const std::vector<uint8_t> message = build_probe(question_, ++probe.id, token_);
    // A failure is the same as a question that gets no answer.
    (void)::send(probe.socket.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool UdpProber::watch(const Probe& probe, uint64_t key, int operation) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = key}};
    return epoll_ctl(epoll_.get(), operation, probe.socket.get(), &event) == 0;
}

bool UdpProber::has_missing(uint32_t address) {
    for (uint32_t worker = 0; worker < worker_count_; ++worker) {
        if (!found(worker, address).is_used()) return true;
    }
    return false;
}

}  // namespace nearcast::anycast
