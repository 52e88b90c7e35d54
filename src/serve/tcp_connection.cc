// SPDX-License-Identifier: Apache-2.0

#include "serve/tcp_connection.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "serve/tcp_acknowledgement.h"

namespace nearcast::serve {
namespace {

// A frame too short for a DNS header means that the peer does not speak DNS, or lost its place.
constexpr size_t kQuerySizeMin = 12;

using KeepaliveUnit = std::chrono::duration<int64_t, std::deci>;  // RFC 7828 §3.1.

using tls::Io;

}  // namespace

TcpConnection::TcpConnection(tls::Stream stream, const TcpEnds& ends, std::span<uint8_t> input,
                             std::span<uint8_t> output)
    : stream_(std::move(stream)), ends_(ends), input_(input), output_(output) {
    assert(input_.size() >= kTcpInputSize);
    assert(output_.size() >= kTcpOutputSize);
}

TcpConnection::Progress TcpConnection::turn(Answerer& answerer, base::Duration idle_limit,
                                            Counts& counts) noexcept {
    const bool was_established = is_established();
    const bool had_output = has_output();
    const size_t counted_before = counts.answered + counts.dropped + counts.probes;
    keepalive_ = static_cast<uint16_t>(std::chrono::floor<KeepaliveUnit>(idle_limit).count());
    // Queries that waited for room come before new ones.
    if (!write() || !drain_input(answerer, counts)) return Progress::Closed;
    if (!take_input(answerer, counts)) return Progress::Closed;
    if (is_leaving_ && !has_output()) return Progress::Leaving;
    if (is_closing_ && !has_output()) return Progress::Closed;
    // Answers that nobody takes are no progress, however many were asked for.
    const bool has_answered = counts.answered + counts.dropped + counts.probes > counted_before;
    const bool has_served = !has_output() && (has_answered || had_output);
    if (!has_served && sent_ < kTcpSentStep && is_established() == was_established) {
        return Progress::None;
    }
    sent_ = 0;
    return Progress::Some;
}

// Clients of TLS send a record for each query: what it has taken from the socket at once is
// answered at once. Returns false when the connection broke.
bool TcpConnection::take_input(Answerer& answerer, Counts& counts) noexcept {
    has_unread_ = false;
    size_t taken = 0;
    while (takes_queries()) {
        const size_t before = input_end_;
        if (!read()) return false;
        const size_t got = input_end_ - before;
        taken += got;
        has_unread_ = stream_.is_pending() && got > 0;  // Less than a record is for the socket.
        if (!has_unread_ || taken >= kTcpReadMax || input_end_ == input_.size()) break;
    }
    if (!drain_input(answerer, counts)) return false;
    const bool has_more_to_come = taken > 0 && input_end_ > 0 && !has_output();
    if (has_more_to_come && !stream_.is_encrypted()) acknowledge_now(stream_.fd());
    return true;
}

// Afterwards a whole query waits in the input only if the peer is slow to take its responses.
// Returns false when the connection broke.
bool TcpConnection::drain_input(Answerer& answerer, Counts& counts) noexcept {
    // Ends: each round takes a query, and the input is finite.
    while (answer(answerer, counts) > 0) {
        if (!write()) return false;
    }
    return true;
}

// Returns false when the connection broke. A peer that only ended its own side still gets what it
// asked for (RFC 7766 §6.2.4).
bool TcpConnection::read() noexcept {
    const size_t room = std::min(input_.size() - input_end_, kTcpReadMax);
    assert(room > 0);
    const Io io = stream_.read(input_.subspan(input_end_, room));
    if (io.state == Io::State::Broken) return false;
    if (io.state == Io::State::Ended) is_closing_ = true;
    reads_after_output_ = io.state == Io::State::NeedsOutput;
    input_end_ += io.size;
    input_peak_ = std::max(input_peak_, input_end_);
    return true;
}

size_t TcpConnection::answer(Answerer& answerer, Counts& counts) noexcept {
    size_t taken = 0;
    size_t begin = 0;
    while (!is_leaving_ && has_room() && input_end_ - begin >= kFrameHeaderSize) {
        const size_t size = base::load_u16(input_.data() + begin);
        if (size < kQuerySizeMin) {
            is_closing_ = true;
            begin = input_end_;
            break;
        }
        if (input_end_ - begin < kFrameHeaderSize + size) break;
        if (!answer_one(input_.subspan(begin + kFrameHeaderSize, size), answerer, counts)) break;
        begin += kFrameHeaderSize + size;
        ++taken;
    }
    std::memmove(input_.data(), input_.data() + begin, input_end_ - begin);
    input_end_ -= begin;
    return taken;
}

bool TcpConnection::answer_one(std::span<const uint8_t> query, Answerer& answerer,
                               Counts& counts) noexcept {
    answer::Exchange exchange{
        .query = query,
        .room = output_.subspan(output_end_ + kFrameHeaderSize, kFrameSizeMax - kFrameHeaderSize),
        .transport = answer::Transport::Tcp,
        .is_local = ends_.is_local,
        .peer = &ends_.peer.generic,
        .asked = ip_of(ends_.own),
        .asked_port = port_of(ends_.own),
        .is_encrypted = stream_.is_encrypted(),
        .session = stream_.session(),
        .keepalive = keepalive_,
    };
    answerer.respond({&exchange, 1});
    is_leaving_ = exchange.takes_connection;
    if (is_leaving_) return false;
    assert(exchange.response_size <= exchange.room.size());
    if (exchange.response_size == 0) {
        ++counts.dropped;
        return true;
    }
    base::store_u16(output_.data() + output_end_, static_cast<uint16_t>(exchange.response_size));
    output_end_ += kFrameHeaderSize + exchange.response_size;
    output_peak_ = std::max(output_peak_, output_end_);
    ++(exchange.is_probe ? counts.probes : counts.answered);
    return true;
}

void TcpConnection::leave(Answerer& answerer) noexcept {
    answerer.take_connection(std::move(stream_), ends_.peer, input_.first(input_end_));
}

// Returns false when the connection broke.
bool TcpConnection::write() noexcept {
    writes_after_input_ = false;
    while (has_output()) {
        const Io io = stream_.write(output_.subspan(output_begin_, output_end_ - output_begin_));
        if (io.state == Io::State::Broken || io.state == Io::State::Ended) return false;
        writes_after_input_ = io.state == Io::State::NeedsInput;
        if (io.state != Io::State::Moved) return true;
        output_begin_ += io.size;
        sent_ += io.size;
    }
    output_begin_ = output_end_ = 0;
    return true;
}

}  // namespace nearcast::serve
