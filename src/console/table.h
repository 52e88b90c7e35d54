// SPDX-License-Identifier: Apache-2.0
//
// A table for people: aligned columns, numbers to the right, cut to the width of the terminal.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nearcast::console {

class Table {
 public:
    explicit Table(std::vector<std::string> heads);

    // As many as there are heads; missing ones are empty.
    void add(std::vector<std::string> cells);
    [[nodiscard]] bool is_empty() const { return rows_.empty(); }

    // With its heads. No line is wider than `width`, as far as columns of a few letters allow it:
    // columns in which nothing is are left out, and cells are cut, and end with an ellipsis: those
    // of the last column, then the widest, and columns of times and numbers never. Zero: nothing is
    // cut.
    [[nodiscard]] std::string to_text(size_t width) const;

 private:
    [[nodiscard]] std::vector<size_t> widths(size_t width) const;
    // The same table, without the columns in which nothing is.
    [[nodiscard]] Table without_empty_columns() const;
    [[nodiscard]] bool is_numeric(size_t column) const;
    [[nodiscard]] bool is_uncut(size_t column) const;
    // Takes so much from the columns that may be cut, as far as these have it.
    void shorten(std::vector<size_t>& widths, size_t excess) const;

    std::vector<std::string> heads_;
    std::vector<std::vector<std::string>> rows_;
};

// How many columns of a terminal it takes, with one for each character.
[[nodiscard]] size_t width_of(std::string_view text);

// At most `width` columns of it.
[[nodiscard]] std::string cut(std::string_view text, size_t width);

// One line without control characters, which a terminal would obey.
[[nodiscard]] std::string printable(std::string_view text);

// "1 zone", "2 zones".
[[nodiscard]] std::string counted(size_t count, std::string_view what);

}  // namespace nearcast::console
