// SPDX-License-Identifier: Apache-2.0
//
// One side's certificate and whom it believes: what TLS sessions are made from.
//
// A context never changes; a new certificate means a new context (see ReloadableContext), and the
// sessions of the old one go on. Any thread may make sessions from it.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "tls/peer.h"
#include "tls/tls_session.h"

namespace nearcast::tls {

struct ServerSettings {
    std::string certificate = {};  // A PEM file: our own certificate, then those up to the CA.
    std::string key = {};          // A PEM file without a passphrase.
    // Whether clients are asked for a certificate; who has none may stay. `client_ca`, a PEM file,
    // may be empty: then a client's key can be recognised, and its names are not believed.
    bool asks_clients = false;
    std::string client_ca = {};
    // A client that names protocols must have this one among them (RFC 7301 §3.2).
    std::string protocol = "dot";
};

struct ClientSettings {
    std::string name = {};  // Of the profile, for messages.
    // The name or address that the server's certificate must bear. Empty: only with pins.
    std::string server_name = {};
    // A PEM file. Empty without pins: the CAs that this system believes. Empty with pins: whoever
    // has a pinned key is believed, whatever his certificate says.
    std::string ca = {};
    std::vector<SpkiPin> pins = {};
    std::string certificate = {};  // What we show the server, if it asks; may be empty.
    std::string key = {};

    bool operator==(const ClientSettings&) const = default;
};

class TlsContext {
 public:
    // TLS 1.2 and 1.3.
    [[nodiscard]] static base::Result<TlsContext> for_server(const ServerSettings& settings);
    // TLS 1.3 alone, with "dot" (RFC 9103 §7.1, §7.2). Strict (RFC 8310 §5): a server that does not
    // prove to be the right one gets no connection.
    [[nodiscard]] static base::Result<TlsContext> for_client(const ClientSettings& settings);

    // Nothing is sent before the first read() or write(). `socket` is non-blocking and stays the
    // caller's. Fails only for want of memory.
    [[nodiscard]] base::Result<TlsSession> open_session(int socket) const;

    // The end of our own certificate's time, in seconds since 1970; 0: there is none.
    [[nodiscard]] int64_t expires_at() const;

    // In words for the operator: that our own certificate's time has not begun or is over, so that
    // whoever checks it refuses it. `now` is the time since 1970.
    [[nodiscard]] std::optional<base::Error> untimely(std::chrono::seconds now) const;

 private:
    explicit TlsContext(std::shared_ptr<const ContextState> state);

    std::shared_ptr<const ContextState> state_;
};

}  // namespace nearcast::tls
