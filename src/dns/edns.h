// SPDX-License-Identifier: Apache-2.0
//
// EDNS options (RFC 6891 §6.1.2): their codes, and a walk over the data of an OPT record.

#pragma once

#include <cstdint>
#include <span>

#include "dns/wire_reader.h"

namespace nearcast::dns {

constexpr uint16_t kNsid = 3;            // RFC 5001
constexpr uint16_t kClientSubnet = 8;    // RFC 7871
constexpr uint16_t kExpire = 9;          // RFC 7314
constexpr uint16_t kCookie = 10;         // RFC 7873
constexpr uint16_t kTcpKeepalive = 11;   // RFC 7828
constexpr uint16_t kPadding = 12;        // RFC 7830
constexpr uint16_t kExtendedError = 15;  // RFC 8914
// Ours, of the range for local use: the guard's token in a question, the worker's number in the
// answer. Honoured from this host only.
constexpr uint16_t kProbe = 65053;

// Why a response is as it is (RFC 8914 §4): those that an authoritative server has reason to say.
enum class ExtendedError : uint16_t {
    Prohibited = 18,        // Who asks may not.
    NotAuthoritative = 20,  // No zone here holds the name.
    NotSupported = 21,      // Nobody may: this is not done here.
    InvalidData = 24,       // The zone is one of ours, but its data are missing or too old.
};

constexpr uint8_t kEdnsVersion = 0;       // The only one there is.
constexpr uint16_t kUdpPayloadMin = 512;  // What every client takes; a smaller offer means this.
constexpr uint16_t kEdnsFlagDo = 0x8000;  // In the low half of OPT's TTL field (RFC 3225).
constexpr size_t kOptRecordSize = 11;     // An OPT record without options, its root owner included.
constexpr size_t kOptionHeadSize = 4;     // Code and size of an option.

struct EdnsOption {
    uint16_t code = 0;
    std::span<const uint8_t> data;
};

// Walks the options one by one. Ends also where they stop being well formed; see is_broken().
class OptionReader {
 public:
    explicit OptionReader(std::span<const uint8_t> options) : reader_(options) {}

    // False when there is no further one.
    [[nodiscard]] bool next(EdnsOption& option) {
        if (reader_.remaining() == 0 || is_broken_) return false;
        uint16_t size = 0;
        is_broken_ = !reader_.read_u16(option.code) || !reader_.read_u16(size) ||
                     !reader_.read_bytes(size, option.data);
        return !is_broken_;
    }

    // The walk has met an option that does not fit.
    [[nodiscard]] bool is_broken() const { return is_broken_; }

 private:
    WireReader reader_;
    bool is_broken_ = false;
};

// Whether the data of an OPT record is a row of whole options.
[[nodiscard]] inline bool are_options_well_formed(std::span<const uint8_t> options) {
    OptionReader reader(options);
    EdnsOption option;
    while (reader.next(option)) {
    }
    return !reader.is_broken();
}

}  // namespace nearcast::dns
