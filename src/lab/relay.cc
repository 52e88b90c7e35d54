// SPDX-License-Identifier: Apache-2.0

#include "lab/relay.h"

#include <array>
#include <cerrno>
#include <iterator>
#include <sstream>

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lab/netns.h"
#include "lab/relay_control.h"
#include "lab/tun.h"

namespace nearcast::lab {

namespace {

using base::fail_errno;
using base::Fd;
using base::Instant;
using base::Result;

constexpr uint64_t kTimerMark = UINT64_MAX;
constexpr uint64_t kControlMark = UINT64_MAX - 1;
// Packets taken from one device before others get their turn: a flood on one link must not add to
// the delay of the rest.
constexpr int kBatch = 32;
constexpr size_t kPacketMax = 65536;
constexpr int kEventsMax = 256;

void allow_many_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

Result<Fd> open_end(const WireEnd& end) {
    const auto visit = NamespaceVisit::enter(end.net_namespace);
    if (!visit) return std::unexpected(visit.error());
    return open_tun(end.device);
}

}  // namespace

Result<Relay> Relay::create(const std::vector<Wire>& wires, const std::string& control) {
    allow_many_descriptors();
    Relay relay;
    relay.epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
    relay.timer_ = Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!relay.epoll_ || !relay.timer_) return fail_errno("epoll", errno);
    if (auto done = relay.watch(relay.timer_.get(), kTimerMark); !done) {
        return std::unexpected(done.error());
    }
    for (const Wire& wire : wires) {
        if (auto done = relay.add(wire); !done) return std::unexpected(done.error());
    }
    // Last: whoever can connect knows that every device is there.
    auto socket = listen_for_orders(control);
    if (!socket) return std::unexpected(socket.error());
    relay.control_ = *std::move(socket);
    if (auto done = relay.watch(relay.control_.get(), kControlMark); !done) {
        return std::unexpected(done.error());
    }
    return relay;
}

Result<void> Relay::add(const Wire& wire) {
    // An order may come twice.
    if (wires_.contains(wire.number)) return {};
    auto end_a = open_end(wire.a);
    if (!end_a) return std::unexpected(end_a.error());
    auto end_b = open_end(wire.b);
    if (!end_b) return std::unexpected(end_b.error());
    auto ends = std::make_unique<Ends>(*std::move(end_a), *std::move(end_b), directions_.size());
    const auto seed = static_cast<uint32_t>(directions_.size());
    directions_.push_back({&ends->a, &ends->b, DelayLine(wire.quality, seed + 1)});
    directions_.push_back({&ends->b, &ends->a, DelayLine(wire.quality, seed + 2)});
    Result<void> done = watch(ends->a.get(), seed);
    if (done) done = watch(ends->b.get(), seed + 1);
    wires_.emplace(wire.number, std::move(ends));
    return done;
}

// Its devices go with it.
Result<void> Relay::remove(uint32_t number) {
    const auto found = wires_.find(number);
    if (found == wires_.end()) return {};
    const Ends& ends = *found->second;
    for (size_t i = ends.direction; i < ends.direction + 2; ++i) {
        directions_[i].line.set_cut(true);
        directions_[i].source = directions_[i].target = nullptr;
    }
    Result<void> done = end_with_descriptor(ends.a);
    if (done) done = end_with_descriptor(ends.b);
    wires_.erase(found);
    return done;
}

Result<void> Relay::watch(int fd, uint64_t mark) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = mark;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
        return fail_errno("epoll", errno);
    return {};
}

Result<void> Relay::run() {
    std::array<epoll_event, kEventsMax> events;
    for (;;) {
        const int count = ::epoll_wait(epoll_.get(), events.data(), kEventsMax, -1);
        if (count < 0 && errno != EINTR) return fail_errno("epoll", errno);
        const Instant now = base::now();
        for (int i = 0; i < count; ++i) {
            const uint64_t mark = events[static_cast<size_t>(i)].data.u64;
            if (mark == kControlMark) {
                take_order(control_, [this](const std::string& order) { return obey(order); });
            } else if (mark == kTimerMark) {
                uint64_t expired = 0;
                static_cast<void>(::read(timer_.get(), &expired, sizeof expired) > 0);
            } else {
                read_packets(mark, now);
            }
        }
        write_due(base::now());
        set_timer();
    }
}

void Relay::read_packets(size_t index, Instant now) {
    static std::array<uint8_t, kPacketMax> buffer;
    Direction& direction = directions_[index];
    if (direction.source == nullptr) return;  // Taken away since the kernel told of the packet.
    for (int i = 0; i < kBatch; ++i) {
        const ssize_t size = ::read(direction.source->get(), buffer.data(), buffer.size());
        if (size <= 0) break;
        ++packets_;
        direction.line.push({buffer.data(), static_cast<size_t>(size)}, now);
    }
    schedule(index);
}

void Relay::schedule(size_t index) {
    Direction& direction = directions_[index];
    const auto due = direction.line.next_due();
    if (!due || direction.is_scheduled) return;
    direction.is_scheduled = true;
    schedule_.push({*due, index});
}

void Relay::write_due(Instant now) {
    while (!schedule_.empty() && schedule_.top().at <= now) {
        const size_t index = schedule_.top().direction;
        schedule_.pop();
        Direction& direction = directions_[index];
        direction.is_scheduled = false;
        while (const auto packet = direction.line.due(now)) {
            // A device that is down or full loses the packet, as a line does.
            static_cast<void>(::write(direction.target->get(), packet->data(), packet->size()) > 0);
            direction.line.pop();
        }
        schedule(index);
    }
}

void Relay::set_timer() {
    itimerspec when{};
    if (!schedule_.empty()) {
        const auto at = schedule_.top().at.time_since_epoch();
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at);
        when.it_value.tv_sec = seconds.count();
        when.it_value.tv_nsec = (at - seconds).count();
    }
    ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

std::string Relay::obey(const std::string& order) {
    std::istringstream words(order);
    std::string verb;
    words >> verb;
    if (verb == "ping") return "ok " + std::to_string(packets_);
    if (verb == "add" || verb == "remove") return change(verb, words);
    uint32_t number = 0;
    const auto found = words >> number ? wires_.find(number) : wires_.end();
    if (found == wires_.end()) return "no such link";
    const Ends& ends = *found->second;
    DelayLine& there = directions_[ends.direction].line;
    DelayLine& back = directions_[ends.direction + 1].line;
    if (verb == "state") return there.is_cut() ? "ok cut" : "ok whole";
    if (verb == "cut" || verb == "down" || verb == "join") {
        const bool is_whole = verb == "join";
        there.set_cut(!is_whole);
        back.set_cut(!is_whole);
        if (verb == "cut") return "ok";
        const auto a = set_carrier(ends.a, is_whole);
        const auto b = set_carrier(ends.b, is_whole);
        if (!a || !b) return (a ? b : a).error().message;
    } else if (verb == "quality") {
        int64_t delay = 0;
        int64_t jitter = 0;
        double loss = 0;
        if (!(words >> delay >> jitter >> loss)) return "quality LINK DELAY_US JITTER_US LOSS";
        const LinkQuality quality{Delay(delay), Delay(jitter), loss};
        there.set_quality(quality);
        back.set_quality(quality);
    } else {
        return "no such order";
    }
    return "ok";
}

std::string Relay::change(const std::string& verb, std::istream& words) {
    const std::string rest(std::istreambuf_iterator<char>(words), {});
    const auto wire = parse_wire(rest);
    if (!wire) return verb + " NUMBER NAMESPACE DEVICE NAMESPACE DEVICE DELAY_US JITTER_US LOSS";
    const auto done = verb == "add" ? add(*wire) : remove(wire->number);
    return done ? "ok" : done.error().message;
}

}  // namespace nearcast::lab
