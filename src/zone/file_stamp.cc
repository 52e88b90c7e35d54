// SPDX-License-Identifier: Apache-2.0

#include "zone/file_stamp.h"

#include <sys/stat.h>

namespace nearcast::zone {

FileStamp FileStamp::of(const std::string& path) {
    FileStamp stamp;
    stamp.path = path;
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return stamp;
    stamp.inode = status.st_ino;
    stamp.size = status.st_size;
    stamp.modified_ns = status.st_mtim.tv_sec * int64_t{1'000'000'000} + status.st_mtim.tv_nsec;
    return stamp;
}

}  // namespace nearcast::zone
