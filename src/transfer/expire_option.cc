// SPDX-License-Identifier: Apache-2.0

#include "transfer/expire_option.h"

#include "base/bytes.h"
#include "dns/record_walk.h"

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
    dns::RecordWalk walk(message);
    dns::RecordPlace place;
    while (walk.next(place)) {
        if (place.type == dns::RRType::OPT) return read_expire(place.rdata(message));
    }
    return std::nullopt;
}

}  // namespace nearcast::transfer
