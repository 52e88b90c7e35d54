// SPDX-License-Identifier: Apache-2.0
//
// The files of data/ and the example zones that are compiled into the program. CMake writes the
// definitions.

#pragma once

#include <span>
#include <string_view>

namespace nearcast::lab {

extern const std::string_view kCitiesTsv;
extern const std::string_view kDefaultTopologyToml;

struct EmbeddedFile {
    std::string_view name;
    std::string_view text;
};
extern const std::span<const EmbeddedFile> kExampleZones;  // examples/zones/

}  // namespace nearcast::lab
