// SPDX-License-Identifier: Apache-2.0
//
// Which files of a folder hold zones.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nearcast::zone {

constexpr std::string_view kFileEnding = ".zone";

// Whether a file in a folder of zones holds one: "example.org.zone". Those that begin with a dot do
// not, as they are no part of *.zone for a shell: editors and programs that copy make them.
[[nodiscard]] bool is_zone_file(std::string_view file_name);

// What the paths of a folder's files begin with: it, and a slash.
[[nodiscard]] std::string with_slash(const std::string& folder);

// The paths of all zone files in it, in the order of their names. Fails when it cannot be read.
[[nodiscard]] base::Result<std::vector<std::string>> zone_files_in(const std::string& folder);

}  // namespace nearcast::zone
