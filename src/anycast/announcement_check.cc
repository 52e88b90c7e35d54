// SPDX-License-Identifier: Apache-2.0

#include "anycast/announcement_check.h"

#include <algorithm>

namespace nearcast::anycast {
namespace {

using base::IpPrefix;

const Announcement* find(const NeighborRoutes& routes, const IpPrefix& prefix) {
    const auto found = std::ranges::find(routes.announced, prefix, &Announcement::prefix);
    return found == routes.announced.end() ? nullptr : &*found;
}

void check_service_prefix(const IpPrefix& prefix, const Signals& signals,
                          const NeighborRoutes& routes, std::vector<std::string>& found) {
    const std::string what = to_text(prefix) + " to " + routes.neighbor;
    const Announcement* announcement = find(routes, prefix);
    if (signals.live && announcement == nullptr) found.push_back(what + " is not announced");
    if (!signals.live && announcement != nullptr) found.push_back(what + " is still announced");
    if (!signals.live || announcement == nullptr) return;
    if (signals.pref && announcement->has_graceful_shutdown) {
        found.push_back(what + " is announced as a last resort");
    }
    if (!signals.pref && !announcement->has_graceful_shutdown) {
        found.push_back(what + " is announced without graceful shutdown");
    }
}

bool contains(const std::vector<IpPrefix>& prefixes, const IpPrefix& prefix) {
    return std::ranges::find(prefixes, prefix) != prefixes.end();
}

}  // namespace

std::vector<std::string> find_mismatches(const NodeConfig& config, const Signals& signals,
                                         const std::vector<NeighborRoutes>& routes) {
    std::vector<std::string> found;
    for (size_t i = 0; i < routes.size(); ++i) {
        const NeighborRoutes& each = routes[i];
        if (!each.is_established) {
            found.push_back("the session with " + each.neighbor + " is down");
            continue;
        }
        const bool is_v6 = config.routing.neighbors[i].address.is_v6;
        for (const IpPrefix& prefix : config.prefixes) {
            if (prefix.first.is_v6 == is_v6) check_service_prefix(prefix, signals, each, found);
        }
        for (const IpPrefix& prefix : config.covering) {
            if (prefix.first.is_v6 == is_v6 && find(each, prefix) == nullptr) {
                found.push_back(to_text(prefix) + " to " + each.neighbor + " is not announced");
            }
        }
        for (const Announcement& announcement : each.announced) {
            if (!contains(config.prefixes, announcement.prefix) &&
                !contains(config.covering, announcement.prefix)) {
                found.push_back(to_text(announcement.prefix) + " leaks to " + each.neighbor);
            }
        }
    }
    return found;
}

size_t count_told(const NodeConfig& config, const std::vector<NeighborRoutes>& routes) {
    return static_cast<size_t>(std::ranges::count_if(routes, [&](const NeighborRoutes& each) {
        return each.is_established &&
               std::ranges::any_of(each.announced, [&](const Announcement& announcement) {
                   return contains(config.prefixes, announcement.prefix);
               });
    }));
}

}  // namespace nearcast::anycast
