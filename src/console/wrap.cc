// SPDX-License-Identifier: Apache-2.0

#include "console/wrap.h"

#include <algorithm>

#include "console/table.h"

namespace nearcast::console {
namespace {

// What stands in front of the last column, whose words go on below each other.
std::string_view head_of(std::string_view line) {
    const size_t begin = std::min(line.find_first_not_of(' '), line.size());
    const size_t gap = line.find("  ", begin);
    return line.substr(0, gap == std::string_view::npos ? begin : line.find_first_not_of(' ', gap));
}

void append_wrapped(std::string_view line, size_t width, std::string& to) {
    const std::string_view head = head_of(line);
    const size_t column = width_of(head);
    to += head;
    line.remove_prefix(head.size());
    size_t filled = column;
    bool is_first = true;
    while (!line.empty()) {
        const size_t end = std::min(line.find(' '), line.size());
        const std::string_view word = line.substr(0, end);
        line.remove_prefix(std::min(end + 1, line.size()));
        const size_t size = width_of(word);
        if (!is_first && filled + 1 + size > width) {
            to += '\n' + std::string(column, ' ');
            filled = column;
        } else if (!is_first) {
            to += ' ';
            ++filled;
        }
        to += word;
        filled += size;
        is_first = false;
    }
}

}  // namespace

std::string wrapped(std::string_view text, size_t width) {
    std::string made;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        if (width == 0 || width_of(line) <= width || width_of(head_of(line)) >= width) {
            made += line;
        } else {
            append_wrapped(line, width, made);
        }
        if (end < text.size()) made += '\n';
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return made;
}

}  // namespace nearcast::console
