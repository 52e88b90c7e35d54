// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "zone/store_disk.h"

namespace nearcast::zone {
namespace {

using base::Result;

class MemoryFile final : public StoreFile {
 public:
    Result<void> write(uint64_t at, std::span<const uint8_t> bytes) override {
        const std::lock_guard lock(mutex_);
        bytes_.resize(std::max<size_t>(bytes_.size(), at + bytes.size()));
        std::ranges::copy(bytes, bytes_.begin() + static_cast<ptrdiff_t>(at));
        return {};
    }

    Result<void> sync() override { return {}; }

    Result<void> truncate(uint64_t size) override {
        const std::lock_guard lock(mutex_);
        bytes_.resize(size);
        return {};
    }

    Result<size_t> read(uint64_t at, std::span<uint8_t> room) const override {
        const std::lock_guard lock(mutex_);
        if (at >= bytes_.size()) return size_t{0};
        const size_t count = std::min<size_t>(room.size(), bytes_.size() - at);
        std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(at), count, room.begin());
        return count;
    }

    Result<uint64_t> size() const override {
        const std::lock_guard lock(mutex_);
        return uint64_t{bytes_.size()};
    }

 private:
    mutable std::mutex mutex_;
    std::vector<uint8_t> bytes_;
};

// Whoever writes and whoever compacts use it at the same time.
class MemoryDisk final : public StoreDisk {
 public:
    std::string place() const override { return "memory"; }
    Result<void> check_place() const override { return {}; }

    Result<std::vector<std::string>> list() override {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> names;
        for (const auto& [name, file] : files_) names.push_back(name);
        return names;
    }

    Result<std::shared_ptr<StoreFile>> open(const std::string& name) override {
        const std::lock_guard lock(mutex_);
        const auto found = files_.find(name);
        if (found == files_.end()) return base::fail("there is no " + name);
        return std::shared_ptr<StoreFile>(found->second);
    }

    Result<std::shared_ptr<StoreFile>> create(const std::string& name) override {
        const std::lock_guard lock(mutex_);
        return std::shared_ptr<StoreFile>(files_[name] = std::make_shared<MemoryFile>());
    }

    Result<void> rename(const std::string& from, const std::string& to) override {
        const std::lock_guard lock(mutex_);
        files_[to] = std::exchange(files_[from], nullptr);
        files_.erase(from);
        return {};
    }

    Result<void> remove(const std::string& name) override {
        const std::lock_guard lock(mutex_);
        files_.erase(name);
        return {};
    }

    Result<void> sync_names() override { return {}; }

 private:
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<MemoryFile>> files_;
};

}  // namespace

std::unique_ptr<StoreDisk> make_memory_disk() { return std::make_unique<MemoryDisk>(); }

}  // namespace nearcast::zone
