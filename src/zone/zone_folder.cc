// SPDX-License-Identifier: Apache-2.0

#include "zone/zone_folder.h"

#include <algorithm>
#include <cerrno>
#include <memory>

#include <dirent.h>

namespace nearcast::zone {
namespace {

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

}  // namespace

bool is_zone_file(std::string_view file_name) {
    return file_name.size() > kFileEnding.size() && file_name.ends_with(kFileEnding) &&
           !file_name.starts_with('.');
}

std::string with_slash(const std::string& folder) {
    return folder.empty() || folder.ends_with('/') ? folder : folder + '/';
}

base::Result<std::vector<std::string>> zone_files_in(const std::string& folder) {
    const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(folder.c_str()));
    int error = directory ? 0 : errno;
    const std::string start = with_slash(folder);
    std::vector<std::string> files;
    while (directory) {
        errno = 0;
        const dirent* const item = ::readdir(directory.get());
        if (item == nullptr) {
            error = errno;
            break;
        }
        if (is_zone_file(item->d_name)) files.emplace_back(start).append(item->d_name);
    }
    if (error != 0) {
        auto failed = base::fail_errno("zone directory " + folder, error);
        failed.error().hint =
            "a directory that this user may read, with a file NAME.zone for each zone";
        return failed;
    }
    // By their names: the folder would only make each comparison longer.
    std::ranges::sort(files, {}, [&start](const std::string& path) {
        return std::string_view(path).substr(start.size());
    });
    return files;
}

}  // namespace nearcast::zone
