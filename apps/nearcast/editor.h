// SPDX-License-Identifier: Apache-2.0
//
// A text that a person edits, in a file of its own which outlives whatever goes wrong.

#pragma once

#include <string>

#include "base/result.h"

namespace nearcast {

class EditedFile {
 public:
    // In a new folder that only this user can look into.
    [[nodiscard]] static base::Result<EditedFile> create(const std::string& name,
                                                         const std::string& text);

    // Runs $VISUAL, $EDITOR or vi on it, until that ends.
    [[nodiscard]] base::Result<void> edit() const;
    [[nodiscard]] base::Result<std::string> read() const;
    void remove() const;  // And its folder.

    [[nodiscard]] const std::string& path() const { return path_; }

 private:
    explicit EditedFile(std::string path) : path_(std::move(path)) {}

    std::string path_;
};

}  // namespace nearcast
