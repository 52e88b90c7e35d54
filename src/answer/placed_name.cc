// SPDX-License-Identifier: Apache-2.0

#include "answer/placed_name.h"

#include <cassert>

namespace nearcast::answer {

void PlacedName::assign_written(std::span<const uint8_t> message, size_t at) {
    own_wire_.clear();
    size_t label = 0;
    while (message[at] != 0) {
        if (message[at] >= 0xC0) {  // We wrote it: pointers lead backwards to names.
            at = base::load_u16(message.data() + at) & 0x3FFF;
            continue;
        }
        places_[label++] = static_cast<uint16_t>(at);
        const bool has_room = own_wire_.append(message.subspan(at + 1, message[at]));
        assert(has_room);
        (void)has_room;
        at += message[at] + 1U;
    }
    places_[label] = static_cast<uint16_t>(at);
    own_.assign(own_wire_.wire());
    name_ = &own_;
    as_written_ = own_wire_.wire();
    is_question_ = false;
}

size_t PlacedName::written_suffix_at(size_t size) const {
    size_t label = 0;
    while (own_.start(label) + size < own_.size()) ++label;
    assert(own_.start(label) + size == own_.size());
    return places_[label];
}

}  // namespace nearcast::answer
