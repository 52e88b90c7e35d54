// SPDX-License-Identifier: Apache-2.0

#include "transfer/expire_option.h"

#include "base/bytes.h"
#include "dns/message.h"

namespace nearcast::transfer {
namespace {

std::optional<std::span<const uint8_t>> find_option(std::span<const uint8_t> options) {
    dns::OptionReader reader(options);
    dns::EdnsOption option;
    while (reader.next(option)) {
        if (option.code == dns::kExpire) return option.data;
    }
    return std::nullopt;
}

// The data of the OPT record among the additional ones.
std::optional<std::span<const uint8_t>> find_opt(std::span<const uint8_t> message) {
    if (message.size() < dns::kHeaderSize) return std::nullopt;
    const dns::Header header = dns::load_header(message);
    dns::WireReader reader(message);
    reader.seek(dns::kHeaderSize);
    for (size_t i = 0; i < header.question_count; ++i) {
        if (!dns::skip_name(reader) || !reader.skip(4)) return std::nullopt;
    }
    const size_t count =
        size_t{header.answer_count} + header.authority_count + header.additional_count;
    for (size_t i = 0; i < count; ++i) {
        uint16_t type = 0;
        uint16_t size = 0;
        std::span<const uint8_t> data;
        if (!dns::skip_name(reader) || !reader.read_u16(type) || !reader.skip(6) ||
            !reader.read_u16(size) || !reader.read_bytes(size, data)) {
            return std::nullopt;
        }
        if (type == static_cast<uint16_t>(dns::RRType::OPT)) return data;
    }
    return std::nullopt;
}

}  // namespace

std::optional<uint32_t> read_expire(std::span<const uint8_t> options) {
    const auto data = find_option(options);
    if (!data || data->size() != kExpireSize) return std::nullopt;
    return base::load_u32(data->data());
}

bool asks_for_expire(std::span<const uint8_t> options) {
    const auto data = find_option(options);
    return data && data->empty();
}

std::optional<uint32_t> find_expire(std::span<const uint8_t> message) {
    const auto options = find_opt(message);
    return options ? read_expire(*options) : std::nullopt;
}

}  // namespace nearcast::transfer
