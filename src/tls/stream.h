// SPDX-License-Identifier: Apache-2.0
//
// A TCP connection that may be encrypted: whoever frames messages need not know.
//
// A plain one costs nothing but its descriptor. Non-blocking. Used by one thread at a time.

#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/fd.h"
#include "tls/io.h"
#include "tls/tls_session.h"

namespace nearcast::tls {

class Stream {
 public:
    Stream() = default;
    // Plain. The socket is non-blocking.
    explicit Stream(base::Fd socket);
    // `session` was opened on this socket.
    Stream(base::Fd socket, TlsSession session);
    Stream(Stream&&) noexcept;
    Stream& operator=(Stream&& other) noexcept;
    ~Stream();

    // As TlsSession has them; a plain one has no hands to shake.
    [[nodiscard]] Io shake_hands() noexcept {
        return session_ ? session_->shake_hands() : Io{Io::State::Moved};
    }
    [[nodiscard]] Io read(std::span<uint8_t> room) noexcept;
    [[nodiscard]] Io write(std::span<const uint8_t> bytes) noexcept;

    // Says goodbye, if that does not have to wait, and sends no more. What the peer sends may still
    // be taken from the descriptor.
    void finish() noexcept;
    // The same, and ends the other direction too. The descriptor stays until the stream goes.
    void end() noexcept;

    // Bytes wait that the socket does not know of any more: read() without polling.
    [[nodiscard]] bool is_pending() const { return session_ && session_->is_pending(); }
    // Ready for messages: plain, or with the handshake done.
    [[nodiscard]] bool is_established() const { return !session_ || session_->is_established(); }
    [[nodiscard]] bool is_encrypted() const { return session_.has_value(); }

    // Null when it is plain.
    [[nodiscard]] const TlsSession* session() const { return session_ ? &*session_ : nullptr; }
    [[nodiscard]] int fd() const { return socket_.get(); }

    // Why it is broken, in words for the operator.
    [[nodiscard]] std::string problem() const;

 private:
    [[nodiscard]] Io failed() noexcept;

    base::Fd socket_;  // Outlives the session, which says goodbye through it.
    std::optional<TlsSession> session_;
    int error_ = 0;  // Of a plain one that is broken.
};

}  // namespace nearcast::tls
