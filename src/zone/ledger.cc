// SPDX-License-Identifier: Apache-2.0

#include "zone/ledger.h"

#include <cassert>
#include <utility>

#include "base/log.h"
#include "zone/ledger_book.h"

namespace nearcast::zone {
namespace {

using base::Result;

// History in memory alone: a server that keeps no store should stay small.
constexpr StoreLimits kMemoryLimits = {.segment_size = uint64_t{1} << 20,
                                       .size_max = uint64_t{256} << 20,
                                       .garbage_min = uint64_t{1} << 20};

}  // namespace

ZoneLedger::ZoneLedger(std::unique_ptr<Book> book) : book_(std::move(book)) {}

ZoneLedger::~ZoneLedger() = default;

Result<std::unique_ptr<ZoneLedger>> ZoneLedger::open(const std::string& directory, ZoneTable& table,
                                                     LedgerLimits limits) {
    auto disk = open_store_directory(directory);
    if (!disk) return std::unexpected(disk.error());
    return open(*std::move(disk), table, limits);
}

std::unique_ptr<ZoneLedger> ZoneLedger::open_in_memory(ZoneTable& table, LedgerLimits limits,
                                                       const base::Error& reason) {
    limits.store = kMemoryLimits;
    auto book = std::make_unique<Book>(table, limits, reason);
    [[maybe_unused]] const auto opened = book->open(make_memory_disk());
    assert(opened);  // An empty disk in memory has nothing that could fail.
    return std::unique_ptr<ZoneLedger>(new ZoneLedger(std::move(book)));
}

Result<std::unique_ptr<ZoneLedger>> ZoneLedger::open(std::unique_ptr<StoreDisk> disk,
                                                     ZoneTable& table, LedgerLimits limits) {
    auto book = std::make_unique<Book>(table, limits, std::nullopt);
    if (auto done = book->open(std::move(disk)); !done) return std::unexpected(done.error());
    return std::unique_ptr<ZoneLedger>(new ZoneLedger(std::move(book)));
}

std::vector<StoredZone> ZoneLedger::states() const { return book_->states(); }

std::optional<StoredZone> ZoneLedger::state(const dns::Name& apex) const {
    return book_->state(apex);
}

Result<void> ZoneLedger::restore(const dns::Name& apex, Losses losses) {
    return book_->restore(apex, losses);
}

void ZoneLedger::restore_all(const Claim& claim, Losses losses) {
    book_->restore_all(claim, losses);
}

Result<SerialStep> ZoneLedger::replace(const dns::Name& apex, ImageBlock image,
                                       const ZoneOrigin& origin, const Judge& judge) {
    return book_->replace(apex, std::move(image), origin, judge);
}

Result<void> ZoneLedger::apply(const dns::Name& apex, const Changeset& changes) {
    return book_->apply(apex, changes);
}

Result<void> ZoneLedger::confirm(const dns::Name& apex, std::chrono::seconds unix_time) {
    return book_->confirm(apex, unix_time);
}

Result<void> ZoneLedger::withdraw(const dns::Name& apex) { return book_->withdraw(apex); }

void ZoneLedger::make_unavailable(const dns::Name& apex) { book_->make_unavailable(apex); }

Result<void> ZoneLedger::sync() { return book_->sync(); }

std::vector<std::string> ZoneLedger::damages() const { return book_->damages(); }

uint64_t ZoneLedger::store_bytes() const { return book_->store_bytes(); }

std::string ZoneLedger::trouble() const { return book_->trouble(); }

void ZoneLedger::on_trouble(ZoneStore::Told told) { book_->on_trouble(std::move(told)); }

std::optional<std::vector<Changeset>> ZoneLedger::changes_since(const dns::Name& apex,
                                                                uint32_t serial) const {
    return book_->changes_since(apex, serial);
}

std::optional<ZoneLedger::Numbered> ZoneLedger::pin(const dns::Name& apex) const {
    return book_->pin(apex);
}

std::optional<std::vector<Changeset>> ZoneLedger::changes_after(const dns::Name& apex,
                                                                uint64_t number) const {
    return book_->changes_after(apex, number);
}

void ZoneLedger::on_change(std::function<void(const dns::Name&)> told) {
    book_->on_change = std::move(told);
}

void log_store_trouble(const std::optional<base::Error>& trouble) {
    if (trouble) {
        base::log::error("store_failing", {{"reason", trouble->message}, {"try", trouble->hint}});
    } else {
        base::log::info("store_works_again");
    }
}

}  // namespace nearcast::zone
