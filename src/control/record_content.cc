// SPDX-License-Identifier: Apache-2.0

#include "control/record_content.h"

#include <algorithm>
#include <array>

#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/rr_layout.h"
#include "dns/zone_lexer.h"

namespace nearcast::control {
namespace {

using dns::RRType;

constexpr std::array kMadeBySigner{RRType::RRSIG, RRType::NSEC, RRType::NSEC3, RRType::NSEC3PARAM,
                                   RRType::ZONEMD};

// One line, and all of it words of this record: no comment, no directive, no second entry.
bool read_words(std::string_view content, dns::ZoneEntry& entry) {
    if (content.find_first_of("\n\r") != std::string_view::npos) return false;
    dns::ZoneLexer lexer(content);
    if (lexer.next(entry) != dns::ZoneLexer::Status::Entry) return false;
    dns::ZoneEntry none;
    return lexer.next(none) == dns::ZoneLexer::Status::End;
}

// A comment would be lost silently, and is mostly a ';' that was meant to be data.
bool has_comment(std::string_view content) {
    bool is_quoted = false;
    for (size_t i = 0; i < content.size(); ++i) {
        if (content[i] == '\\') {
            ++i;
        } else if (content[i] == '"') {
            is_quoted = !is_quoted;
        } else if (content[i] == ';' && !is_quoted) {
            return true;
        }
    }
    return false;
}

bool is_all_strings(RRType type) { return dns::rr_layout(type).fields[0] == dns::Field::Strings; }

bool has_bare_string(RRType type, const dns::ZoneEntry& entry) {
    return is_all_strings(type) && entry.words.front().text != "\\#" &&
           std::ranges::any_of(entry.words, [](const dns::Token& word) { return !word.is_quoted; });
}

std::string not_as_expected(RRType type, std::span<const uint8_t> rdata) {
    return "Not in expected format (parsed as '" + dns::rdata_to_text(type, rdata) + "')";
}

}  // namespace

bool is_editable(RRType type) {
    return !dns::is_meta_type(type) &&
           std::ranges::find(kMadeBySigner, type) == kMadeBySigner.end();
}

std::expected<std::vector<uint8_t>, std::string> parse_content(RRType type,
                                                               std::string_view content) {
    if (content.size() > kContentSizeMax) return std::unexpected("Content is too long");
    dns::ZoneEntry entry;
    if (has_comment(content)) return std::unexpected("A ';' outside of quotes needs a '\\'");
    if (!read_words(content, entry)) return std::unexpected("Not one line of record data");
    auto rdata = dns::parse_rdata(type, entry.words, nullptr, dns::LongStrings::Divided);
    if (rdata) {
        if (has_bare_string(type, entry)) return std::unexpected(not_as_expected(type, *rdata));
        return *std::move(rdata);
    }
    // Is it a name without its last dot, and nothing else? Then say what it would have meant.
    const dns::Name root;
    const auto completed = dns::parse_rdata(type, entry.words, &root, dns::LongStrings::Divided);
    return std::unexpected(completed ? not_as_expected(type, *completed) : rdata.error().message);
}

}  // namespace nearcast::control
