// SPDX-License-Identifier: Apache-2.0

#include "answer/response_options.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string_view>

namespace nearcast::answer {
namespace {

constexpr size_t kReasonCodeSize = 2;

// Clients print a name for the code: only what that leaves open is worth the bytes.
std::string_view extra_text(dns::ExtendedError reason) {
    return reason == dns::ExtendedError::InvalidData ? "zone expired or not loaded" : "";
}

uint8_t* put_head(uint8_t* at, uint16_t code, size_t size) {
    base::store_u16(at, code);
    base::store_u16(at + 2, static_cast<uint16_t>(size));
    return at + dns::kOptionHeadSize;
}

size_t reason_size(dns::ExtendedError reason) {
    return dns::kOptionHeadSize + kReasonCodeSize + extra_text(reason).size();
}

uint8_t* put_reason(uint8_t* at, dns::ExtendedError reason) {
    const std::string_view text = extra_text(reason);
    at = put_head(at, dns::kExtendedError, kReasonCodeSize + text.size());
    base::store_u16(at, static_cast<uint16_t>(reason));
    return std::ranges::copy(text, at + kReasonCodeSize).out;
}

}  // namespace

void ResponseOptions::add(uint16_t code, std::span<const uint8_t> data) {
    assert(dns::kOptionHeadSize + data.size() <= data_.size() - size_);
    uint8_t* const at = put_head(data_.data() + size_, code, data.size());
    std::ranges::copy(data, at);
    size_ += dns::kOptionHeadSize + data.size();
}

void ResponseOptions::add_u16(uint16_t code, uint16_t value) {
    std::array<uint8_t, sizeof value> bytes{};
    base::store_u16(bytes.data(), value);
    add(code, bytes);
}

void ResponseOptions::add_u32(uint16_t code, uint32_t value) {
    std::array<uint8_t, sizeof value> bytes{};
    base::store_u32(bytes.data(), value);
    add(code, bytes);
}

// The size of the whole option, head included; zero when there is to be none.
size_t ResponseOptions::padding_for(size_t message_size, size_t room) const {
    if (block_size_ == 0 || room < dns::kOptionHeadSize) return 0;
    const size_t least = message_size + dns::kOptionHeadSize;
    const size_t wanted = (least + block_size_ - 1) / block_size_ * block_size_;
    return std::min(wanted - message_size, room);
}

void ResponseOptions::append_to(ResponseWriter& writer, const Head& head) const {
    if (!has_opt_) return;
    size_t room = writer.room();
    const bool has_reason = reason_ && reason_size(*reason_) <= room;
    const size_t told = has_reason ? reason_size(*reason_) : 0;
    room -= told;
    const size_t message_size = writer.size() + size() + told + head.reserved;
    const size_t padding = padding_for(message_size, room);
    uint8_t* at = writer.append_reserved(size() + told + padding).data();
    at[0] = 0;  // The root.
    base::store_u16(at + 1, static_cast<uint16_t>(dns::RRType::OPT));
    base::store_u16(at + 3, head.udp_payload);
    at[5] = static_cast<uint8_t>(static_cast<uint16_t>(head.rcode) >> 4);
    at[6] = dns::kEdnsVersion;
    base::store_u16(at + 7, head.dnssec_ok ? dns::kEdnsFlagDo : uint16_t{0});
    base::store_u16(at + 9, static_cast<uint16_t>(size_ + told + padding));
    at = std::copy_n(data_.data(), size_, at + dns::kOptRecordSize);
    if (has_reason) at = put_reason(at, *reason_);
    if (padding == 0) return;
    at = put_head(at, dns::kPadding, padding - dns::kOptionHeadSize);
    std::memset(at, 0, padding - dns::kOptionHeadSize);
}

}  // namespace nearcast::answer
