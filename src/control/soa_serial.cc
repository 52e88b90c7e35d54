// SPDX-License-Identifier: Apache-2.0

#include "control/soa_serial.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "dns/serial.h"

namespace nearcast::control {
namespace {

constexpr std::array<std::string_view, 7> kSettings{
    "", "DEFAULT", "INCREASE", "EPOCH", "SOA-EDIT", "SOA-EDIT-INCREASE", "OFF"};

uint32_t dated_serial(std::chrono::seconds now) {
    const std::chrono::sys_days day{std::chrono::floor<std::chrono::days>(now)};
    const std::chrono::year_month_day date{day};
    const auto year = static_cast<uint32_t>(static_cast<int>(date.year()));
    return year * 1'000'000 + static_cast<unsigned>(date.month()) * 10'000 +
           static_cast<unsigned>(date.day()) * 100 + 1;
}

// Where the third word of the content lies.
struct Place {
    size_t at = 0;
    size_t size = 0;
};

std::optional<Place> serial_place(std::string_view content) {
    Place place;
    size_t words = 0;
    for (size_t at = 0; at < content.size();) {
        at = content.find_first_not_of(' ', at);
        if (at == std::string_view::npos) break;
        const size_t end = std::min(content.find(' ', at), content.size());
        if (++words == 3) place = {at, end - at};
        at = end;
    }
    return words == 7 ? std::optional(place) : std::nullopt;
}

}  // namespace

bool is_soa_edit_api(std::string_view text) {
    return std::ranges::find(kSettings, text) != kSettings.end();
}

uint32_t next_edited_serial(std::string_view soa_edit_api, uint32_t last,
                            std::optional<uint32_t> sent, std::chrono::seconds now) {
    uint32_t next = dns::next_serial(last);
    if (soa_edit_api == "DEFAULT" || soa_edit_api == "EPOCH") {
        const uint32_t wanted = first_serial(soa_edit_api, now);
        if (dns::is_later_serial(wanted, next)) next = wanted;
    }
    if (sent && dns::is_later_serial(*sent, next)) next = *sent;
    return next;
}

uint32_t first_serial(std::string_view soa_edit_api, std::chrono::seconds now) {
    if (soa_edit_api == "EPOCH") return static_cast<uint32_t>(now.count());
    return soa_edit_api == "DEFAULT" ? dated_serial(now) : 1;
}

std::optional<uint32_t> serial_in(std::string_view soa_content) {
    const auto place = serial_place(soa_content);
    if (!place) return std::nullopt;
    uint32_t serial = 0;
    const char* const end = soa_content.data() + place->at + place->size;
    const auto read = std::from_chars(soa_content.data() + place->at, end, serial);
    return read.ec == std::errc() && read.ptr == end ? std::optional(serial) : std::nullopt;
}

std::string with_serial(std::string_view soa_content, uint32_t serial) {
    std::string content(soa_content);
    if (const auto place = serial_place(soa_content)) {
        content.replace(place->at, place->size, std::to_string(serial));
    }
    return content;
}

void put_serial(Rrset& rrset, uint32_t serial) {
    if (rrset.type != dns::RRType::SOA) return;
    for (RecordText& record : rrset.records) record.content = with_serial(record.content, serial);
}

}  // namespace nearcast::control
