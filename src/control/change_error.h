// SPDX-License-Identifier: Apache-2.0
//
// Why a change was not made, so that whoever asked can tell which part of it was wrong.

#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rr_type.h"

namespace nearcast::control {

// What is wrong with one RRset.
struct RrsetFault {
    dns::Name owner;
    dns::RRType type = dns::RRType::None;
    std::string field;   // "ttl", "records", "name", "type"
    std::string reason;  // "Name is out of zone"
};

struct ChangeError {
    enum class Kind : uint8_t {
        Invalid,      // It can never be done so.
        NotFound,     // There is no such zone, or change.
        Exists,       // There is such a zone.
        Conflict,     // The zone is not what the actor has seen, or is still in use.
        Superseded,   // What is to be taken back was changed since.
        Forbidden,    // The actor may not.
        Full,         // A limit or quota is reached, however long he waits.
        TooFast,      // The same, for as long as `retry_after` says.
        Unavailable,  // The database does not answer. Whether it was done may be unknown.
    };

    Kind kind = Kind::Invalid;
    std::string message;
    std::vector<RrsetFault> faults = {};  // Of an Invalid one: those that were found.
    std::chrono::seconds retry_after{};   // Of a TooFast one.
};

template <typename T>
using Outcome = std::expected<T, ChangeError>;

[[nodiscard]] inline std::unexpected<ChangeError> refuse(ChangeError::Kind kind,
                                                         std::string message) {
    return std::unexpected(ChangeError{kind, std::move(message)});
}

[[nodiscard]] inline std::unexpected<ChangeError> hold_off(std::chrono::microseconds rest,
                                                           std::string message) {
    return std::unexpected(
        ChangeError{.kind = ChangeError::Kind::TooFast,
                    .message = std::move(message),
                    .retry_after = std::chrono::ceil<std::chrono::seconds>(rest)});
}

// With the first fault as the message.
[[nodiscard]] std::unexpected<ChangeError> refuse(std::vector<RrsetFault> faults);

[[nodiscard]] inline std::unexpected<ChangeError> unavailable(base::Error error) {
    return refuse(ChangeError::Kind::Unavailable, std::move(error.message));
}

// "RRset a.other. IN A: Name is out of zone"; of a record's data "Record a.other./A '...': ..." is
// the reason itself.
[[nodiscard]] std::string to_text(const RrsetFault& fault);

}  // namespace nearcast::control
