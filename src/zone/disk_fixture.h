// SPDX-License-Identifier: Apache-2.0
//
// A disk in memory for tests: it outlives the store that uses it, fills up, and can be damaged or
// cut off at any step. After a crash it has what was synced, and of the rest as much as is asked.

#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "zone/store_disk.h"

namespace nearcast::zone {

class FakeDisk {
 public:
    struct File {
        // What a failed sync has lost is not written, unless by another write, and no later sync
        // says so.
        [[nodiscard]] std::vector<uint8_t> durable() const {
            std::vector<uint8_t> durable = bytes;
            for (const auto& [from, to] : lost) {
                for (size_t at = from; at < std::min(to, durable.size()); ++at) durable[at] = 0;
            }
            return durable;
        }

        std::vector<uint8_t> bytes;
        std::vector<uint8_t> synced;
        std::vector<std::pair<size_t, size_t>> lost;
    };
    struct State {
        std::mutex mutex;
        std::map<std::string, std::shared_ptr<File>> files;    // As processes see them.
        std::map<std::string, std::shared_ptr<File>> durable;  // Names that outlive a crash.
        bool is_full = false;
        size_t room = SIZE_MAX;        // For more bytes in all files.
        size_t steps_left = SIZE_MAX;  // Writes, syncs, renames and removals before the crash.
        size_t syncs_left = SIZE_MAX;  // Before the one that fails.
        std::set<std::string> closed;  // Files that cannot be opened.
        std::function<void()> at_sync;

        [[nodiscard]] std::function<void()> what_is_done_at_sync() {
            const std::lock_guard lock(mutex);
            return at_sync;
        }
        [[nodiscard]] size_t used() const {
            size_t used = 0;
            for (const auto& [name, file] : files) used += file->bytes.size();
            return used;
        }
        // Whether the step is still done.
        bool step() {
            if (steps_left == 0) return false;
            --steps_left;
            return true;
        }
    };

    // For a store to own.
    [[nodiscard]] std::unique_ptr<StoreDisk> share() const;

    void fill() {
        const std::lock_guard lock(state_->mutex);
        state_->is_full = true;
    }
    void make_room() {
        const std::lock_guard lock(state_->mutex);
        state_->is_full = false;
        state_->room = SIZE_MAX;
    }
    // For so many bytes more there is room.
    void leave_room(size_t bytes) {
        const std::lock_guard lock(state_->mutex);
        state_->room = state_->used() + bytes;
    }
    // As with rights that the server does not have, until they are given to it.
    void close(const std::string& name) {
        const std::lock_guard lock(state_->mutex);
        state_->closed.insert(name);
    }
    void let_open() {
        const std::lock_guard lock(state_->mutex);
        state_->closed.clear();
    }
    // A sync fails, the next one or after some that succeed, and what was written since the last
    // one is lost, as a kernel loses pages that it cannot write: it takes them for clean.
    void fail_sync(size_t after = 0) {
        const std::lock_guard lock(state_->mutex);
        state_->syncs_left = after;
    }
    // Called in each sync of a file from now on.
    void at_sync(std::function<void()> act) {
        const std::lock_guard lock(state_->mutex);
        state_->at_sync = std::move(act);
    }
    // Whoever has this holds up all that is done with the disk.
    [[nodiscard]] std::unique_lock<std::mutex> stall() const {
        return std::unique_lock(state_->mutex);
    }
    // From now on this many steps are done, and nothing more reaches the disk.
    void crash_after(size_t steps) {
        const std::lock_guard lock(state_->mutex);
        state_->steps_left = steps;
    }
    // The machine starts again. Without `keeps_unsynced`, what was not synced is gone.
    void reboot(bool keeps_unsynced) {
        const std::lock_guard lock(state_->mutex);
        state_->steps_left = SIZE_MAX;
        if (keeps_unsynced) return;
        state_->files = state_->durable;
        for (auto& [name, file] : state_->files) file->bytes = file->synced;
    }
    [[nodiscard]] std::map<std::string, std::shared_ptr<File>>& files() { return state_->files; }

 private:
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

class FakeFile final : public StoreFile {
 public:
    FakeFile(std::shared_ptr<FakeDisk::State> state, std::shared_ptr<FakeDisk::File> file)
        : state_(std::move(state)), file_(std::move(file)) {}

    base::Result<void> write(uint64_t at, std::span<const uint8_t> bytes) override {
        const std::lock_guard lock(state_->mutex);
        // A write that finds no room has written its first half.
        const bool has_room = !state_->is_full && state_->used() + bytes.size() <= state_->room;
        const bool is_whole = has_room && state_->step();
        if (!is_whole) bytes = bytes.first(has_room ? 0 : bytes.size() / 2);
        for (auto& [from, to] : file_->lost) to = std::clamp<size_t>(at, from, to);
        file_->bytes.resize(std::max<size_t>(file_->bytes.size(), at + bytes.size()));
        std::ranges::copy(bytes, file_->bytes.begin() + static_cast<ptrdiff_t>(at));
        return is_whole ? base::Result<void>() : base::fail("the disk is full");
    }
    base::Result<void> sync() override {
        if (const auto act = state_->what_is_done_at_sync()) act();
        const std::lock_guard lock(state_->mutex);
        if (!state_->step()) return base::fail("the disk is gone");
        if (state_->syncs_left-- == 0) {
            file_->lost.emplace_back(file_->synced.size(), file_->bytes.size());
            return base::fail("the disk has a bad block");
        }
        file_->synced = file_->durable();
        return {};
    }
    base::Result<void> truncate(uint64_t size) override {
        const std::lock_guard lock(state_->mutex);
        if (!state_->step()) return base::fail("the disk is gone");
        file_->bytes.resize(size);
        return {};
    }
    base::Result<size_t> read(uint64_t at, std::span<uint8_t> room) const override {
        const std::lock_guard lock(state_->mutex);
        if (at >= file_->bytes.size()) return size_t{0};
        const size_t count = std::min<size_t>(room.size(), file_->bytes.size() - at);
        std::copy_n(file_->bytes.begin() + static_cast<ptrdiff_t>(at), count, room.begin());
        return count;
    }
    base::Result<uint64_t> size() const override {
        const std::lock_guard lock(state_->mutex);
        return uint64_t{file_->bytes.size()};
    }

 private:
    std::shared_ptr<FakeDisk::State> state_;
    std::shared_ptr<FakeDisk::File> file_;
};

class FakeDirectory final : public StoreDisk {
 public:
    explicit FakeDirectory(std::shared_ptr<FakeDisk::State> state) : state_(std::move(state)) {}

    std::string place() const override { return "fake"; }
    base::Result<void> check_place() const override { return {}; }
    base::Result<std::vector<std::string>> list() override {
        const std::lock_guard lock(state_->mutex);
        std::vector<std::string> names;
        for (const auto& [name, file] : state_->files) names.push_back(name);
        return names;
    }
    base::Result<std::shared_ptr<StoreFile>> open(const std::string& name) override {
        const std::lock_guard lock(state_->mutex);
        if (state_->closed.contains(name)) return base::fail("cannot open " + name, "let it");
        return std::make_shared<FakeFile>(state_, state_->files.at(name));
    }
    base::Result<std::shared_ptr<StoreFile>> create(const std::string& name) override {
        const std::lock_guard lock(state_->mutex);
        if (state_->is_full || !state_->step()) return base::fail("the disk is full");
        state_->files[name] = std::make_shared<FakeDisk::File>();
        return std::make_shared<FakeFile>(state_, state_->files[name]);
    }
    base::Result<void> rename(const std::string& from, const std::string& to) override {
        const std::lock_guard lock(state_->mutex);
        if (!state_->step()) return base::fail("the disk is gone");
        state_->files[to] = state_->files.at(from);
        state_->files.erase(from);
        return {};
    }
    base::Result<void> remove(const std::string& name) override {
        const std::lock_guard lock(state_->mutex);
        if (!state_->step()) return base::fail("the disk is gone");
        state_->files.erase(name);
        return {};
    }
    base::Result<void> sync_names() override {
        const std::lock_guard lock(state_->mutex);
        if (!state_->step()) return base::fail("the disk is gone");
        state_->durable = state_->files;
        return {};
    }

 private:
    std::shared_ptr<FakeDisk::State> state_;
};

inline std::unique_ptr<StoreDisk> FakeDisk::share() const {
    return std::make_unique<FakeDirectory>(state_);
}

}  // namespace nearcast::zone
