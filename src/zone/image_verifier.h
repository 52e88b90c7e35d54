// SPDX-License-Identifier: Apache-2.0
//
// Follows every offset of an image once, so that no reader can be led out of it.
//
// A right checksum says that nobody changed the bytes by accident. An image from a file may have
// been written by anyone. Used once, by one thread.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "zone/image.h"

namespace nearcast::zone {

class ImageVerifier {
 public:
    // What the header says of its own parts has been checked.
    explicit ImageVerifier(const Image& image) : image_(image), size_(image.header().size) {}

    [[nodiscard]] bool is_sound();

 private:
    [[nodiscard]] bool collect_nodes();
    [[nodiscard]] bool is_node(Ref ref) const;
    [[nodiscard]] bool is_inside(size_t at, size_t count) const {
        return at <= size_ && count <= size_ - at;
    }
    [[nodiscard]] bool is_sound_node(Ref ref) const;
    [[nodiscard]] bool has_what_flags_say(const Node& node) const;
    [[nodiscard]] bool is_sound_set(const Node& node, const RRsetEntry& entry) const;
    [[nodiscard]] bool are_sound_links(const RRset& rrset) const;
    [[nodiscard]] bool is_sound_index() const;
    [[nodiscard]] bool is_sound_chain() const;
    [[nodiscard]] bool has_soa() const;

    Image image_;
    size_t size_;
    std::vector<Ref> nodes_;  // Ascending, as they lie.
};

}  // namespace nearcast::zone
