// SPDX-License-Identifier: Apache-2.0

#include "base/writable.h"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

namespace nearcast::base {
namespace {

namespace fs = std::filesystem;

// What lies above it may be the system's, and is not given away.
std::string way_out(const fs::path& folder, bool is_there) {
    const std::string who = std::to_string(::geteuid());
    return is_there
               ? "give it to who runs this: chown " + who + ' ' + folder.string()
               : "make it, for who runs this: install -d -m 700 -o " + who + ' ' + folder.string();
}

}  // namespace

fs::path plain_folder(const fs::path& folder) {
    std::error_code error;
    const fs::path plain = fs::absolute(folder, error).lexically_normal();
    return plain.has_filename() ? plain : plain.parent_path();
}

Result<void> check_writable(const std::string& folder) {
    const fs::path wanted = plain_folder(folder);
    fs::path place = wanted;
    std::error_code error;
    // The nearest that is there: in it all others are to be made. The root always is.
    while (!fs::exists(place, error) && place.has_relative_path() &&
           error != std::errc::not_a_directory && error != std::errc::permission_denied) {
        place = place.parent_path();
    }
    const std::string what =
        place == wanted ? "cannot write in " + folder
                        : "cannot make " + folder + ": " + place.string() + " is as far as it goes";
    if (error == std::errc::not_a_directory || (!error && !fs::is_directory(place, error))) {
        return fail(what + ", and that is no folder", "another path, or move what is there");
    }
    if (::faccessat(AT_FDCWD, place.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return {};
    auto failed = fail_errno(what, errno);
    failed.error().hint = way_out(wanted, place == wanted);
    return failed;
}

}  // namespace nearcast::base
