// SPDX-License-Identifier: Apache-2.0
//
// Which of FRR's daemons a machine starts: the file /etc/frr/daemons.

#pragma once

#include <string>
#include <string_view>

namespace nearcast::anycast {

// The same file with those switched on that a node needs: bgpd and bfdd. FRR starts zebra and
// staticd always. Everything else stays as it is.
[[nodiscard]] std::string with_frr_daemons(std::string_view text);

}  // namespace nearcast::anycast
