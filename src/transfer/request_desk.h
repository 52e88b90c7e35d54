// SPDX-License-Identifier: Apache-2.0
//
// Answers what an ordinary responder does not: signed requests, requests for a zone, and updates.
//
// It checks the signature, decides by the configuration, has the ordinary part answered by whoever
// does that, and signs the response. A transfer that is granted it does not send: it says so, and
// take_transfer() gives what sends it. What may take its time (an update, changes over UDP) it does
// only on a thread that may wait; elsewhere it says that it is for one. One for each thread.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "dns/message.h"
#include "dns/record_walk.h"
#include "dns/serial.h"
#include "tls/peer.h"
#include "transfer/live_keys.h"
#include "transfer/members.h"
#include "transfer/message_writer.h"
#include "transfer/tallies.h"
#include "transfer/transfer_config.h"
#include "transfer/tsig.h"
#include "transfer/update_taker.h"
#include "transfer/zone_stream.h"
#include "zone/ledger.h"
#include "zone/live_names.h"
#include "zone/zone_table.h"

namespace nearcast::transfer {

// A question for an ordinary responder.
struct PlainQuestion {
    std::span<const uint8_t> message;
    std::span<uint8_t> room;
    base::IpAddress peer;    // Who asks.
    bool is_stream = false;  // On TCP.
    bool is_encrypted = false;
    bool is_counted = false;  // As Request has it.
    size_t reserved = 0;      // Of the size that the client takes, what the signature will need.
    // What has been decided already: a response without records that says so.
    std::optional<Verdict> verdict = std::nullopt;
    std::optional<uint32_t> expire = std::nullopt;  // To be told to who asks for it (RFC 7314).
    bool is_trusted = false;                        // Private zones are not hidden from him.
};

struct Request {
    std::span<const uint8_t> message;
    std::span<uint8_t> room;  // Not overlapping; 1232 bytes or more.
    base::IpAddress peer;
    bool is_stream = false;
    uint64_t now = 0;                // Seconds since 1970.
    const tls::Peer* tls = nullptr;  // Of a connection over TLS; null on any other.
    // A worker has counted it when it handed it over; only the response is to be counted.
    bool is_counted = false;
};

// A zone, or what changed in it, on its way to who asked for it.
struct GrantedTransfer {
    zone::PinnedVersion version;
    ZoneStream stream;
    std::optional<TsigStream> signer;
    size_t tsig_size = 0;
    dns::Name zone;
    std::shared_ptr<const TsigKeyring> keys = nullptr;  // That the signer's may be of.
};

// What a NOTIFY says (RFC 1996 §3).
struct Notice {
    dns::Name zone;
    base::IpAddress peer;
    const TsigKey* key = nullptr;    // Null when it is not signed.
    std::optional<uint32_t> serial;  // The hint of §3.7: what the sender has now.
};

class RequestDesk {
 public:
    // Returns the size of the response in PlainQuestion::room; zero for none.
    using AskOrdinary = std::function<size_t(const PlainQuestion&)>;

    struct Outcome {
        size_t size = 0;             // Of the response; zero: none.
        bool is_granted = false;     // A transfer, on TCP: nothing was written.
        bool is_for_waiter = false;  // To be answered on a thread that may wait: likewise.
        bool is_for_stream = false;  // To be asked for again, over TCP: the SOA alone.
    };

    // What a desk has where its thread may wait: for writers, the disk, and other servers.
    struct Waiting {
        zone::ZoneTable& zones;
        const std::atomic<bool>& is_stopping;  // Ends waits.
    };

    // What others do for the desk. They outlive it. None of them waits, but for what is `waiting`.
    struct Partners {
        // Without `waiting` it is read as a worker reads it: the thread's reader is online while
        // answer() runs.
        const zone::ZoneTable& zones;
        const zone::ZoneLedger& ledger;
        UpdateTaker& updates;
        AskOrdinary ask;
        // What to tell who says that a zone has changed.
        std::function<dns::Rcode(const Notice&)> hear;
        // The seconds that a zone from a primary has left; nothing for all others.
        std::function<std::optional<uint32_t>(const dns::Name& zone)> expires_in;
        // How a zone from a primary is fetched; null for all others.
        std::function<std::shared_ptr<const SecondaryConfig>(const dns::Name& zone)> secondary_of;
        DeskTallies* tallies = nullptr;  // Null: nobody wants to know.
        Members* members = nullptr;      // Null: there are none.
        // All keys there are. Null: those of the configuration, which stay as they are.
        const LiveKeyring* keys = nullptr;
        Grants* grants = nullptr;  // What they are good for beside the configuration; may be null.
        // Zones that only those may look at who may have them, beside catalogs; null: there are
        // none.
        const zone::LiveNames* private_zones = nullptr;
        std::optional<Waiting> waiting;
    };

    // `config` outlives the desk.
    RequestDesk(const TransferConfig& config, Partners partners);

    [[nodiscard]] Outcome answer(const Request& request);

    // What the last answer() granted, once. Null otherwise.
    [[nodiscard]] std::unique_ptr<GrantedTransfer> take_transfer(const Request& request);

    // SERVFAIL, where what the last answer() granted, or left to a waiter, cannot be had now.
    [[nodiscard]] Outcome decline(const Request& request);

 private:
    // A zone as it is while answer() runs.
    struct SeenZone {
        std::optional<zone::PinnedVersion> pin;  // Where the thread has no reader that is online.
        std::optional<zone::Version> version;    // None: it is not served.

        [[nodiscard]] bool has_data() const { return version && !version->is_unavailable(); }
    };

    [[nodiscard]] Outcome answer_signed(const Request& request);
    [[nodiscard]] Outcome answer_by_opcode(const Request& request);
    [[nodiscard]] Outcome answer_query(const Request& request);
    [[nodiscard]] Outcome answer_transfer(const Request& request);
    [[nodiscard]] Outcome answer_changes(const Request& request, const zone::Version& version);
    [[nodiscard]] Outcome answer_changes_over_udp(const Request& request,
                                                  const zone::Version& version);
    [[nodiscard]] Outcome answer_notify(const Request& request);
    [[nodiscard]] Outcome answer_report(const Request& request);
    [[nodiscard]] Outcome answer_update(const Request& request);
    [[nodiscard]] Outcome forward_update(const Request& request, const SecondaryConfig& secondary);
    [[nodiscard]] ZoneStream stream_of(const zone::Version& version, const Request& request);
    [[nodiscard]] std::optional<uint32_t> expire_of(const zone::Version& version);
    [[nodiscard]] Outcome ask(const Request& request, std::span<const uint8_t> question,
                              std::optional<uint32_t> expire = std::nullopt);
    [[nodiscard]] Outcome ask_for_soa(const Request& request);
    [[nodiscard]] Outcome reply(const Request& request, const Verdict& verdict);
    [[nodiscard]] Outcome sign(const Request& request, size_t size);
    [[nodiscard]] Outcome counted(const Request& request, const Outcome& outcome);
    void count(std::span<const uint8_t> response);
    void count_transfer(const dns::Header& response);
    [[nodiscard]] std::span<const uint8_t> soa_question(std::span<const uint8_t> request);
    [[nodiscard]] bool is_signed() const { return query_.has_tsig(); }
    [[nodiscard]] bool may_wait() const { return partners_.waiting.has_value(); }
    [[nodiscard]] SeenZone look_at(const dns::Name& zone) const;
    [[nodiscard]] Requestor requestor_of(const Request& request) const;
    [[nodiscard]] bool is_member(const Request& request) const;
    [[nodiscard]] bool may_have(const dns::Name& zone, const Request& request) const;
    // Private zones: without a wait those of who asks are not all known.
    [[nodiscard]] bool is_trusted(const Request& request);
    [[nodiscard]] bool might_be_trusted(const Request& request);
    [[nodiscard]] const dns::Name* private_zone_around(const dns::Name& name);
    [[nodiscard]] bool is_about_private_zone();  // Its name is that of one.
    // Whether the key that signed is good for the zone though the configuration does not say so:
    // without a wait, and for sure.
    [[nodiscard]] bool might_be_granted(const dns::Name& zone, const Request& request) const;
    [[nodiscard]] bool is_granted(const dns::Name& zone, const Request& request) const;
    [[nodiscard]] const TsigKeyring& keyring();
    [[nodiscard]] size_t reserved() const;

    const TransferConfig& config_;
    Partners partners_;
    const std::vector<dns::Name> catalogs_;  // Of the configuration.
    zone::LiveNames::Seen live_private_zones_;
    Hmac hmac_;
    dns::Query query_;
    dns::Name qname_;
    LiveKeyring::Seen live_keys_;            // At least as long as the signature's key is used.
    TsigCheck signature_;                    // Meaningful for a signed request.
    std::span<const uint8_t> unsigned_;      // The request without its signature.
    std::vector<uint8_t> plain_;             // Where that, or another question, is written.
    std::unique_ptr<MessageWriter> writer_;  // Made when first needed.
};

// The serial of the zone's SOA that stands alone in a section: what an IXFR's client has, or the
// sender of a NOTIFY. Nothing when it is not there.
[[nodiscard]] std::optional<uint32_t> lone_soa_serial(std::span<const uint8_t> message,
                                                      dns::Section section, const dns::Name& zone);

}  // namespace nearcast::transfer
