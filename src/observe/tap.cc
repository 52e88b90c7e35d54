// SPDX-License-Identifier: Apache-2.0

#include "observe/tap.h"

#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/log.h"

namespace nearcast::observe {
namespace {

// Between two looks at empty rings. Doubled, a ring holds half as many questions a second.
constexpr std::chrono::milliseconds kPause{20};
// Between two attempts to reach a reader.
constexpr std::chrono::seconds kRetry{1};

constexpr size_t kOpcodeAt = 2;

Channel channel_of(const answer::Exchange& exchange) {
    if (exchange.transport == answer::Transport::Udp) return Channel::Udp;
    return exchange.is_encrypted ? Channel::Tls : Channel::Tcp;
}

}  // namespace

void Tap::Note::take(const answer::Exchange& exchange, std::chrono::nanoseconds query_time,
                     std::chrono::nanoseconds response_time) noexcept {
    // The guard's token is nobody's business; what has no header is not DNS.
    if (exchange.is_probe || exchange.query.size() < dns::kHeaderSize) return;
    TapHead head{.query_time = query_time,
                 .response_time = response_time,
                 .channel = channel_of(exchange),
                 .opcode = static_cast<dns::Opcode>(exchange.query[kOpcodeAt] >> 3 & 0xF)};
    if (exchange.peer != nullptr) {
        const bool is_v6 = exchange.peer->sa_family == AF_INET6;
        std::memcpy(&head.peer, exchange.peer, is_v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
        if (exchange.asked != nullptr) {
            std::memcpy(&head.asked, exchange.asked, is_v6 ? sizeof(in6_addr) : sizeof(in_addr));
            head.asked_port = exchange.asked_port;
            head.has_asked = true;
        }
    }
    std::span<const uint8_t> query;
    std::span<const uint8_t> response;
    if (config_.has_queries) query = exchange.query;
    if (config_.has_responses) response = exchange.room.first(exchange.response_size);
    if (!query.empty() || !response.empty()) ring_.put(head, query, response);
}

Tap::Tap(const TapConfig& config, TapIdentity identity, size_t worker_count)
    : config_(config), identity_(std::move(identity)) {
    for (size_t i = 0; i < worker_count; ++i) rings_.push_back(std::make_unique<TapRing>());
    thread_ = std::thread([this] { run(); });
}

Tap::~Tap() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

uint64_t Tap::exchanges_dropped() const {
    uint64_t sum = unread_.get();
    for (const auto& ring : rings_) sum += ring->dropped();
    return sum;
}

void Tap::run() {
    pthread_setname_np(pthread_self(), "nearcast-dnstap");
    while (!is_ending_) {
        reconnect();
        bool was_any = false;
        for (const auto& ring : rings_) was_any |= drain(*ring);
        if (was_any) continue;
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, kPause, [this] { return is_ending_.load(); });
    }
    for (const auto& ring : rings_) (void)drain(*ring);
}

void Tap::reconnect() {
    if (stream_ || base::now() < retry_at_) return;
    auto stream = TapStream::open(config_, is_ending_);
    if (stream) {
        stream_ = *std::move(stream);
        is_absence_told_ = false;
        base::log::info("dnstap_connected",
                        {{"to", config_.socket.empty() ? config_.file : config_.socket}});
        return;
    }
    retry_at_ = base::now() + kRetry;
    if (std::exchange(is_absence_told_, true)) return;
    base::log::warning("dnstap_unreachable",
                       {{"reason", stream.error().message}, {"try", stream.error().hint}});
}

bool Tap::drain(TapRing& ring) {
    // At most what a ring holds: the others get their turn.
    size_t count = 0;
    for (; count < TapRing::kSize / sizeof(TapHead); ++count) {
        const auto record = ring.front();
        if (!record) break;
        // Without a reader the copy goes: one who comes later gets what is then new.
        if (!stream_ || !write(*record)) unread_.add();
        ring.pop();
    }
    return count > 0;
}

bool Tap::write(const TapRecord& record) {
    const auto send = [this] {
        if (stream_->write(frame_)) {
            written_.add();
            return true;
        }
        stream_.reset();
        retry_at_ = base::now() + kRetry;
        base::log::warning("dnstap_lost", {{"reason", "the reader has gone, or takes nothing"}});
        return false;
    };
    if (!record.query.empty()) {
        encode_tap_query(identity_, record, frame_);
        if (!send()) return false;
    }
    if (record.response.empty()) return true;
    encode_tap_response(identity_, record, frame_);
    return send();
}

}  // namespace nearcast::observe
