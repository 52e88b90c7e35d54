// SPDX-License-Identifier: Apache-2.0
//
// A comparison as a picture: two bars a city, and the share of questions answered around a failure.

#pragma once

#include <string>

#include "lab/compare.h"

namespace nearcast::lab {

// A whole SVG document, readable on light and dark pages; no script, no font of its own.
[[nodiscard]] std::string comparison_svg(const Plan& plan, const Comparison& comparison);

}  // namespace nearcast::lab
