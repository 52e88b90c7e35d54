// SPDX-License-Identifier: Apache-2.0

#include "console/table.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>

namespace nearcast::console {
namespace {

constexpr std::string_view kGap = "  ";
constexpr std::string_view kEllipsis = "…";
// A column is not cut to less: a few letters tell rows apart, fewer tell nothing.
constexpr size_t kColumnWidthMin = 8;

bool continues_character(char c) { return (static_cast<uint8_t>(c) & 0xC0U) == 0x80U; }

bool is_number(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; }) &&
           std::ranges::count(text, '.') <= 1;  // An address is none.
}

constexpr std::string_view kMoment = "dddd-dd-dd dd:dd:dd";

// "2026-11-26 01:02:03", and nothing behind it.
bool is_moment(std::string_view text) {
    return std::ranges::equal(text, kMoment, [](char c, char form) {
        return form == 'd' ? c >= '0' && c <= '9' : c == form;
    });
}

}  // namespace

size_t width_of(std::string_view text) {
    return static_cast<size_t>(
        std::ranges::count_if(text, [](char c) { return !continues_character(c); }));
}

std::string cut(std::string_view text, size_t width) {
    if (width_of(text) <= width) return std::string(text);
    if (width == 0) return {};
    size_t end = 0;
    for (size_t characters = 0; end < text.size(); ++end) {
        if (!continues_character(text[end]) && ++characters == width) break;
    }
    return std::string(text.substr(0, end)) + std::string(kEllipsis);
}

std::string printable(std::string_view text) {
    std::string shown(text);
    std::ranges::replace_if(
        shown, [](char c) { return static_cast<uint8_t>(c) < ' ' || c == 0x7F; }, ' ');
    return shown;
}

std::string counted(size_t count, std::string_view what) {
    return std::to_string(count) + ' ' + std::string(what) + (count == 1 ? "" : "s");
}

Table::Table(std::vector<std::string> heads) : heads_(std::move(heads)) {}

void Table::add(std::vector<std::string> cells) {
    cells.resize(heads_.size());
    for (std::string& cell : cells) cell = printable(cell);
    rows_.push_back(std::move(cells));
}

bool Table::is_numeric(size_t column) const {
    return std::ranges::all_of(
        rows_, [column](const auto& row) { return row[column].empty() || is_number(row[column]); });
}

// Half a moment tells nothing, and half a number another one. Where longer words stand beside
// moments, these are only what somebody wrote.
bool Table::is_uncut(size_t column) const {
    const auto has = [&](const auto& is_such) {
        return std::ranges::any_of(rows_, [&](const auto& row) { return is_such(row[column]); });
    };
    const bool is_empty = !has([](std::string_view cell) { return !cell.empty(); });
    const bool has_longer =
        has([](std::string_view cell) { return width_of(cell) > kMoment.size(); });
    return !is_empty && (is_numeric(column) || (has(is_moment) && !has_longer));
}

std::vector<size_t> Table::widths(size_t width) const {
    std::vector<size_t> widths;
    for (size_t column = 0; column < heads_.size(); ++column) {
        size_t widest = width_of(heads_[column]);
        for (const auto& row : rows_) widest = std::max(widest, width_of(row[column]));
        widths.push_back(widest);
    }
    if (width == 0) return widths;
    const size_t gaps = kGap.size() * (heads_.size() - 1);
    const size_t whole = std::accumulate(widths.begin(), widths.end(), gaps);
    shorten(widths, whole > width ? whole - width : 0);
    return widths;
}

void Table::shorten(std::vector<size_t>& widths, size_t excess) const {
    std::vector<size_t*> pliable;
    for (size_t column = 0; column < widths.size(); ++column) {
        if (!is_uncut(column)) pliable.push_back(&widths[column]);
    }
    if (pliable.empty()) return;
    // The last column says what the others do not: it has least to lose by an ellipsis.
    const auto take = [&excess](size_t& from) {
        const size_t taken = std::min(excess, from - std::min(from, kColumnWidthMin));
        from -= taken;
        excess -= taken;
    };
    take(*pliable.back());
    while (excess > 0) {
        std::ranges::sort(pliable, [](const size_t* a, const size_t* b) { return *a > *b; });
        if (*pliable.front() <= kColumnWidthMin) return;
        // Down to the next, so that none gives more than its share.
        const size_t next =
            pliable.size() > 1 ? std::max(*pliable[1], kColumnWidthMin) : kColumnWidthMin;
        const size_t step = std::max<size_t>(*pliable.front() - next, 1);
        const size_t taken = std::min(excess, step);
        *pliable.front() -= taken;
        excess -= taken;
    }
}

Table Table::without_empty_columns() const {
    Table rest{{}};
    rest.rows_.resize(rows_.size());
    for (size_t column = 0; column < heads_.size(); ++column) {
        const bool is_empty =
            std::ranges::all_of(rows_, [column](const auto& row) { return row[column].empty(); });
        if (is_empty) continue;
        rest.heads_.push_back(heads_[column]);
        for (size_t i = 0; i < rows_.size(); ++i) rest.rows_[i].push_back(rows_[i][column]);
    }
    return rest;
}

std::string Table::to_text(size_t width) const {
    const std::vector<size_t> whole = widths(0);
    const size_t gaps = kGap.size() * (heads_.size() - 1);
    if (width > 0 && std::accumulate(whole.begin(), whole.end(), gaps) > width) {
        const Table rest = without_empty_columns();
        if (!rest.heads_.empty() && rest.heads_.size() < heads_.size()) return rest.to_text(width);
    }
    const std::vector<size_t> room = widths(width);
    std::vector<bool> is_right;
    for (size_t column = 0; column < heads_.size(); ++column) {
        is_right.push_back(is_numeric(column) && !rows_.empty());
    }
    std::string text;
    const auto write = [&](const std::vector<std::string>& cells) {
        std::string line;
        for (size_t column = 0; column < cells.size(); ++column) {
            const std::string cell = cut(cells[column], room[column]);
            const std::string padding(room[column] - width_of(cell), ' ');
            if (column > 0) line += kGap;
            line += is_right[column] ? padding + cell : cell + padding;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    };
    write(heads_);
    for (const auto& row : rows_) write(row);
    return text;
}

}  // namespace nearcast::console
