// SPDX-License-Identifier: Apache-2.0
//
// Carries out dynamic updates (RFC 2136) of zones in the ledger, by the rules of the configuration.
//
// An update is done when it is on disk and served, or it has changed nothing. Updates of one zone
// take turns.

#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <span>

#include "dns/message.h"
#include "transfer/transfer_config.h"
#include "transfer/update_message.h"
#include "transfer/update_taker.h"
#include "zone/ledger.h"

namespace nearcast::transfer {

class ZoneUpdates final : public UpdateTaker {
 public:
    // All references outlive it.
    ZoneUpdates(const TransferConfig& config, zone::ZoneTable& table, zone::ZoneLedger& ledger);

    // Any thread.
    [[nodiscard]] Verdict admit(const std::optional<zone::Version>& version,
                                const dns::Query& query, std::span<const uint8_t> message,
                                const Requestor& requestor) const override;
    [[nodiscard]] Verdict carry_out(const dns::Query& query, std::span<const uint8_t> message,
                                    const Requestor& requestor) override;

 private:
    // Zones whose updates wait for each other by chance, at most one in so many.
    static constexpr size_t kTurns = 64;
    // How often a change by somebody else (a file was loaded) may come between before giving up.
    static constexpr size_t kTriesMax = 4;

    [[nodiscard]] std::mutex& turn_of(const dns::Name& zone);
    [[nodiscard]] uint32_t newest_serial(const dns::Name& zone, uint32_t served) const;
    // False when the zone has changed meanwhile.
    [[nodiscard]] bool try_once(const dns::Name& zone, const UpdateMessage& update,
                                const Requestor& requestor, Verdict& verdict);
    [[nodiscard]] bool apply(const dns::Name& zone, const zone::Version& version,
                             const zone::Changeset& changes, const Requestor& requestor,
                             Verdict& verdict);
    void warn_of_mistakes(const dns::Name& zone, const zone::Changeset& changes,
                          const Requestor& requestor) const;

    const TransferConfig& config_;
    zone::ZoneTable& table_;
    zone::ZoneLedger& ledger_;
    std::array<std::mutex, kTurns> turns_;
};

// Whether the zone has been signed: its apex has a key, or its SOA a signature.
[[nodiscard]] bool is_signed_zone(const zone::Version& version);

}  // namespace nearcast::transfer
