// SPDX-License-Identifier: Apache-2.0
//
// The files of data/ that are compiled into the program. CMake writes the definitions.

#pragma once

#include <string_view>

namespace nearcast::lab {

extern const std::string_view kCitiesTsv;
extern const std::string_view kDefaultTopologyToml;

}  // namespace nearcast::lab
