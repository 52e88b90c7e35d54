// SPDX-License-Identifier: Apache-2.0
//
// One TLS connection over a non-blocking socket.
//
// The handshake happens inside the first reads and writes: whoever reads while there is input gets
// through it. Errors are values; a broken session stays broken. The program ignores SIGPIPE. Used
// by one thread at a time.

#pragma once

#include <memory>
#include <span>
#include <string>

#include "tls/io.h"
#include "tls/peer.h"

struct ssl_st;

namespace nearcast::tls {

struct ContextState;

class TlsSession {
 public:
    TlsSession(TlsSession&&) noexcept;
    TlsSession& operator=(TlsSession&&) noexcept;
    ~TlsSession();

    // Takes the handshake further without data. Moved: it is done.
    [[nodiscard]] Io shake_hands() noexcept;

    // Records are taken from the socket as many as there are, 16 KiB together, and decrypted one at
    // a time: what does not fit into `room`, and the records behind it, are is_pending and come
    // with the next reads, without the socket becoming readable.
    [[nodiscard]] Io read(std::span<uint8_t> room) noexcept;

    // After NeedsInput or NeedsOutput the next write begins with the same bytes.
    [[nodiscard]] Io write(std::span<const uint8_t> bytes) noexcept;

    // Tells the peer that nothing more comes, if that does not have to wait. The end does so too.
    void say_goodbye() noexcept;

    // The handshake is done: who the peer is, as far as that was asked, is settled.
    [[nodiscard]] bool is_established() const;
    // True also for the beginning of a record, which a read cannot give.
    [[nodiscard]] bool is_pending() const;

    // Meaningful once established.
    [[nodiscard]] Peer peer() const;

    // Why it is broken, in words for the operator.
    [[nodiscard]] std::string problem() const;

 private:
    friend class TlsContext;
    struct Freer {
        void operator()(ssl_st* session) const;
    };
    using Pointer = std::unique_ptr<ssl_st, Freer>;

    TlsSession(std::shared_ptr<const ContextState> context, Pointer session);
    [[nodiscard]] Io failed(int outcome) noexcept;

    std::shared_ptr<const ContextState> context_;  // The session reads in it: it outlives it.
    Pointer session_;
    bool is_broken_ = false;
    unsigned long error_ = 0;  // OpenSSL's, once broken; zero: the network's.
};

}  // namespace nearcast::tls
