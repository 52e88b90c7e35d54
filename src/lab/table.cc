// SPDX-License-Identifier: Apache-2.0

#include "lab/table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>

namespace nearcast::lab {

namespace {

bool is_number(const std::string& cell) {
    return !cell.empty() && std::isdigit(static_cast<unsigned char>(cell.front())) != 0;
}

}  // namespace

size_t width_of(std::string_view text) {
    const auto starts_character = [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
    };
    return static_cast<size_t>(std::ranges::count_if(text, starts_character));
}

std::string Table::text() const {
    std::vector<size_t> widths(rows_.front().size());
    for (const auto& row : rows_) {
        for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    }
    std::string text;
    for (const auto& row : rows_) {
        std::string line;
        for (size_t i = 0; i < row.size(); ++i) {
            const std::string pad(widths[i] - width_of(row[i]), ' ');
            line += i == 0 ? "" : "  ";
            line += i > 0 && is_number(row[i]) ? pad + row[i] : row[i] + pad;
        }
        text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
    }
    return text;
}

std::string milliseconds(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f ms", value);
    return text.data();
}

}  // namespace nearcast::lab
