// SPDX-License-Identifier: Apache-2.0

#include <sstream>

#include "lab/files.h"
#include "lab/lab_state.h"
#include "lab/pop_node.h"

namespace nearcast::lab {

base::Result<void> write_pop_routing(const Plan& plan, size_t router) {
    const std::string& name = plan.router(router).name;
    std::ostringstream out;
    out << "log \"" << paths::log(name) << "\" { warning, error, fatal, bug };\nrouter id "
        << to_text(plan.nodes[router].router_id) << ";\nprotocol device {}\nprotocol bfd {"
        << " interface \"*\" { interval " << plan.topology.bfd_interval.count()
        << " ms; multiplier 3; }; }\n";
    for (const char* v : {"4", "6"}) {
        const std::string prefix = to_text(plan.service[*v == '6' ? 1 : 0].prefix);
        out << "protocol kernel { ipv" << v << " { export where source = RTS_BGP; }; }\n"
            << "protocol static { ipv" << v << " { preference 210; }; check link; route " << prefix
            << " via \"nc-pref0\"; }\n"
            << "protocol static { ipv" << v << "{ import filter { bgp_community.add((65535, 0));"
            << " accept; }; }; check link; route " << prefix << " via \"nc-live0\"; }\n";
    }
    for (const Interface& interface : plan.nodes[router].interfaces) {
        for (const bool is_v6 : {false, true}) {
            out << "protocol bgp { local " << to_text(is_v6 ? interface.v6 : interface.v4)
                << " as 65010; neighbor "
                << to_text(is_v6 ? interface.neighbor_v6 : interface.neighbor_v4) << " as "
                << plan.nodes[interface.neighbor].asn << "; direct; local role customer; bfd on;"
                << "connect delay time 1; ipv" << (is_v6 ? '6' : '4')
                << " { import all; export where source = RTS_STATIC; }; }\n";
        }
    }
    return write_text(paths::bird_config(name), out.str());
}

}  // namespace nearcast::lab
