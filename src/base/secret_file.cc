// SPDX-License-Identifier: Apache-2.0

#include "base/secret_file.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

namespace nearcast::base {

Result<void> write_secret_file(const std::string& path, const std::string& text) {
    const std::string made = path + ".new";
    {
        const Fd file(
            ::open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
        if (!file) return fail_errno("cannot make " + made, errno);
        const auto size = static_cast<ssize_t>(text.size());
        if (::write(file.get(), text.data(), text.size()) != size || ::fsync(file.get()) != 0) {
            return fail_errno("cannot write " + made, errno);
        }
    }
    if (::rename(made.c_str(), path.c_str()) != 0)
        return fail_errno("cannot rename " + made, errno);
    // The name too must outlive a loss of power: what is sealed with a key needs just that one.
    const std::filesystem::path parent = std::filesystem::path(path).parent_path();
    const std::string folder = parent.empty() ? "." : parent.string();
    const Fd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) {
        return fail_errno("cannot sync " + folder, errno);
    }
    return {};
}

}  // namespace nearcast::base
