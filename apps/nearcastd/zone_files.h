// SPDX-License-Identifier: Apache-2.0
//
// The zone files of a directory, by name.
//
// A directory of very many takes a while to read. That begins at once, on another core, so that
// whoever has something to do before he needs the names does not wait for them. One thread.

#pragma once

#include <string>
#include <thread>
#include <vector>

#include "base/result.h"

namespace nearcast::app {

class ZoneFiles {
 public:
    using Paths = std::vector<std::string>;

    // Begins to read the directory.
    explicit ZoneFiles(const std::string& directory);

    // Every NAME.zone, sorted. The first call has what was there at some time since this object was
    // made, each later one what is there now. Fails when the directory cannot be read.
    [[nodiscard]] base::Result<Paths> list();

    [[nodiscard]] const std::string& directory() const { return directory_; }
    // What each path begins with: the directory, and a slash.
    [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
    std::string directory_;
    std::string folder_;
    base::Result<Paths> read_ahead_;  // Of the thread below, until it is joined.
    std::jthread thread_;
};

}  // namespace nearcast::app
