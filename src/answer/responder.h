// SPDX-License-Identifier: Apache-2.0
//
// Turns queries into responses, a batch at a time: the one door of this module.
//
// A batch goes through stages, each for all its queries before the next begins: parse, find the
// zone, find the name, compose. A stage asks the processor to fetch what the next one reads, so
// that the cache misses of a batch overlap.
//
// One Responder for each worker thread, used by that thread alone. After construction it allocates
// nothing, takes no lock, reads no clock and makes no system call.

#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <sys/socket.h>

#include "answer/facts.h"
#include "answer/outcome.h"
#include "answer/private_zones.h"
#include "shield/cookie_jar.h"
#include "zone/live_names.h"
#include "zone/zone_table.h"

namespace nearcast::tls {
class TlsSession;
}

namespace nearcast::answer {

enum class Transport : uint8_t { Udp, Tcp };

// One query with the place for its response. The caller fills in all but the results.
struct Exchange {
    std::span<const uint8_t> query;  // The DNS message, without the length that TCP puts before it.
    std::span<uint8_t> room;         // Where the response goes; must not overlap `query`.
    Transport transport = Transport::Udp;
    bool is_local = false;  // From this host: a loopback source, or source equal to destination.
    const sockaddr* peer = nullptr;  // Who asks, where that may matter; null: unknown.
    // The address that was asked, an in_addr or in6_addr as the peer's is; null: unknown.
    const void* asked = nullptr;
    uint16_t asked_port = 0;
    // Nobody reads along: responses are padded for who asks for it (RFC 7830).
    bool is_encrypted = false;
    // Passed on to who needs to know more of the client, and not looked at here; may be null.
    const tls::TlsSession* session = nullptr;
    // How long an idle connection stays, in units of 100 ms, for who asks (RFC 7828); on TCP only.
    // Zero: nothing is said, since that would ask clients to close.
    uint16_t keepalive = 0;
    // Bytes that the caller adds to the response: the client's limit has them.
    size_t reserved = 0;
    // What the caller has decided already: a response without records that says so.
    std::optional<Outcome> verdict = std::nullopt;
    // He may see private zones.
    bool is_trusted = false;
    // The seconds that the zone has left, told to who asks for it (EXPIRE, RFC 7314).
    std::optional<uint32_t> expire = std::nullopt;

    // Results: whatever they are before, they are set.
    size_t response_size = 0;  // Zero: send nothing.
    bool is_probe = false;     // The guard's question: not counted, not limited.
    shield::CookieState cookie = shield::CookieState::None;  // None also when they are not in use.
    Facts facts = {};
    // Signed, for a transfer, a NOTIFY, an UPDATE, a SOA's question with EXPIRE, or about a private
    // zone: nothing that is done here, and the response says so or goes without. A caller who does
    // it replaces it.
    bool is_special = false;
    // Set by such a caller, on TCP: what answers this takes the connection over.
    bool takes_connection = false;
    // The same on UDP: what answers this takes the datagram over.
    bool takes_datagram = false;
};

// Who answers, as told by NSID (RFC 5001) and by id.server and the like in class CH (RFC 4892).
struct Identity {
    std::string pop;
    std::string node;
    std::string version;
};

using ProbeToken = std::array<uint8_t, 16>;

struct ResponderOptions {
    Identity identity;
    ProbeToken probe_token = {};  // All zeros: no probe is ever recognised.
    uint16_t worker_index = 0;    // What a probe is told.
    // Largest UDP response whatever the client offers: fits the IPv6 minimum MTU of 1280, so no
    // path has to fragment it. Larger invites lost fragments and amplification.
    uint16_t udp_payload_max = 1232;
    // Null: no cookies. Outlives the Responder.
    const shield::CookieSecrets* cookie_secrets = nullptr;
    shield::CookiePolicy cookie_policy = {};
    PrivateZones private_zones = {};
    // More of them, which come and go. Null: there are none. Outlives the Responder.
    const zone::LiveNames* more_private_zones = nullptr;
};

class Responder {
 public:
    // `zones` must outlive the Responder.
    Responder(zone::ZoneTable& zones, const ResponderOptions& options);
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;
    ~Responder();

    // Answers each exchange of the batch, of any length. A room of 512 bytes or more always
    // suffices for some response; what does not fit is truncated and says so (TC). Time is since
    // 1970; cookies are good or bad by it.
    void respond(std::span<Exchange> batch, std::chrono::seconds now = {}) noexcept;

    // Call before the worker blocks: what it has read so far may then be freed at any time.
    void offline() noexcept;

 private:
    struct Worker;
    std::unique_ptr<Worker> worker_;
};

}  // namespace nearcast::answer
