// SPDX-License-Identifier: Apache-2.0

#include "zone/store_config.h"

#include "base/config_file.h"

namespace nearcast::zone {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

// Smaller segments are many files, larger ones need as much room beside them to be compacted.
constexpr base::ConfigTable::Range kSegmentRange{1, 16 << 10};
constexpr base::ConfigTable::Range kStoreRange{64, uint64_t{16} << 20};
// A history beyond this is read from disk for longer than a whole zone takes to send.
constexpr base::ConfigTable::Range kJournalRange{1, 4 << 10};
constexpr base::ConfigTable::Range kCountRange{1, 1'000'000};
constexpr base::ConfigTable::Range kMemoryRange{0, uint64_t{16} << 20};

void read_mib(base::ConfigTable& table, std::string_view key, uint64_t& bytes,
              base::ConfigTable::Range range) {
    uint64_t mib = bytes / kMiB;
    table.read_number(key, mib, range, std::to_string(mib));
    bytes = mib * kMiB;
}

}  // namespace

base::Result<StoreConfig> parse_store_config(std::string_view text, const std::string& path) {
    auto file = base::ConfigFile::parse(text, path);
    if (!file) return std::unexpected(file.error());
    StoreConfig config;
    base::ConfigTable root = file->root();
    base::ConfigTable table = root.table("store");
    table.read("directory", config.directory, "\"/var/lib/nearcast/store\"");
    read_mib(table, "segment_size_mib", config.limits.store.segment_size, kSegmentRange);
    read_mib(table, "size_max_mib", config.limits.store.size_max, kStoreRange);
    read_mib(table, "journal_size_max_mib", config.limits.journal_bytes_max, kJournalRange);
    uint64_t count = config.limits.journal_count_max;
    table.read_number("journal_count_max", count, kCountRange, "4096");
    config.limits.journal_count_max = count;
    base::ConfigTable zones = root.table("zones");
    read_mib(zones, "memory_max_mib", config.limits.memory_max, kMemoryRange);
    zones.leave("directory");  // The node reads it.
    root.leave_rest();
    if (auto done = file->finish(); !done) return std::unexpected(done.error());
    return config;
}

}  // namespace nearcast::zone
