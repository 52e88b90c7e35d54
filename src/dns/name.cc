// SPDX-License-Identifier: Apache-2.0

#include "dns/name.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "dns/ascii.h"

namespace nearcast::dns {
namespace {

std::span<const uint8_t> label_at(std::span<const uint8_t> wire, size_t start) {
    return wire.subspan(start + 1, wire[start]);
}

std::strong_ordering label_order(std::span<const uint8_t> a, std::span<const uint8_t> b) {
    const size_t common = std::min(a.size(), b.size());
    for (size_t i = 0; i < common; ++i) {
        const auto order = lower(a[i]) <=> lower(b[i]);
        if (order != 0) return order;
    }
    return a.size() <=> b.size();
}

}  // namespace

std::optional<Name> Name::from_wire(std::span<const uint8_t> wire) noexcept {
    if (wire.empty() || name_size(wire) != wire.size()) return std::nullopt;
    Name name;
    std::memcpy(name.bytes_.data(), wire.data(), wire.size());
    name.size_ = static_cast<uint8_t>(wire.size());
    return name;
}

size_t Name::label_count() const {
    size_t count = 0;
    for (size_t at = 0; bytes_[at] != 0; at += bytes_[at] + 1U) ++count;
    return count;
}

void Name::clear() {
    bytes_[0] = 0;
    size_ = 1;
}

bool Name::append(std::span<const uint8_t> label) {
    if (label.empty() || label.size() > kLabelSizeMax) return false;
    if (size_ + 1 + label.size() > kNameSizeMax) return false;
    uint8_t* const to = bytes_.data() + size_ - 1;
    to[0] = static_cast<uint8_t>(label.size());
    std::memcpy(to + 1, label.data(), label.size());
    to[1 + label.size()] = 0;
    size_ = static_cast<uint8_t>(size_ + 1 + label.size());
    return true;
}

bool Name::append(std::string_view label) {
    return append(std::span(reinterpret_cast<const uint8_t*>(label.data()), label.size()));
}

bool Name::append(const Name& suffix) {
    if (size_ - 1U + suffix.size_ > kNameSizeMax) return false;
    std::memmove(bytes_.data() + size_ - 1, suffix.bytes_.data(), suffix.size_);
    size_ = static_cast<uint8_t>(size_ - 1 + suffix.size_);
    return true;
}

Name Name::parent() const {
    if (is_root()) return *this;
    Name name;
    const size_t first = bytes_[0] + 1U;
    name.size_ = static_cast<uint8_t>(size_ - first);
    std::memcpy(name.bytes_.data(), bytes_.data() + first, name.size_);
    return name;
}

Name Name::lowered() const {
    Name name;
    lower_copy(wire(), name.bytes_.data());
    name.size_ = size_;
    return name;
}

bool Name::is_subdomain_of(const Name& ancestor) const {
    if (size_ < ancestor.size_) return false;
    const size_t above = static_cast<size_t>(size_ - ancestor.size_);
    size_t at = 0;
    while (at < above) at += bytes_[at] + 1U;  // Only at a label's start do the names line up.
    return at == above && equal_ignoring_case(wire().subspan(at), ancestor.wire());
}

bool operator==(const Name& a, const Name& b) { return equal_ignoring_case(a.wire(), b.wire()); }

// Labels that follow each other in the message are copied together, one copy for each stretch.
NameError read_name(WireReader& reader, Name& name) noexcept {
    const std::span<const uint8_t> message = reader.message();
    size_t at = reader.offset();
    size_t stretch = at;  // Where the labels not yet copied begin.
    size_t limit = at;    // Pointers must aim below it, so the walk always ends.
    size_t resume = 0;    // Where to leave the reader; zero until the first pointer.
    size_t size = 0;
    const auto fail = [&name](NameError error) {
        name.clear();  // What was copied so far is no name.
        return error;
    };

    for (;;) {
        if (at >= message.size()) return fail(NameError::Truncated);
        const uint8_t length = message[at];
        if (length != 0 && length <= kLabelSizeMax) {
            at += length + 1U;
            if (size + (at - stretch) >= kNameSizeMax) return fail(NameError::TooLong);
            continue;
        }
        // The labels so far leave room for the root, and lie in the message: `at` does.
        std::memcpy(name.bytes_.data() + size, message.data() + stretch, at - stretch);
        size += at - stretch;
        if (length == 0) break;
        if ((length & 0xC0) != 0xC0) return fail(NameError::BadLabelType);
        if (at + 1 >= message.size()) return fail(NameError::Truncated);
        const size_t target = base::load_u16(message.data() + at) & 0x3FFFU;
        if (target >= limit) return fail(NameError::BadPointer);
        if (resume == 0) resume = at + 2;
        at = stretch = limit = target;
    }
    assert(size < kNameSizeMax);
    name.bytes_[size] = 0;
    name.size_ = static_cast<uint8_t>(size + 1);
    reader.seek(resume != 0 ? resume : at + 1);
    return NameError::None;
}

size_t name_size(std::span<const uint8_t> bytes) noexcept {
    LabelStarts labels;
    return find_labels(bytes, labels);
}

size_t find_labels(std::span<const uint8_t> bytes, LabelStarts& labels) noexcept {
    const size_t limit = std::min(bytes.size(), kNameSizeMax);
    size_t count = 0;
    for (size_t at = 0; at < limit;) {
        labels.at[count] = static_cast<uint8_t>(at);
        const uint8_t length = bytes[at];
        if (length == 0) {
            labels.count = static_cast<uint8_t>(count);
            return at + 1;
        }
        if (length > kLabelSizeMax) return 0;
        at += length + 1U;
        ++count;
    }
    return 0;
}

std::strong_ordering canonical_order(std::span<const uint8_t> a,
                                     std::span<const uint8_t> b) noexcept {
    LabelStarts of_a;
    LabelStarts of_b;
    (void)find_labels(a, of_a);
    (void)find_labels(b, of_b);
    const size_t common = std::min(of_a.count, of_b.count);
    for (size_t i = 1; i <= common; ++i) {
        const auto order =
            label_order(label_at(a, of_a.at[of_a.count - i]), label_at(b, of_b.at[of_b.count - i]));
        if (order != 0) return order;
    }
    return of_a.count <=> of_b.count;
}

std::string key_of(const Name& name) {
    const Name lowered = name.lowered();
    return {lowered.wire().begin(), lowered.wire().end()};
}

}  // namespace nearcast::dns
