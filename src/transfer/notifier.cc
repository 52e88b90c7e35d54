// SPDX-License-Identifier: Apache-2.0

#include "transfer/notifier.h"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/random.h"
#include "dns/message.h"

namespace nearcast::transfer {
namespace {

using base::Instant;
using std::chrono::milliseconds;
namespace log = base::log;

constexpr size_t kResponseSizeMax = 4096;

// Opcode NOTIFY, AA, and the zone as its question (RFC 1996 §3.7).
std::vector<uint8_t> build_notify(const dns::Name& zone, uint16_t id) {
    dns::QueryDraft draft;
    draft.id = id;
    draft.qname = zone;
    draft.flags =
        static_cast<uint16_t>(static_cast<unsigned>(dns::Opcode::Notify) << 11) | dns::kFlagAa;
    draft.has_edns = false;
    return dns::build_query(draft);
}

// Whether it is a response to a NOTIFY at all; the question is that of the id.
std::optional<dns::Header> header_of_response(std::span<const uint8_t> bytes) {
    if (bytes.size() < dns::kHeaderSize) return std::nullopt;
    const dns::Header header = dns::load_header(bytes);
    const bool is_one = header.is_response() && header.opcode() == dns::Opcode::Notify;
    return is_one ? std::optional(header) : std::nullopt;
}

}  // namespace

Notifier::Notifier(const TransferConfig& config, NotifyLimits limits)
    : config_(config),
      limits_(limits),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {}

Notifier::~Notifier() {
    is_stopping_.store(true);
    eventfd_write(wake_.get(), 1);
    thread_.join();
}

void Notifier::notify(const dns::Name& zone) {
    const ZonePolicy& policy = config_.policy_for(zone);
    notify(zone, policy.notify,
           policy.notify_key ? config_.keys.find(*policy.notify_key) : nullptr);
}

void Notifier::notify(const dns::Name& zone, std::span<const base::SocketAddress> targets,
                      const TsigKey* key) {
    if (targets.empty()) return;
    {
        const std::lock_guard lock(mutex_);
        for (const base::SocketAddress& target : targets) {
            if (waiting_.size() >= limits_.waiting_max) {
                tallies_.dropped.add();
                continue;
            }
            waiting_.push_back({.zone = zone, .target = target, .key = key, .mac = {}});
        }
    }
    eventfd_write(wake_.get(), 1);
}

void Notifier::run() {
    while (!is_stopping_.load()) {
        const bool has_taken_all = take_waiting(base::now());
        send_due(base::now());
        std::array<pollfd, 3> wait = {pollfd{wake_.get(), POLLIN, 0},
                                      pollfd{sockets_[0].get(), POLLIN, 0},
                                      pollfd{sockets_[1].get(), POLLIN, 0}};
        // With some still waiting there is something outstanding, or was a moment ago.
        const int limit = pause(base::now());
        (void)::poll(wait.data(), wait.size(), limit < 0 && !has_taken_all ? 0 : limit);
        eventfd_t ignored = 0;
        eventfd_read(wake_.get(), &ignored);
        for (const base::Fd& socket : sockets_) {
            if (socket) receive_all(socket.get());
        }
    }
}

bool Notifier::take_waiting(Instant now) {
    const std::lock_guard lock(mutex_);
    while (!waiting_.empty() && outstanding_.size() < limits_.outstanding_max) {
        Message& next = waiting_.front();
        // One that is under way for the same change, or an older one, begins anew.
        std::erase_if(outstanding_, [&](const Message& each) {
            return each.target == next.target && each.zone == next.zone;
        });
        next.id = base::random_u16();
        next.next_at = now;
        outstanding_.push_back(std::move(next));
        waiting_.pop_front();
    }
    return waiting_.empty();
}

void Notifier::send_due(Instant now) {
    std::erase_if(outstanding_, [&](Message& message) {
        if (message.next_at > now) return false;
        if (message.tries == limits_.tries_max) {
            tallies_.unanswered.add();
            log::warning("notify_unanswered", {{"zone", dns::to_text(message.zone)},
                                               {"secondary", base::to_text(message.target)}});
            return true;
        }
        send(message);
        message.next_at = now + limits_.first_pause * (1 << message.tries);
        ++message.tries;
        return false;
    });
}

int Notifier::socket_for(const base::SocketAddress& target) {
    base::Fd& socket = sockets_[target.ip.is_v6 ? 1 : 0];
    if (!socket) {
        socket =
            base::Fd(::socket(target.ip.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    }
    return socket.get();
}

// What cannot be sent now is sent at the next try, like what the network loses.
void Notifier::send(Message& message) {
    std::vector<uint8_t> bytes = build_notify(message.zone, message.id);
    if (message.key != nullptr) {
        const auto now = static_cast<uint64_t>(::time(nullptr));
        message.mac = sign_request(hmac_, *message.key, bytes, now);
    }
    const base::NativeAddress target(message.target);
    (void)::sendto(socket_for(message.target), bytes.data(), bytes.size(), MSG_NOSIGNAL,
                   target.data(), target.size());
}

void Notifier::receive_all(int socket) {
    std::array<uint8_t, kResponseSizeMax> room{};
    sockaddr_storage source{};
    // No more than can be expected: the rest waits for the next round.
    for (size_t i = 0; i < limits_.outstanding_max; ++i) {
        socklen_t size = sizeof source;
        const ssize_t got = ::recvfrom(socket, room.data(), room.size(), MSG_DONTWAIT,
                                       reinterpret_cast<sockaddr*>(&source), &size);
        if (got < 0) return;
        receive(std::span(room).first(static_cast<size_t>(got)), base::from_native(source));
    }
}

void Notifier::receive(std::span<const uint8_t> response, const base::SocketAddress& source) {
    const auto header = header_of_response(response);
    if (!header) return;
    const auto found = std::ranges::find_if(outstanding_, [&](const Message& each) {
        return each.id == header->id && each.target == source;
    });
    if (found == outstanding_.end()) return;
    const auto rcode = static_cast<dns::Rcode>(header->flags & dns::kRcodeMask);
    if (found->key != nullptr && rcode == dns::Rcode::NoError) {
        const auto now = static_cast<uint64_t>(::time(nullptr));
        if (TsigStream(*found->key, found->mac).check(response, now) != TsigError::None) return;
    }
    (rcode == dns::Rcode::NoError ? tallies_.acknowledged : tallies_.refused).add();
    if (rcode != dns::Rcode::NoError) {
        log::warning("notify_refused", {{"zone", dns::to_text(found->zone)},
                                        {"secondary", base::to_text(source)},
                                        {"rcode", dns::to_text(rcode)}});
    }
    outstanding_.erase(found);
}

int Notifier::pause(Instant now) const {
    if (outstanding_.empty()) return -1;
    const Instant next = std::ranges::min(outstanding_, {}, &Message::next_at).next_at;
    const auto left = std::chrono::ceil<milliseconds>(next - now).count();
    return static_cast<int>(std::max<int64_t>(left, 0));
}

}  // namespace nearcast::transfer
