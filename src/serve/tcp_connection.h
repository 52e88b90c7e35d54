// SPDX-License-Identifier: Apache-2.0
//
// One client's connection over TCP or TLS: bytes in, framed queries, framed responses, bytes out
// (RFC 7766, RFC 7858).
//
//     read() ─► [ 2-byte length | query | length | que… ] ─► answer() ─► [ length | response | … ]
//                                                                                    └─► write()
//
// The buffers belong to whoever made the connection, and are reused for the next one. Nothing here
// waits, allocates or knows the clock. Used by one worker thread alone.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/clock.h"
#include "serve/answerer.h"
#include "tls/stream.h"

namespace nearcast::serve {

constexpr size_t kFrameHeaderSize = 2;  // RFC 1035 §4.2.2.
constexpr size_t kFrameSizeMax = kFrameHeaderSize + 65535;

// Input holds the largest query. Output holds two of the largest responses, so that the next query
// is taken while a large response is still leaving.
constexpr size_t kTcpInputSize = kFrameSizeMax;
constexpr size_t kTcpOutputSize = 2 * kFrameSizeMax;

// Taken from the kernel at one turn: at most 292 questions, under a millisecond of work, so that
// one pipelining client does not make the others (and UDP) wait. A larger query takes more turns.
constexpr size_t kTcpReadMax = 4096;

// A peer that is slower than this within the idle limit, 1.6 kB/s with the usual one, and never
// takes all there is, holds a slot for next to nothing. Doubled, a client behind a bad line that
// asks for much is lost.
constexpr size_t kTcpSentStep = 16 << 10;

// Who talks with whom.
struct TcpEnds {
    PeerAddress peer{};
    PeerAddress own{};  // AF_UNSPEC: unknown.
    bool is_local = false;
};

class TcpConnection {
 public:
    enum class Progress : uint8_t {
        None,     // Nothing that counts: bytes may have moved, in either direction.
        Some,     // Queries were answered and taken, kTcpSentStep bytes left, or TLS is ready.
        Closed,   // The peer has gone, or broke the framing: destroy the connection.
        Leaving,  // Somebody else answers what comes next: call leave(), then destroy it.
    };
    struct Counts {
        size_t answered = 0;
        size_t probes = 0;  // The guard's questions, answered.
        size_t dropped = 0;
    };

    // `input` and `output` have the sizes above and outlive the connection.
    TcpConnection(tls::Stream stream, const TcpEnds& ends, std::span<uint8_t> input,
                  std::span<uint8_t> output);

    // One turn: takes what the peer sent, answers whole queries, sends what the peer takes. Clients
    // that ask are told `idle_limit` (RFC 7828).
    Progress turn(Answerer& answerer, base::Duration idle_limit, Counts& counts) noexcept;

    // Gives the connection to whom it belongs from now on. It must not be watched any more.
    void leave(Answerer& answerer) noexcept;

    // What to wait for before the next turn. Input is not wanted while a slow reader leaves no room
    // for a response: it is told so by TCP itself.
    [[nodiscard]] bool wants_input() const { return takes_queries() || writes_after_input_; }
    // Output is wanted also for a turn soon: a socket that takes more says so at once.
    [[nodiscard]] bool wants_output() const {
        return (has_output() && !writes_after_input_) || reads_after_output_ ||
               (has_unread_ && takes_queries());
    }

    // False in the handshake of TLS.
    [[nodiscard]] bool is_established() const { return stream_.is_established(); }
    // A query that has not come as a whole, or an answer that was not taken.
    [[nodiscard]] bool is_in_the_middle() const { return input_end_ > 0 || has_output(); }
    [[nodiscard]] int fd() const { return stream_.fd(); }

    // The most that input and output have held: what lies beyond was not touched.
    [[nodiscard]] size_t input_peak() const { return input_peak_; }
    [[nodiscard]] size_t output_peak() const { return output_peak_; }

 private:
    [[nodiscard]] bool takes_queries() const { return !is_closing_ && !is_leaving_ && has_room(); }
    [[nodiscard]] bool has_output() const { return output_begin_ != output_end_; }
    [[nodiscard]] bool has_room() const { return output_.size() - output_end_ >= kFrameSizeMax; }

    bool take_input(Answerer& answerer, Counts& counts) noexcept;
    bool drain_input(Answerer& answerer, Counts& counts) noexcept;
    bool read() noexcept;
    // Answers whole queries while there is room; returns how many it took.
    size_t answer(Answerer& answerer, Counts& counts) noexcept;
    // False when somebody else has to answer, and nothing was.
    bool answer_one(std::span<const uint8_t> query, Answerer& answerer, Counts& counts) noexcept;
    bool write() noexcept;

    tls::Stream stream_;
    TcpEnds ends_;
    bool is_closing_ = false;          // Takes no more input; gone once the output has left.
    bool is_leaving_ = false;          // The same, but the connection goes on elsewhere.
    bool has_unread_ = false;          // TLS holds what the socket does not know of any more.
    bool reads_after_output_ = false;  // TLS has to send before it can read on,
    bool writes_after_input_ = false;  // or the other way round.
    uint16_t keepalive_ = 0;           // What this turn tells, in units of 100 ms.
    std::span<uint8_t> input_;
    std::span<uint8_t> output_;
    size_t input_end_ = 0;  // Bytes received and not yet answered begin at 0.
    size_t output_begin_ = 0;
    size_t output_end_ = 0;
    size_t sent_ = 0;  // Since there was progress.
    size_t input_peak_ = 0;
    size_t output_peak_ = 0;
};

}  // namespace nearcast::serve
