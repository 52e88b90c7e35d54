// SPDX-License-Identifier: Apache-2.0

#include "zone/store_disk.h"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

namespace nearcast::zone {
namespace {

namespace fs = std::filesystem;
using base::Fd;
using base::Result;

constexpr const char* kLockName = "lock";

// A server that was told to stop answers on for some seconds while its successor starts. Longer
// than any sensible linger would keep a node from serving when two are started by mistake.
constexpr std::chrono::seconds kLockPatience{15};
constexpr std::chrono::milliseconds kLockPause{50};

class DirectoryFile final : public StoreFile {
 public:
    DirectoryFile(Fd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

    Result<void> write(uint64_t at, std::span<const uint8_t> bytes) override {
        while (!bytes.empty()) {
            const ssize_t put =
                ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
            if (put < 0 && errno == EINTR) continue;
            if (put <= 0) return failed("cannot be written", put < 0 ? errno : EIO);
            at += static_cast<uint64_t>(put);
            bytes = bytes.subspan(static_cast<size_t>(put));
        }
        return {};
    }

    Result<void> sync() override {
        if (::fdatasync(file_.get()) == 0) return {};
        return failed("cannot be written to the disk", errno);
    }

    Result<void> truncate(uint64_t size) override {
        if (::ftruncate(file_.get(), static_cast<off_t>(size)) == 0) return {};
        return failed("cannot be cut", errno);
    }

    Result<size_t> read(uint64_t at, std::span<uint8_t> room) const override {
        size_t done = 0;
        while (done < room.size()) {
            const ssize_t got = ::pread(file_.get(), room.data() + done, room.size() - done,
                                        static_cast<off_t>(at + done));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return failed("cannot be read", errno);
            if (got == 0) break;
            done += static_cast<size_t>(got);
        }
        return done;
    }

    Result<uint64_t> size() const override {
        struct stat status{};
        if (::fstat(file_.get(), &status) != 0) return failed("cannot be read", errno);
        return static_cast<uint64_t>(status.st_size);
    }

 private:
    [[nodiscard]] std::unexpected<base::Error> failed(std::string_view what, int error) const {
        auto failure = base::fail_errno(path_ + " " + std::string(what), error);
        const bool is_full = error == ENOSPC || error == EDQUOT;
        failure.error().hint =
            is_full ? "make room on that disk" : "see what the kernel says of that disk";
        return failure;
    }

    Fd file_;
    std::string path_;
};

class Directory final : public StoreDisk {
 public:
    Directory(std::string path, Fd folder, Fd lock)
        : path_(std::move(path)), folder_(std::move(folder)), lock_(std::move(lock)) {}

    std::string place() const override { return path_; }

    Result<void> check_place() const override {
        struct stat own{};
        struct stat named{};
        if (::fstat(folder_.get(), &own) == 0 && ::stat(path_.c_str(), &named) == 0 &&
            own.st_dev == named.st_dev && own.st_ino == named.st_ino) {
            return {};
        }
        return base::fail("the zone store " + path_ + " was moved or removed",
                          "put it back in its place; without it a restart loses what updates have "
                          "changed, which `nearcast zone export` can save");
    }

    Result<std::vector<std::string>> list() override {
        std::vector<std::string> names;
        std::error_code error;
        for (fs::directory_iterator item(path_, error), end; !error && item != end;
             item.increment(error)) {
            if (item->path().filename() != kLockName) names.push_back(item->path().filename());
        }
        if (error) {
            return base::fail("cannot read the zone store " + path_ + ": " + error.message(),
                              "a directory that the server's user may read and write");
        }
        return names;
    }

    Result<std::shared_ptr<StoreFile>> open(const std::string& name) override {
        struct stat status{};
        if (::fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            !S_ISREG(status.st_mode)) {
            return base::fail(path_of(name) + " is no file",
                              "move it to another place: only this server puts things there");
        }
        constexpr int kFlags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
        Fd file(::openat(folder_.get(), name.c_str(), O_RDWR | kFlags));
        if (!file && (errno == EACCES || errno == EROFS || errno == EPERM)) {
            file = Fd(::openat(folder_.get(), name.c_str(), O_RDONLY | kFlags));
        }
        if (!file) {
            auto failure = base::fail_errno("cannot open " + path_of(name), errno);
            failure.error().hint = "let the server's user read and write it, and start again";
            return failure;
        }
        (void)::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
        return std::make_shared<DirectoryFile>(std::move(file), path_of(name));
    }

    Result<std::shared_ptr<StoreFile>> create(const std::string& name) override {
        Fd file(::openat(folder_.get(), name.c_str(),
                         O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640));
        if (!file) return base::fail_errno("cannot create " + path_of(name), errno);
        return std::make_shared<DirectoryFile>(std::move(file), path_of(name));
    }

    Result<void> rename(const std::string& from, const std::string& to) override {
        if (::renameat(folder_.get(), from.c_str(), folder_.get(), to.c_str()) == 0) return {};
        return base::fail_errno("cannot rename " + path_of(from), errno);
    }

    Result<void> remove(const std::string& name) override {
        if (::unlinkat(folder_.get(), name.c_str(), 0) == 0) return {};
        return base::fail_errno("cannot remove " + path_of(name), errno);
    }

    Result<void> sync_names() override {
        if (::fsync(folder_.get()) == 0) return {};
        return base::fail_errno("cannot sync " + path_, errno);
    }

 private:
    [[nodiscard]] std::string path_of(const std::string& name) const { return path_ + "/" + name; }

    std::string path_;
    Fd folder_;
    Fd lock_;  // Whoever has it has the directory; the kernel takes it back at our end.
};

// A directory that may only be read has no lock file to make: then the directory itself is locked.
Result<Fd> lock_directory(const std::string& path, int folder) {
    Fd lock(::openat(folder, kLockName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (!lock) lock = Fd(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (const base::Instant end = base::now() + kLockPatience;;) {
        if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
        if (errno != EWOULDBLOCK) {
            auto failure = base::fail_errno("cannot lock the zone store " + path, errno);
            failure.error().hint =
                "a directory that the server's user may enter and write, on a "
                "file system that has locks";
            return failure;
        }
        if (base::now() >= end) {
            return base::fail("the zone store " + path + " is used by another process",
                              "stop that one, or give this one a directory of its own");
        }
        (void)::poll(nullptr, 0, static_cast<int>(kLockPause.count()));
    }
}

}  // namespace

Result<std::unique_ptr<StoreDisk>> open_store_directory(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) {
        auto failure = base::fail_errno("cannot open the zone store " + path, errno);
        failure.error().hint = "a directory that exists, or that the server's user may make";
        return failure;
    }
    auto lock = lock_directory(path, folder.get());
    if (!lock) return std::unexpected(lock.error());
    return std::make_unique<Directory>(path, std::move(folder), *std::move(lock));
}

}  // namespace nearcast::zone
