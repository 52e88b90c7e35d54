// SPDX-License-Identifier: Apache-2.0
//
// A table in a terminal: columns as wide as their widest cell, two spaces apart.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nearcast::lab {

class Table {
 public:
    explicit Table(std::vector<std::string> heads) { rows_.push_back(std::move(heads)); }

    // As many cells as there are heads. Those that start with a digit stand at
    // the right, but for the first of a row.
    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

    [[nodiscard]] std::string text() const;

 private:
    std::vector<std::vector<std::string>> rows_;
};

// Columns that the text takes on a terminal: UTF-8 characters, not bytes.
[[nodiscard]] size_t width_of(std::string_view text);

// "36.9 ms"
[[nodiscard]] std::string milliseconds(double value);

}  // namespace nearcast::lab
