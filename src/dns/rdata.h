// SPDX-License-Identifier: Apache-2.0
//
// The data of records between its wire and its text form, for every type of rr_layout.h.
//
// Wire form here is never compressed, unless a function says that it reads from a message. A type
// without a layout, and any type where asked for, has the form of RFC 3597: \# size hex.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rr_type.h"
#include "dns/token.h"
#include "dns/wire_reader.h"

namespace nearcast::dns {

constexpr size_t kStringSizeMax = 255;  // The length is one byte (RFC 1035 §3.3).

// Reads all `words` as data of `type` and appends its wire form, which is_valid_rdata() holds for.
// On a fault `rdata` may have grown; words.last() is the word at fault, or the last one when more
// are missing.
Fault parse_rdata(RRType type, TokenReader& words, std::vector<uint8_t>& rdata);

// The same, with a sentence on failure.
[[nodiscard]] base::Result<std::vector<uint8_t>> parse_rdata(RRType type,
                                                             std::span<const Token> tokens,
                                                             const Name* origin,
                                                             LongStrings = LongStrings::Refused);

// The sentence for such a fault: MX needs a preference and a host, found "mail": it is not a ...
[[nodiscard]] base::Error describe_fault(RRType type, const TokenReader& words, Fault fault);

// Whether it is one whole datum after another as the type's layout wants, and nothing more. Any
// bytes will do for a type without a layout.
[[nodiscard]] bool is_valid_rdata(RRType type, std::span<const uint8_t> rdata);

// Data that is not valid is printed in the form of RFC 3597, and so is that of unknown types.
[[nodiscard]] std::string rdata_to_text(RRType type, std::span<const uint8_t> rdata);
void append_generic_rdata(std::span<const uint8_t> rdata, std::string& text);
void append_rdata_text(RRType type, std::span<const uint8_t> rdata, std::string& text);

// A domain name within rdata.
struct RdataName {
    size_t offset = 0;
    size_t size = 0;
    bool is_compressible = false;  // RFC 3597 §4: only in the types of RFC 1035.
    bool is_folded = false;        // In lower case in the canonical form (RFC 4034 §6.2).
};

// Walks the names in valid rdata, in order. Allocates nothing. Leaves out those that are no field
// of their own: the gateways of IPSECKEY and AMTRELAY, the servers of HIP.
class RdataNames {
 public:
    RdataNames(RRType type, std::span<const uint8_t> rdata) noexcept;
    // False when there is no further one.
    [[nodiscard]] bool next(RdataName& name) noexcept;

 private:
    WireReader reader_;
    RRType type_;
    size_t field_ = 0;
    size_t fields_end_ = 0;  // Behind the last name of the layout: what follows is not walked.
};

// Reads `size` bytes of data at the reader's position in a message, and appends them to `rdata`
// with their names expanded. False when they are not valid or not all there.
[[nodiscard]] bool read_rdata(RRType type, WireReader& message, size_t size,
                              std::vector<uint8_t>& rdata);

}  // namespace nearcast::dns
