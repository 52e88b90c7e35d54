// SPDX-License-Identifier: Apache-2.0

#include "base/read_file.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

namespace nearcast::base {

// Not by an iterator of a stream: it throws where reading fails, as that of a directory does.
Result<std::string> read_file(const std::string& path) {
    constexpr size_t kPiece = size_t{64} << 10;
    const std::string what = "cannot read " + path;
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!file || ::fstat(file.get(), &status) != 0) return fail_errno(what, errno);
    std::string text;
    // At once, where it says its size: a text that grows leaves copies of what is secret behind.
    text.reserve(std::min(static_cast<size_t>(std::max<off_t>(status.st_size, 0)), kReadFileMax) +
                 kPiece);
    for (;;) {
        const size_t size = text.size();
        text.resize(size + kPiece);
        const ssize_t count = ::read(file.get(), text.data() + size, kPiece);
        text.resize(size + static_cast<size_t>(std::max<ssize_t>(count, 0)));
        if (count == 0) return text;
        if (count < 0 && errno != EINTR) return fail_errno(what, errno);
        if (text.size() > kReadFileMax) {
            return fail(what + ": it has more than " + std::to_string(kReadFileMax) + " bytes");
        }
    }
}

}  // namespace nearcast::base
