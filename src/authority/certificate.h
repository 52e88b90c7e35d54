// SPDX-License-Identifier: Apache-2.0
//
// The server's own certificate for TLS, at start and at each reload; logs what comes of it.
//
// One whose time is over, or has not begun, never replaces one that is good; it is used when there
// is no better one, and told each time, since whoever checks it refuses to connect.

#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "tls/reloadable_context.h"
#include "tls/tls_context.h"

namespace nearcast::authority {

struct CertificateTrouble {
    base::Error error;
    bool is_used = false;  // The one in trouble, for want of a better one.

    // What follows from it, for the operator.
    [[nodiscard]] std::string consequence() const;
};

// `now` is the time since 1970. Fails when there is none that can be used.
[[nodiscard]] base::Result<void> load_certificate(tls::ReloadableContext& tls,
                                                  std::chrono::seconds now);

// Once load_certificate() has succeeded. Nothing, or what is wrong.
[[nodiscard]] std::optional<CertificateTrouble> reload_certificate(tls::ReloadableContext& tls,
                                                                   std::chrono::seconds now);

// Of one that is in use.
[[nodiscard]] std::optional<CertificateTrouble> judge_certificate(const tls::TlsContext& context,
                                                                  std::chrono::seconds now);

}  // namespace nearcast::authority
