// SPDX-License-Identifier: Apache-2.0

#include "record_json.h"

#include <charconv>
#include <cstdint>
#include <string>

namespace nearcast {
namespace {

// What is in front of the first `end`; takes both away.
std::string_view take(std::string_view& text, char end) {
    const size_t size = std::min(text.find(end), text.size());
    const std::string_view taken = text.substr(0, size);
    text.remove_prefix(std::min(size + 1, text.size()));
    return taken;
}

}  // namespace

// A space in a name is written \032.
nlohmann::json record_json(std::string_view line) {
    const std::string name(take(line, ' '));
    const std::string_view digits = take(line, ' ');
    uint32_t ttl = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), ttl);
    take(line, ' ');  // The class, which is IN.
    const std::string type(take(line, ' '));
    return {{"name", name}, {"ttl", ttl}, {"type", type}, {"content", std::string(line)}};
}

nlohmann::json records_json(std::string_view lines) {
    nlohmann::json records = nlohmann::json::array();
    while (!lines.empty()) records.push_back(record_json(take(lines, '\n')));
    return records;
}

}  // namespace nearcast
