// SPDX-License-Identifier: Apache-2.0
//
// What a file was like when it was read: it need not be read again while this is the same.
//
// Its time is that of the last change of whatever kind, which the kernel alone sets: whoever writes
// a file may give it an older time of modification (cp -p, rsync -t, tar).

#pragma once

#include <cstdint>
#include <string>

namespace nearcast::zone {

struct FileStamp {
    std::string path;
    uint64_t inode = 0;
    int64_t size = -1;       // -1: there was no such file.
    int64_t changed_ns = 0;  // st_ctime, since 1970.

    [[nodiscard]] static FileStamp of(const std::string& path);
    // Whether the file is the same now.
    [[nodiscard]] bool is_current() const;
    bool operator==(const FileStamp&) const = default;
};

}  // namespace nearcast::zone
