// SPDX-License-Identifier: Apache-2.0

#include "service_unit.h"

#include <string_view>

#include "packaged_unit.h"

namespace nearcast {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

// systemd makes directories below its own places only; one elsewhere is made by the node itself,
// and must be named to be written to.
void put_directory(std::string& text, std::string_view line, const std::string& usual,
                   const std::string& wanted) {
    if (wanted == usual) return;
    replace_all(text, line, "ReadWritePaths=" + wanted);
}

}  // namespace

bool is_as_packaged(const UnitPlace& place) { return place == UnitPlace{}; }

std::string render_unit(const UnitPlace& place) {
    const UnitPlace usual;
    std::string text(kPackagedUnit);
    replace_all(text, usual.command + " node", place.command + " node");
    replace_all(text, usual.server + " --config", place.server + " --config");
    replace_all(text, usual.config, place.config);
    replace_all(text, "User=" + usual.user, "User=" + place.user);
    replace_all(text, "Group=" + usual.user, "Group=" + place.user);
    put_directory(text, "StateDirectory=nearcast", usual.state_directory, place.state_directory);
    put_directory(text, "RuntimeDirectory=nearcast", usual.run_directory, place.run_directory);
    return text;
}

}  // namespace nearcast
