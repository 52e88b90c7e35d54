// SPDX-License-Identifier: Apache-2.0
//
// A topology as text: the TOML files that `nearcast lab up --topology FILE` takes.
//
// A router names its place ("tokyo", of the list of cities, or latitude and longitude) and those it
// buys from; a link's delay follows from the distance, unless a [[link]] says otherwise.
// data/default.toml is the topology one gets without a file, and the example to start from.

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "lab/topology.h"

namespace nearcast::lab {

// The error says file, line, key and a way out. What comes back has passed check().
[[nodiscard]] base::Result<Topology> read_topology(const std::string& path);

// The same from memory; `path` is only for messages.
[[nodiscard]] base::Result<Topology> parse_topology(std::string_view text, const std::string& path);

// Five PoPs on five continents, twelve client cities. Compiled in.
[[nodiscard]] Topology default_topology();

// parse_topology() reads back the same topology.
[[nodiscard]] std::string to_toml(const Topology& topology);

}  // namespace nearcast::lab
