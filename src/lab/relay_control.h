// SPDX-License-Identifier: Apache-2.0
//
// Orders to the relay, as one line of text over a Unix socket; the answer starts with
// "ok".
//
//   ping | cut LINK | down LINK | join LINK | quality LINK DELAY_US JITTER_US LOSS
//   state LINK            the answer is "ok cut" or "ok whole"
//   add WIRE | remove WIRE
//
// LINK is the link's number in the topology, WIRE what to_words() makes of a wire. A cut link loses
// packets in silence; one that is down has no carrier besides, which both routers see. `join` makes
// either whole.

#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace nearcast::lab {

inline constexpr size_t kOrderMax = 256;

// The relay's end.
[[nodiscard]] base::Result<base::Fd> listen_for_orders(const std::string& path);
// Call when `listener` is readable: hears one order and sends what `obey` answers.
void take_order(const base::Fd& listener,
                const std::function<std::string(const std::string&)>& obey);

// Sends one order and returns the answer; an answer that is not "ok" is an error.
[[nodiscard]] base::Result<std::string> order_relay(const std::string& path,
                                                    const std::string& order);

}  // namespace nearcast::lab
