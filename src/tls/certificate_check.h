// SPDX-License-Identifier: Apache-2.0
//
// What a start opens for TLS, opened without a server.

#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "tls/tls_context.h"

namespace nearcast::tls {

// Fails when no server could show this certificate. One whose time is over is shown all the same:
// that is added to the doubts.
[[nodiscard]] base::Result<void> check_certificate(const ServerSettings& settings,
                                                   std::vector<base::Error>& doubts);

// Adds each profile that no connection could be made with: the server starts without it.
void check_profiles(std::span<const ClientSettings> profiles, std::vector<base::Error>& doubts);

}  // namespace nearcast::tls
