// SPDX-License-Identifier: Apache-2.0

#include "zone_files.h"

#include <system_error>
#include <utility>

#include "zone/zone_folder.h"

namespace nearcast::app {

using base::Result;

ZoneFiles::ZoneFiles(const std::string& directory)
    : directory_(directory), folder_(zone::with_slash(directory)) {
    try {
        thread_ = std::jthread([this] { read_ahead_ = zone::zone_files_in(directory_); });
    } catch (const std::system_error&) {
        // No thread is granted: list() does it.
    }
}

Result<ZoneFiles::Paths> ZoneFiles::list() {
    if (!thread_.joinable()) return zone::zone_files_in(directory_);
    thread_.join();
    return std::move(read_ahead_);
}

}  // namespace nearcast::app
