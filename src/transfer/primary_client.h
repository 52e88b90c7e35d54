// SPDX-License-Identifier: Apache-2.0
//
// Asks one primary: for the SOA of a zone, for what changed in it, and for the zone.
//
// Transfers come over TCP alone: a datagram would spare a connection, and only for changes that fit
// in it. Blocking, with a deadline on everything, so that a primary that says nothing, or drips,
// costs a known time. Responses are believed as far as the key proves them, if there is one.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "dns/name.h"
#include "dns/response.h"
#include "transfer/link.h"
#include "transfer/shared_link.h"
#include "transfer/tsig.h"
#include "transfer/zone_receiver.h"

namespace nearcast::transfer {

struct ClientLimits {
    // For the answer to a question over UDP, twice, then over TCP.
    std::chrono::milliseconds answer{2'000};
    std::chrono::milliseconds connect{5'000};
    // For an answer on a connection that others share, while theirs come: it is not its turn yet.
    std::chrono::minutes turn{5};
    // Between two messages of a transfer, and for all of it.
    std::chrono::milliseconds message{30'000};
    std::chrono::minutes transfer{60};
    // After so much of that time, a primary that sent less a second on average is given up: one
    // that drips holds a thread for no longer than this.
    std::chrono::milliseconds slow_after{60'000};
    size_t rate_min = 1024;  // Bytes. A modem has three times as much.
};

// What a primary told of a zone.
struct ToldSerial {
    uint32_t serial = 0;
    std::optional<uint32_t> expire;  // Seconds that the primary itself has left (RFC 7314).
};

// What a primary sent.
struct Fetched {
    // One of these.
    zone::ImageBlock image;  // Checked and built.
    std::optional<zone::Changeset> changes;
    std::optional<uint32_t> current;  // The serial that the primary has: none that is newer.

    std::optional<uint32_t> expire;
    ReceiveShare share;             // Of the memory for what is being received.
    bool knows_no_changes = false;  // The primary does not do what was asked for (IXFR).
    std::string refusal;            // Why it is the zone and not the changes that were asked for.
};

class PrimaryClient {
 public:
    // `key` may be null, and outlives the client. Once `is_stopping` is set, waits end soon.
    PrimaryClient(const dns::Name& zone, const base::SocketAddress& primary, const TsigKey* key,
                  const std::atomic<bool>& is_stopping, ClientLimits limits = {});

    // From now on over TLS alone: questions and zones, on the connection that is shared by all who
    // ask this primary. Both outlive the client.
    void use_tls(SharedLinks& links, const tls::ClientSettings& settings) {
        links_ = &links;
        tls_ = &settings;
    }

    // What comes is counted there. It outlives the client and what that fetched.
    void use_budget(ReceiveBudget& budget) { budget_ = &budget; }

    // How much may come, of what is fetched from now on.
    void limit(ReceiveLimits limits) { receive_limits_ = std::move(limits); }
    [[nodiscard]] const ReceiveLimits& receive_limits() const { return receive_limits_; }

    [[nodiscard]] base::Result<ToldSerial> ask_serial();

    // All of the zone.
    [[nodiscard]] base::Result<Fetched> fetch_whole();

    // What changed since this serial, in one step. The whole zone where the primary knows no IXFR,
    // or what it sends as changes is of no use.
    [[nodiscard]] base::Result<Fetched> fetch_changes(uint32_t serial);

    // Says something that is answered with a code alone: `message` with its id, and unsigned.
    [[nodiscard]] base::Result<dns::Rcode> tell(std::vector<uint8_t> message);

    // What the primary answered last; NoError before it did.
    [[nodiscard]] dns::Rcode rcode() const { return rcode_; }
    // Whether that may mean that it has too much to do, and not only that it does not want to.
    [[nodiscard]] bool is_refused() const {
        return rcode_ == dns::Rcode::ServFail || rcode_ == dns::Rcode::Refused;
    }
    // Whether less should be asked of it at a time: it did not answer at all, or too slowly for
    // others to wait for it, or with more than there is memory for.
    [[nodiscard]] bool is_crowded() const { return !has_answered_ || is_too_much_; }
    // Of all messages of transfers so far.
    [[nodiscard]] uint64_t transfer_bytes() const { return transfer_bytes_; }

 private:
    struct Question {
        std::vector<uint8_t> message;
        uint16_t id = 0;
        Mac mac;
    };

    [[nodiscard]] Question make_question(dns::RRType type, std::optional<uint32_t> serial = {});
    [[nodiscard]] base::Result<std::vector<uint8_t>> ask_over_udp(const Question& question) const;
    [[nodiscard]] base::Result<std::vector<uint8_t>> ask_over_tcp(const Question& question);
    // On a connection of its own, or over TLS on the one that all share.
    [[nodiscard]] base::Result<void> send(const Question& question);
    // The first message that answers it, with the question sent.
    [[nodiscard]] base::Result<std::vector<uint8_t>> send_and_read(
        const Question& question, std::chrono::milliseconds patience);
    // Waits for no longer than `patience` while nothing comes, and `end`.
    [[nodiscard]] base::Result<std::vector<uint8_t>> read_frame(std::chrono::milliseconds patience,
                                                                base::Instant end);
    [[nodiscard]] base::Result<dns::Response> ask_soa_once();
    [[nodiscard]] base::Result<Fetched> fetch(std::optional<uint32_t> serial);
    [[nodiscard]] base::Result<void> receive(const Question& question, ZoneReceiver& receiver);
    [[nodiscard]] bool is_too_slow(size_t bytes, base::Duration taken) const;
    [[nodiscard]] base::Result<void> check_signature(std::span<const uint8_t> message,
                                                     TsigStream& signatures) const;

    const dns::Name& zone_;
    base::SocketAddress primary_;
    const TsigKey* key_;
    const std::atomic<bool>& is_stopping_;
    ClientLimits limits_;
    SharedLinks* links_ = nullptr;
    const tls::ClientSettings* tls_ = nullptr;
    ReceiveBudget* budget_ = nullptr;
    ReceiveLimits receive_limits_;
    // While something is under way, the one or the other.
    std::optional<Link> link_;
    SharedLinks::Lease lease_;
    std::unique_ptr<SharedLink::Answer> answer_;
    Hmac hmac_;
    bool uses_edns_ = true;  // Until the primary shows that it does not understand it.
    uint64_t transfer_bytes_ = 0;
    // Of the last question or transfer, also of one that failed.
    bool is_too_much_ = false;   // For the way, or for our memory: with fewer beside it, it may do.
    bool has_answered_ = false;  // A message came, signed as it should be.
    dns::Rcode rcode_ = dns::Rcode::NoError;
    ZoneReceiver::Content content_ = ZoneReceiver::Content::Unknown;
};

}  // namespace nearcast::transfer
