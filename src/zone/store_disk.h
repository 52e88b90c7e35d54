// SPDX-License-Identifier: Apache-2.0
//
// What the zone store does with a disk, as an interface: a test can then fail any step, or lose
// what a real disk may lose in a crash.
//
// Names are those of files in the store's one directory. Nothing is durable before sync() (the
// bytes of a file) or sync_names() (that it exists under this name) has succeeded.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nearcast::zone {

// What is being written under a name with this ending is not finished: it is removed at start.
constexpr std::string_view kUnfinishedEnding = ".new";

// One file. Readers and the one writer may use it at the same time.
class StoreFile {
 public:
    virtual ~StoreFile() = default;

    // All of it, or an error after which any part may have been written.
    [[nodiscard]] virtual base::Result<void> write(uint64_t at, std::span<const uint8_t> bytes) = 0;
    [[nodiscard]] virtual base::Result<void> sync() = 0;
    [[nodiscard]] virtual base::Result<void> truncate(uint64_t size) = 0;
    // How much was read: less than was asked for only at the end of the file.
    [[nodiscard]] virtual base::Result<size_t> read(uint64_t at, std::span<uint8_t> room) const = 0;
    [[nodiscard]] virtual base::Result<uint64_t> size() const = 0;
};

class StoreDisk {
 public:
    virtual ~StoreDisk() = default;

    // What the operator calls the place.
    [[nodiscard]] virtual std::string place() const = 0;
    // Whether a start would find what is written here now.
    [[nodiscard]] virtual base::Result<void> check_place() const = 0;
    [[nodiscard]] virtual base::Result<std::vector<std::string>> list() = 0;
    // A file that is there; one that may not be written can still be read.
    [[nodiscard]] virtual base::Result<std::shared_ptr<StoreFile>> open(
        const std::string& name) = 0;
    // An empty file, new.
    [[nodiscard]] virtual base::Result<std::shared_ptr<StoreFile>> create(
        const std::string& name) = 0;
    [[nodiscard]] virtual base::Result<void> rename(const std::string& from,
                                                    const std::string& to) = 0;
    [[nodiscard]] virtual base::Result<void> remove(const std::string& name) = 0;
    [[nodiscard]] virtual base::Result<void> sync_names() = 0;
};

// The directory at `path`, made if need be, for this process alone while the object lives. Fails
// when another process has it, or when it is neither there nor can be made.
[[nodiscard]] base::Result<std::unique_ptr<StoreDisk>> open_store_directory(
    const std::string& path);

// The same in memory: for a server that keeps nothing, and for tests.
[[nodiscard]] std::unique_ptr<StoreDisk> make_memory_disk();

}  // namespace nearcast::zone
