// SPDX-License-Identifier: Apache-2.0
//
// filter.bpf.c as clang compiled it, within this program: cmake/xdp.cmake writes the definition.

#pragma once

#include <cstdint>
#include <span>

namespace nearcast::xdp {

extern const std::span<const uint8_t> kFilterObject;

}  // namespace nearcast::xdp
