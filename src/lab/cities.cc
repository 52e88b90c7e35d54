// SPDX-License-Identifier: Apache-2.0

#include "lab/cities.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <numeric>
#include <vector>

#include <strings.h>

#include "lab/embedded.h"

namespace nearcast::lab {

namespace {

constexpr size_t kColumns = 7;

std::string_view take_until(std::string_view& text, char end) {
    const size_t length = std::min(text.find(end), text.size());
    const std::string_view taken = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    return taken;
}

template <typename Number>
Number number(std::string_view text) {
    Number value{};
    [[maybe_unused]] const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value);
    assert(error == std::errc() && end == text.data() + text.size());
    return value;
}

City parse_city(std::string_view line) {
    std::array<std::string_view, kColumns> column;
    for (std::string_view& text : column) text = take_until(line, '\t');
    return {.id = column[0],
            .name = column[1],
            .country = column[2],
            .continent = column[3],
            .place = {number<double>(column[4]), number<double>(column[5])},
            .population = number<uint64_t>(column[6])};
}

std::vector<City> parse_cities(std::string_view text) {
    std::vector<City> cities;
    while (!text.empty()) {
        const std::string_view line = take_until(text, '\n');
        if (!line.empty() && line.front() != '#') cities.push_back(parse_city(line));
    }
    return cities;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0U);
    for (size_t i = 0; i < a.size(); ++i) {
        size_t diagonal = row[0]++;
        for (size_t j = 0; j < b.size(); ++j) {
            const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

}  // namespace

std::span<const City> known_cities() {
    static const std::vector<City> cities = parse_cities(kCitiesTsv);
    return cities;
}

const City* find_city(std::string_view id_or_name) {
    for (const City& city : known_cities()) {
        if (equal_ignoring_case(city.id, id_or_name) || equal_ignoring_case(city.name, id_or_name))
            return &city;
    }
    return nullptr;
}

std::string_view nearest_spelling(std::string_view text) {
    const auto cities = known_cities();
    return std::ranges::min_element(
               cities, {}, [text](const City& city) { return edit_distance(text, city.id); })
        ->id;
}

}  // namespace nearcast::lab
