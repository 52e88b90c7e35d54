// SPDX-License-Identifier: Apache-2.0
//
// The file of an SQLite database: whether it can be used, and that nobody else reads it.

#pragma once

#include <string>

#include "base/result.h"

namespace nearcast::control {

// Fails, with the path and the way out, when whoever runs this can neither use the database there
// nor make one. Opens and makes nothing: a running controller is not disturbed.
[[nodiscard]] base::Result<void> check_database_file(const std::string& path);

// Whether there is a file, and something in it.
[[nodiscard]] bool has_content(const std::string& path);

// Makes the file when there is none. What is in it is for its user alone: zones, who may do what,
// digests of keys. SQLite gives the files beside it the rights of this one. What cannot be done
// here shows when SQLite opens it.
void keep_private(const std::string& path);

}  // namespace nearcast::control
