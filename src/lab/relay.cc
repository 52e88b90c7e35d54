// SPDX-License-Identifier: Apache-2.0

#include "lab/relay.h"

#include <array>
#include <cerrno>
#include <cstdlib>
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

Result<Fd> open_end(const Node& node, const std::string& device) {
    const auto visit = NamespaceVisit::enter(node.net_namespace);
    if (!visit) return std::unexpected(visit.error());
    return open_tun(device);
}

const std::string& device_of(const Node& node, size_t link) {
    for (const Interface& interface : node.interfaces) {
        if (interface.link == link) return interface.device;
    }
    std::abort();  // A plan gives both ends of each link an interface.
}

}  // namespace

Result<Relay> Relay::create(const Plan& plan, const std::string& control) {
    allow_many_descriptors();
    Relay relay;
    relay.epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
    relay.timer_ = Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!relay.epoll_ || !relay.timer_) return fail_errno("epoll", errno);
    if (auto done = relay.watch(relay.timer_.get(), kTimerMark); !done) {
        return std::unexpected(done.error());
    }
    for (size_t i = 0; i < plan.topology.links.size(); ++i) {
        if (auto done = relay.open_link(plan, i); !done) return std::unexpected(done.error());
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

Result<void> Relay::open_link(const Plan& plan, size_t link_index) {
    const Link& link = plan.topology.links[link_index];
    const Node& a = plan.node(link.a);
    const Node& b = plan.node(link.b);
    auto end_a = open_end(a, device_of(a, link_index));
    if (!end_a) return std::unexpected(end_a.error());
    auto end_b = open_end(b, device_of(b, link_index));
    if (!end_b) return std::unexpected(end_b.error());
    links_.push_back(std::make_unique<LinkEnds>(*std::move(end_a), *std::move(end_b)));
    LinkEnds& ends = *links_.back();
    const LinkQuality quality{link.delay, link.jitter, link.loss};
    const auto seed = static_cast<uint32_t>(directions_.size());
    directions_.push_back({&ends.a, &ends.b, DelayLine(quality, seed + 1)});
    directions_.push_back({&ends.b, &ends.a, DelayLine(quality, seed + 2)});
    if (auto done = watch(ends.a.get(), seed); !done) return done;
    return watch(ends.b.get(), seed + 1);
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
    size_t link = 0;
    words >> verb;
    if (verb == "ping") return "ok " + std::to_string(packets_);
    if (!(words >> link) || link >= links_.size()) return "no such link";
    LinkEnds& ends = *links_[link];
    if (verb == "state") return directions_[2 * link].line.is_cut() ? "ok cut" : "ok whole";
    if (verb == "cut" || verb == "down" || verb == "join") {
        const bool is_whole = verb == "join";
        directions_[2 * link].line.set_cut(!is_whole);
        directions_[2 * link + 1].line.set_cut(!is_whole);
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
        directions_[2 * link].line.set_quality(quality);
        directions_[2 * link + 1].line.set_quality(quality);
    } else {
        return "no such order";
    }
    return "ok";
}

}  // namespace nearcast::lab
