// SPDX-License-Identifier: Apache-2.0
//
// What a server must prove to a client that a library of others makes, one for HTTP.
//
// The library makes the context and speaks through it; whom it believes is decided here, by the
// same rules as for our own sessions. Used by the thread that shakes hands with that context.

#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "tls/peer.h"
#include "tls/tls_context.h"

struct ssl_ctx_st;

namespace nearcast::tls {

class ServerProof {
 public:
    struct Refusal {
        SpkiPin pin{};       // Of the key that it has.
        std::string reason;  // Why it was not believed.
    };

    // Of `settings` those count that say whom to believe: server_name, ca and pins.
    explicit ServerProof(ClientSettings settings);
    ServerProof(const ServerProof&) = delete;
    ServerProof& operator=(const ServerProof&) = delete;

    // From now on no handshake of a client with this context succeeds without the proof. The
    // context borrows this object, and the library's own checks are to be off. Fails when the CA
    // cannot be read.
    [[nodiscard]] base::Result<void> demand_of(ssl_ctx_st* context);

    // The last server that was not believed; nothing when none was refused.
    [[nodiscard]] const std::optional<Refusal>& refusal() const { return refusal_; }
    void forget_refusal() { refusal_.reset(); }

 private:
    struct Verifier;

    ClientSettings settings_;
    bool believes_cas_;
    std::optional<Refusal> refusal_;
};

}  // namespace nearcast::tls
