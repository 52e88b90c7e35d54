// SPDX-License-Identifier: Apache-2.0

#include "history.h"

#include <algorithm>

#include "console/json_text.h"

namespace nearcast {

using base::Result;
using console::text_of;
using nlohmann::json;

Result<int> list_changes(Controller& controller, const std::string& zone, size_t most,
                         bool is_json) {
    constexpr size_t kPage = 1'000;
    std::string path = "/api/v1/changes?limit=" + std::to_string(std::min(most, kPage));
    if (!zone.empty()) {
        const auto name = parse_zone(zone);
        if (!name) return std::unexpected(name.error());
        path += "&zone=" + client::escaped(dns::to_text(*name));
    }
    const auto changes = controller.get_list(path, most);
    if (!changes) return std::unexpected(changes.error());
    // What was ever there has a change that made it.
    if (!zone.empty() && changes->empty()) {
        return base::fail("there is no zone " + console::printable(zone) + ", and there never was",
                          "nearcast zone list");
    }
    if (is_json) {
        print(*changes);
        return 0;
    }
    console::Table table({"CHANGE", "AT (UTC)", "ZONE", "WHAT", "SERIAL", "BY", "COMMENT"});
    for (const json& change : *changes) {
        table.add({text_of(change, "sequence"), console::moment_text(change, "at"),
                   text_of(change, "zone"), text_of(change, "kind"), text_of(change, "new_serial"),
                   text_of(change, "actor"), text_of(change, "comment")});
    }
    print(table, "nothing has changed yet");
    return 0;
}

Result<std::string> change_path(const std::string& sequence) {
    const bool is_number = !sequence.empty() && std::ranges::all_of(sequence, [](char c) {
        return c >= '0' && c <= '9';
    });
    if (is_number) return "/api/v1/changes/" + sequence;
    return base::fail('"' + console::printable(sequence) + "\" is no change",
                      "its number, as nearcast change list has it");
}

}  // namespace nearcast
