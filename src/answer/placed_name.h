// SPDX-License-Identifier: Apache-2.0
//
// A name that stands in the message being written, and where in it each of its suffixes is.
//
// What compression needs: the owner of a record, and any name that ends like it, become pointers.

#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dns/header.h"
#include "zone/hashed_name.h"

namespace nearcast::answer {

class PlacedName {
 public:
    // The name of the question, which always begins right after the header. Both stay valid.
    void assign_question(const zone::HashedName& name, std::span<const uint8_t> as_asked) {
        name_ = &name;
        as_written_ = as_asked;
        is_question_ = true;
    }

    // The name that begins at `at` in the message written so far, compressed or not.
    void assign_written(std::span<const uint8_t> message, size_t at);

    [[nodiscard]] const zone::HashedName& name() const { return *name_; }
    [[nodiscard]] bool is_question() const { return is_question_; }
    // With its letters as they were.
    [[nodiscard]] std::span<const uint8_t> wire() const { return as_written_; }

    // Where in the message the suffix of `size` bytes is; it must be one that begins at a label.
    [[nodiscard]] size_t suffix_at(size_t size) const {
        if (is_question_) return dns::kHeaderSize + name_->size() - size;
        return written_suffix_at(size);
    }

 private:
    [[nodiscard]] size_t written_suffix_at(size_t size) const;

    const zone::HashedName* name_ = nullptr;
    std::span<const uint8_t> as_written_;
    bool is_question_ = false;

    // For a name that is not the question's.
    zone::HashedName own_;
    dns::Name own_wire_;
    std::array<uint16_t, dns::kLabelCountMax + 1> places_{};  // Of each label.
};

}  // namespace nearcast::answer
