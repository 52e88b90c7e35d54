// SPDX-License-Identifier: Apache-2.0

#include "lab/files.h"

#include <array>
#include <cerrno>
#include <fstream>

namespace nearcast::lab {

base::Result<std::string> read_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return base::fail_errno(path, errno);
    // An iterator of the stream would throw where reading fails: of a process that ends meanwhile.
    std::string text;
    std::array<char, 4096> piece;
    while (file.read(piece.data(), piece.size()) || file.gcount() > 0) {
        text.append(piece.data(), static_cast<size_t>(file.gcount()));
    }
    if (file.bad()) return base::fail_errno(path, errno);
    return text;
}

// One write: the files of /proc/sys take no second one.
base::Result<void> write_text(const std::string& path, std::string_view text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    if (!file) return base::fail_errno(path, errno);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    file.flush();
    if (!file) return base::fail_errno(path, errno);
    return {};
}

}  // namespace nearcast::lab
