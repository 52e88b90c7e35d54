// SPDX-License-Identifier: Apache-2.0
//
// What a file was like when it was read: it need not be read again while this is the same.

#pragma once

#include <cstdint>
#include <string>

namespace nearcast::zone {

struct FileStamp {
    std::string path;
    uint64_t inode = 0;
    int64_t size = -1;  // -1: there was no such file.
    int64_t modified_ns = 0;

    [[nodiscard]] static FileStamp of(const std::string& path);
    // Whether the file is the same now.
    [[nodiscard]] bool is_current() const;
    bool operator==(const FileStamp&) const = default;
};

}  // namespace nearcast::zone
