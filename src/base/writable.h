// SPDX-License-Identifier: Apache-2.0
//
// Whether a program could put files into a folder, asked without putting any there.

#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace nearcast::base {

// The same folder from the root on, without "." and a final slash: "/a/" is "/a".
[[nodiscard]] std::filesystem::path plain_folder(const std::filesystem::path& folder);

// Fails, with the way out, when the folder can neither be written nor made by whoever asks. What
// the disk says later (it is full, it is broken) nobody can know now. Any thread.
[[nodiscard]] Result<void> check_writable(const std::string& folder);

}  // namespace nearcast::base
