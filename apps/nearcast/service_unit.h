// SPDX-License-Identifier: Apache-2.0
//
// The systemd unit of a node: packaging/systemd/nearcast.service, for a node that lies elsewhere.

#pragma once

#include <string>

namespace nearcast {

struct UnitPlace {
    std::string command = "/usr/bin/nearcast";
    std::string server = "/usr/sbin/nearcastd";
    std::string config = "/etc/nearcast/node.toml";
    std::string user = "nearcast";
    std::string state_directory = "/var/lib/nearcast";
    std::string run_directory = "/run/nearcast";

    bool operator==(const UnitPlace&) const = default;
};

// The unit of the package fits.
[[nodiscard]] bool is_as_packaged(const UnitPlace& place);

[[nodiscard]] std::string render_unit(const UnitPlace& place);

}  // namespace nearcast
