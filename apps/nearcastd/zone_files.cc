// SPDX-License-Identifier: Apache-2.0

#include "zone_files.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include <dirent.h>

#include "zone/compile.h"

namespace nearcast::app {
namespace {

namespace fs = std::filesystem;
using base::Result;

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

std::string with_slash(const std::string& directory) {
    std::string folder = (fs::path(directory) / "-").string();
    folder.pop_back();
    return folder;
}

}  // namespace

ZoneFiles::ZoneFiles(const std::string& directory)
    : directory_(directory), folder_(with_slash(directory)) {
    try {
        thread_ = std::jthread([this] { read_ahead_ = read(); });
    } catch (const std::system_error&) {
        // No thread is granted: list() does it.
    }
}

Result<ZoneFiles::Paths> ZoneFiles::list() {
    if (!thread_.joinable()) return read();
    thread_.join();
    return std::move(read_ahead_);
}

Result<ZoneFiles::Paths> ZoneFiles::read() const {
    const std::unique_ptr<DIR, CloseDirectory> folder(::opendir(directory_.c_str()));
    int error = folder ? 0 : errno;
    Paths files;
    while (folder) {
        errno = 0;
        const dirent* const item = ::readdir(folder.get());
        if (item == nullptr) {
            error = errno;
            break;
        }
        if (zone::is_zone_file(item->d_name)) files.emplace_back(folder_).append(item->d_name);
    }
    if (error != 0) {
        return base::fail(
            "zone directory " + directory_ + ": " + std::generic_category().message(error),
            "a directory that this user may read, with a file NAME.zone for each zone");
    }
    // By their names: the folder would only make each comparison longer.
    std::ranges::sort(files, {}, [this](const std::string& path) {
        return std::string_view(path).substr(folder_.size());
    });
    return files;
}

}  // namespace nearcast::app
