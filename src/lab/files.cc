// SPDX-License-Identifier: Apache-2.0

#include "lab/files.h"

#include <cerrno>
#include <fstream>
#include <iterator>

namespace nearcast::lab {

base::Result<std::string> read_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return base::fail_errno(path, errno);
    return std::string(std::istreambuf_iterator<char>(file), {});
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
