// SPDX-License-Identifier: Apache-2.0
//
// Tells secondaries that a zone has changed (NOTIFY, RFC 1996), until they say that they heard.
//
// A thread of its own sends, waits, and sends again with doubling pauses. Whoever stays silent is
// told no more: he finds out at his next refresh.

#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"
#include "dns/name.h"
#include "transfer/tallies.h"
#include "transfer/transfer_config.h"
#include "transfer/tsig.h"

namespace nearcast::transfer {

struct NotifyLimits {
    // §3.6 suggests 60 s and five retries; a lost datagram need not cost a minute.
    std::chrono::milliseconds first_pause{1'000};
    size_t tries_max = 6;  // With pauses that double: over a minute in all.
    // Sent and not yet acknowledged, of all zones together: more would come as a flood where one
    // secondary has many zones of ours.
    size_t outstanding_max = 256;
    // Waiting for that, some 300 bytes each. Of a reload of more zones the rest is not told.
    size_t waiting_max = 100'000;
};

class Notifier {
 public:
    // `config` outlives it.
    explicit Notifier(const TransferConfig& config, NotifyLimits limits = {});
    Notifier(const Notifier&) = delete;
    Notifier& operator=(const Notifier&) = delete;
    ~Notifier();

    // The zone has changed: tells those who the configuration names. From any thread.
    void notify(const dns::Name& zone);

    // The same for these, beside whom the configuration names; signed with `key` unless it is null,
    // which outlives the notifier.
    void notify(const dns::Name& zone, std::span<const base::SocketAddress> targets,
                const TsigKey* key);

    // From any thread.
    [[nodiscard]] const NoticeTallies& tallies() const { return tallies_; }

 private:
    struct Message {
        dns::Name zone;
        base::SocketAddress target;
        const TsigKey* key = nullptr;
        uint16_t id = 0;
        Mac mac;  // What it was signed with last.
        size_t tries = 0;
        base::Instant next_at{};
    };

    void run();
    // False when some still wait for others to be acknowledged.
    bool take_waiting(base::Instant now);
    void send_due(base::Instant now);
    void send(Message& message);
    void receive_all(int socket);
    void receive(std::span<const uint8_t> response, const base::SocketAddress& source);
    // How long until something is due; negative: nothing is.
    [[nodiscard]] int pause(base::Instant now) const;
    [[nodiscard]] int socket_for(const base::SocketAddress& target);

    const TransferConfig& config_;
    NotifyLimits limits_;
    base::Fd wake_;
    std::array<base::Fd, 2> sockets_;  // IPv4, IPv6; opened when first needed.
    Hmac hmac_;
    std::vector<Message> outstanding_;

    std::mutex mutex_;  // Guards what waits.
    std::deque<Message> waiting_;
    NoticeTallies tallies_;
    std::atomic<bool> is_stopping_ = false;
    std::thread thread_;  // Last: it uses all the others.
};

}  // namespace nearcast::transfer
