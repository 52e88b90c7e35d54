// SPDX-License-Identifier: Apache-2.0

#include "zone/file_stamp.h"

#include <sys/stat.h>

namespace nearcast::zone {
namespace {

int64_t modified_ns_of(const struct stat& status) {
    return status.st_mtim.tv_sec * int64_t{1'000'000'000} + status.st_mtim.tv_nsec;
}

}  // namespace

FileStamp FileStamp::of(const std::string& path) {
    FileStamp stamp;
    stamp.path = path;
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return stamp;
    stamp.inode = status.st_ino;
    stamp.size = status.st_size;
    stamp.modified_ns = modified_ns_of(status);
    return stamp;
}

bool FileStamp::is_current() const {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return size < 0;
    return inode == status.st_ino && size == status.st_size &&
           modified_ns == modified_ns_of(status);
}

}  // namespace nearcast::zone
