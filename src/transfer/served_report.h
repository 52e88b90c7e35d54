// SPDX-License-Identifier: Apache-2.0
//
// What a node tells its primary: the catalog whose zones it serves, and those that it cannot.
//
// A NOTIFY (RFC 1996) the other way: the catalog is its question, the SOA with the serial that is
// served its answer, none as long as there is none; each zone that is late an additional TXT record
// with the reason. It goes over the connection on which zones come, so whoever may have the zones
// is known already. docs/decisions/0007-receipts.md argues it.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dns/name.h"

namespace nearcast::transfer {

struct ServedReport {
    // Of zones that are late. With more the node says nothing new, so that what it says stays true.
    static constexpr size_t kLateMax = 100;
    static constexpr size_t kReasonSizeMax = 200;  // Bytes; cut off there.

    struct Late {
        dns::Name zone;
        std::string reason;

        bool operator==(const Late&) const = default;
    };

    dns::Name catalog;
    // Every zone is served as this version of the catalog has it, or newer; but for those that are
    // late. None: no version yet.
    std::optional<uint32_t> serial = {};
    std::vector<Late> late = {};

    bool operator==(const ServedReport&) const = default;
};

// The message, without a signature.
[[nodiscard]] std::vector<uint8_t> write_served_report(const ServedReport& report, uint16_t id);

// What a NOTIFY says about this catalog, which is its question. Nothing when it says something
// else.
[[nodiscard]] std::optional<ServedReport> read_served_report(std::span<const uint8_t> message,
                                                             const dns::Name& catalog);

}  // namespace nearcast::transfer
