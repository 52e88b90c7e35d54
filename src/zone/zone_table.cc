// SPDX-License-Identifier: Apache-2.0

#include "zone/zone_table.h"

#include <bit>
#include <cassert>

#include <unistd.h>

#include "base/prefetch.h"

namespace nearcast::zone {
namespace {

constexpr size_t kSlotCountMin = 16;
// So many slots, 8 KiB, stay in a first-level cache.
constexpr size_t kSlotsNear = 512;
// Slots that are or were in use, at most, in percent: beyond it a search for a name that is not
// here walks ever longer rows of full slots.
constexpr size_t kFillMax = 60;

// Zero means a free slot.
uint64_t slot_hash(uint64_t name_hash) { return name_hash == 0 ? 1 : name_hash; }

}  // namespace

void Pins::own(const uint8_t* block) {
    bytes_.fetch_add(Image(block).header().size, std::memory_order_relaxed);
}

void Pins::free(const uint8_t* block) {
    bytes_.fetch_sub(Image(block).header().size, std::memory_order_relaxed);
    (void)ImageBlock::adopt(block);
}

void Pins::add(const uint8_t* block) {
    const std::lock_guard lock(mutex_);
    ++pins_[block].count;
}

void Pins::remove(const uint8_t* block) {
    const std::lock_guard lock(mutex_);
    const auto pin = pins_.find(block);
    if (--pin->second.count > 0) return;
    if (pin->second.is_replaced) free(block);
    pins_.erase(pin);
}

void Pins::reclaim(const uint8_t* block) {
    const std::lock_guard lock(mutex_);
    const auto pin = pins_.find(block);
    if (pin == pins_.end()) {
        free(block);
    } else {
        pin->second.is_replaced = true;
    }
}

// A slot goes from free to one zone and stays that zone's until the table is replaced; a zone that
// is not served any more leaves its hash and a null block.
struct alignas(16) ZoneTable::Slot {
    std::atomic<uint64_t> hash = 0;
    std::atomic<const uint8_t*> block = nullptr;
};

struct ZoneTable::Slots {
    explicit Slots(size_t count)
        : shift(static_cast<unsigned>(64 - std::countr_zero(count))),
          mask(count - 1),
          slots(std::make_unique<Slot[]>(count)) {
        assert(std::has_single_bit(count) && count > 1);
        // With a multiplier that nobody else knows, nobody can choose names that crowd a slot.
        if (::getentropy(&multiplier, sizeof multiplier) != 0) multiplier = kRootHash;
        multiplier |= 1;
    }

    [[nodiscard]] size_t first(uint64_t hash) const { return (hash * multiplier) >> shift; }

    unsigned shift;
    size_t mask;
    uint64_t multiplier = kRootHash;
    size_t used = 0;  // Slots that are not free; writers only.
    std::unique_ptr<Slot[]> slots;
};

ZoneTable::ZoneTable() : slots_(new Slots(kSlotCountMin)) {}

ZoneTable::~ZoneTable() {
    Slots* const slots = slots_.load();
    for (size_t i = 0; i <= slots->mask; ++i) {
        const uint8_t* const block = slots->slots[i].block.load();
        if (block == nullptr) continue;
        const Version version(block);
        if (version.has_delta()) (void)ImageBlock::adopt(version.base().block());
        (void)ImageBlock::adopt(block);
    }
    delete slots;
}

ZoneTable::Slot& ZoneTable::slot_for(Slots& slots, const HashedName& apex) {
    const uint64_t hash = slot_hash(apex.hash());
    Slot* vacant = nullptr;
    for (size_t at = slots.first(hash);; ++at) {
        Slot& slot = slots.slots[at & slots.mask];
        const uint64_t there = slot.hash.load(std::memory_order_relaxed);
        if (there == 0) return vacant != nullptr ? *vacant : slot;
        if (there != hash) continue;
        const uint8_t* const block = slot.block.load(std::memory_order_relaxed);
        if (block == nullptr) {
            vacant = &slot;
        } else if (Image(block).apex().is_named(apex.wire())) {
            return slot;
        }
    }
}

void ZoneTable::grow() {
    Slots* const old = slots_.load(std::memory_order_relaxed);
    size_t count = kSlotCountMin;
    while (count * kFillMax / 100 < 2 * (size_ + 1)) count *= 2;
    auto larger = std::make_unique<Slots>(count);
    for (size_t i = 0; i <= old->mask; ++i) {
        const uint8_t* const block = old->slots[i].block.load(std::memory_order_relaxed);
        if (block == nullptr) continue;
        const uint64_t hash = old->slots[i].hash.load(std::memory_order_relaxed);
        size_t at = larger->first(hash);
        while (larger->slots[at & larger->mask].hash.load(std::memory_order_relaxed) != 0) ++at;
        larger->slots[at & larger->mask].hash.store(hash, std::memory_order_relaxed);
        larger->slots[at & larger->mask].block.store(block, std::memory_order_relaxed);
        ++larger->used;
    }
    slots_.store(larger.release(), std::memory_order_seq_cst);
    quiescence_.retire([old] { delete old; });
}

void ZoneTable::retire(const uint8_t* block, const uint8_t* successor) {
    const Version old(block);
    const uint8_t* const base = old.base().block();
    if (old.has_delta()) quiescence_.retire([this, block] { pins_.reclaim(block); });
    const bool is_kept = successor != nullptr && Version(successor).base().block() == base;
    if (!is_kept) quiescence_.retire([this, base] { pins_.reclaim(base); });
}

bool ZoneTable::publish(ImageBlock&& image) {
    const HashedName apex(image.image().apex().owner());
    const std::lock_guard lock(mutex_);
    const Slots* slots = slots_.load(std::memory_order_relaxed);
    if ((slots->used + 1) * 100 > (slots->mask + 1) * kFillMax) grow();
    Slots& current = *slots_.load(std::memory_order_relaxed);
    Slot& slot = slot_for(current, apex);
    const uint8_t* const old = slot.block.load(std::memory_order_relaxed);
    if (image.image().is_delta()) {
        const uint8_t* const base = Version(image.image()).base().block();
        if (old == nullptr || Version(old).base().block() != base) return false;
    }
    if (slot.hash.load(std::memory_order_relaxed) == 0) {
        slot.hash.store(slot_hash(apex.hash()), std::memory_order_release);
        ++current.used;
    }
    if (apex.label_count() > label_count_max()) {
        label_count_max_.store(apex.label_count(), std::memory_order_seq_cst);
    }
    unavailable_count_ += image.image().is_unavailable() ? 1U : 0U;
    unavailable_count_ -= old != nullptr && Image(old).is_unavailable() ? 1U : 0U;
    const uint8_t* const block = image.release();
    pins_.own(block);
    slot.block.store(block, std::memory_order_seq_cst);
    if (old == nullptr) {
        ++size_;
    } else {
        retire(old, block);
    }
    return true;
}

bool ZoneTable::withdraw(const dns::Name& apex) {
    const std::lock_guard lock(mutex_);
    Slot& slot = slot_for(*slots_.load(std::memory_order_relaxed), HashedName(apex.wire()));
    const uint8_t* const old = slot.block.exchange(nullptr, std::memory_order_seq_cst);
    if (old == nullptr) return false;
    --size_;
    unavailable_count_ -= Image(old).is_unavailable() ? 1U : 0U;
    retire(old, nullptr);
    return true;
}

std::optional<PinnedVersion> ZoneTable::pin(const dns::Name& apex) {
    const std::lock_guard lock(mutex_);
    const Slot& slot = slot_for(*slots_.load(std::memory_order_relaxed), HashedName(apex.wire()));
    const uint8_t* const block = slot.block.load(std::memory_order_relaxed);
    if (block == nullptr) return std::nullopt;
    return PinnedVersion(pins_, Version(block));
}

std::optional<dns::Name> ZoneTable::apex_with_hash(uint64_t name_hash) const {
    const std::lock_guard lock(mutex_);
    const Slots& slots = *slots_.load(std::memory_order_relaxed);
    const uint64_t hash = slot_hash(name_hash);
    for (size_t at = slots.first(hash);; ++at) {
        const Slot& slot = slots.slots[at & slots.mask];
        const uint64_t there = slot.hash.load(std::memory_order_relaxed);
        if (there == 0) return std::nullopt;
        const uint8_t* const block = slot.block.load(std::memory_order_relaxed);
        if (there != hash || block == nullptr) continue;
        return dns::Name::from_wire(Version(block).apex().owner());
    }
}

size_t ZoneTable::size() const {
    const std::lock_guard lock(mutex_);
    return size_;
}

size_t ZoneTable::unavailable_count() const {
    const std::lock_guard lock(mutex_);
    return unavailable_count_;
}

std::vector<dns::Name> ZoneTable::unavailable() const {
    std::vector<dns::Name> names;
    const std::lock_guard lock(mutex_);
    if (unavailable_count_ == 0) return names;
    const Slots& slots = *slots_.load(std::memory_order_relaxed);
    for (size_t i = 0; i <= slots.mask; ++i) {
        const uint8_t* const block = slots.slots[i].block.load(std::memory_order_relaxed);
        if (block == nullptr || !Image(block).is_unavailable()) continue;
        if (auto name = dns::Name::from_wire(Image(block).apex().owner())) {
            names.push_back(*std::move(name));
        }
    }
    return names;
}

bool ZoneTable::is_small() const {
    return slots_.load(std::memory_order_seq_cst)->mask < kSlotsNear;
}

void ZoneTable::prefetch_slot(uint64_t name_hash) const {
    const Slots& slots = *slots_.load(std::memory_order_seq_cst);
    base::prefetch(&slots.slots[slots.first(slot_hash(name_hash))]);
}

template <typename IsIt>
const uint8_t* ZoneTable::search(uint64_t name_hash, IsIt is_it) const {
    const Slots& slots = *slots_.load(std::memory_order_seq_cst);
    const uint64_t hash = slot_hash(name_hash);
    // Ends: a table is never full (kFillMax).
    for (size_t at = slots.first(hash);; ++at) {
        const Slot& slot = slots.slots[at & slots.mask];
        const uint64_t there = slot.hash.load(std::memory_order_acquire);
        if (there == 0) return nullptr;
        if (there != hash) continue;
        const uint8_t* const block = slot.block.load(std::memory_order_seq_cst);
        if (block != nullptr && is_it(block)) return block;
    }
}

const uint8_t* ZoneTable::prefetch_version(uint64_t name_hash) const {
    const uint8_t* const block = search(name_hash, [](const uint8_t*) { return true; });
    if (block != nullptr) Image(block).prefetch();
    return block;
}

std::optional<Version> ZoneTable::find(uint64_t name_hash, std::span<const uint8_t> apex) const {
    const uint8_t* const block = search(
        name_hash, [apex](const uint8_t* there) { return Image(there).apex().is_named(apex); });
    if (block == nullptr) return std::nullopt;
    return Version(block);
}

}  // namespace nearcast::zone
