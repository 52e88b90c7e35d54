// SPDX-License-Identifier: Apache-2.0

#include "control/database_file.h"

#include <array>
#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/writable.h"

namespace nearcast::control {
namespace {

namespace fs = std::filesystem;
using base::Result;

// Beside the database, while somebody uses it.
constexpr std::array kSuffixes{"", "-wal", "-shm"};

// SQLite, too, keeps what belongs to a database beside the file itself, not beside a link to it.
std::string without_links(const std::string& path) {
    std::error_code error;
    const fs::path found = fs::weakly_canonical(path, error);
    return error ? path : found.string();
}

std::string folder_of(const std::string& path) {
    const std::string folder = fs::path(path).parent_path();
    return folder.empty() ? "." : folder;
}

Result<void> check_access(const std::string& path) {
    for (const char* suffix : kSuffixes) {
        const std::string file = path + suffix;
        if (::faccessat(AT_FDCWD, file.c_str(), R_OK | W_OK, AT_EACCESS) == 0) continue;
        if (errno == ENOENT) continue;
        auto failed = base::fail_errno("cannot read and write the database " + file, errno);
        failed.error().hint =
            "give it to who runs this: chown " + std::to_string(::geteuid()) + ' ' + path + '*';
        return failed;
    }
    return {};
}

}  // namespace

Result<void> check_database_file(const std::string& named) {
    const std::string path = without_links(named);
    const std::string folder = folder_of(path);
    if (::access(folder.c_str(), F_OK) != 0) {
        auto failed = base::fail_errno("no database can be made at " + path, errno);
        failed.error().hint = "make its folder, for who runs this: install -d -m 700 -o " +
                              std::to_string(::geteuid()) + ' ' + folder;
        return failed;
    }
    if (auto done = base::check_writable(folder); !done) {
        return base::within("database " + path, done.error());
    }
    return check_access(path);
}

bool has_content(const std::string& path) {
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 && found.st_size > 0;
}

void keep_private(const std::string& named) {
    const std::string path = without_links(named);
    constexpr mode_t kOwn = S_IRUSR | S_IWUSR;
    // One that is there is not opened: to close it would free the locks that this process has on
    // it.
    const base::Fd made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kOwn));
    if (made) return;
    for (const char* suffix : kSuffixes) {
        struct stat found{};
        const std::string file = path + suffix;
        const bool is_there = ::stat(file.c_str(), &found) == 0 && S_ISREG(found.st_mode);
        if (is_there && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
            (void)::chmod(file.c_str(), kOwn);
        }
    }
}

}  // namespace nearcast::control
