// SPDX-License-Identifier: Apache-2.0

#include "transfer/zone_sender.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <ctime>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

namespace nearcast::transfer {
namespace {

using base::Instant;
namespace log = base::log;

constexpr size_t kFrameHeaderSize = 2;  // RFC 1035 §4.2.2.
constexpr size_t kReadSize = 4096;
// Answers that wait for the peer may wait for transfers.
constexpr int kNiceness = 10;

// Waits for what `io` needs, or until `deadline`. False at the deadline, and when nothing helps.
bool wait_for(int fd, tls::Io io, Instant deadline) {
    const bool needs_input = io.state == tls::Io::State::NeedsInput;
    if (!needs_input && io.state != tls::Io::State::NeedsOutput) return false;
    const auto events = static_cast<short>(needs_input ? POLLIN : POLLOUT);
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - base::now()).count();
        pollfd item{fd, events, 0};
        const int ready = ::poll(&item, 1, static_cast<int>(std::max<int64_t>(left, 0)));
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

}  // namespace

class ZoneSender::Connection {
 public:
    Connection(ZoneSender& sender, tls::Stream stream, base::SocketAddress peer,
               std::span<const uint8_t> unread)
        : sender_(sender),
          stream_(std::move(stream)),
          tls_(stream_.session() ? std::optional(stream_.session()->peer()) : std::nullopt),
          peer_(peer),
          input_(unread.begin(), unread.end()),
          thread_([this] { run(); }) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() {
        // Wakes the thread wherever it waits; the descriptor itself is closed after it.
        ::shutdown(stream_.fd(), SHUT_RDWR);
        thread_.join();
    }

    [[nodiscard]] bool is_finished() const { return is_finished_.load(); }

 private:
    void run();
    // The next request, without its length; empty when there will be none.
    [[nodiscard]] std::vector<uint8_t> next_request();
    [[nodiscard]] bool has_whole_request() const;
    [[nodiscard]] bool read_some(Instant deadline);
    [[nodiscard]] bool write_frame(std::span<const uint8_t> message);
    [[nodiscard]] bool serve(const std::vector<uint8_t>& request, RequestDesk& desk);
    [[nodiscard]] bool send(GrantedTransfer& transfer);
    void tell(const GrantedTransfer& transfer, bool is_sent, Instant start) const;

    ZoneSender& sender_;
    tls::Stream stream_;
    std::optional<tls::Peer> tls_;  // Who it is, over TLS.
    base::SocketAddress peer_;
    std::vector<uint8_t> input_;
    std::vector<uint8_t> output_;
    std::vector<uint8_t> room_ = std::vector<uint8_t>(dns::kMessageSizeMax);
    MessageWriter writer_;
    size_t messages_ = 0;
    size_t bytes_ = 0;
    std::atomic<bool> is_finished_ = false;
    std::thread thread_;  // Last: it uses all the others.
};

void ZoneSender::Connection::run() {
    // Of this thread alone, on Linux.
    (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
    {
        const std::unique_ptr<RequestDesk> desk = sender_.make_desk_();
        for (;;) {
            const std::vector<uint8_t> request = next_request();
            if (request.empty() || !serve(request, *desk)) break;
        }
    }
    stream_.end();
    is_finished_.store(true);
}

bool ZoneSender::Connection::has_whole_request() const {
    return input_.size() >= kFrameHeaderSize &&
           input_.size() - kFrameHeaderSize >= base::load_u16(input_.data());
}

std::vector<uint8_t> ZoneSender::Connection::next_request() {
    const Instant deadline = base::now() + sender_.limits_.idle_limit;
    while (!has_whole_request()) {
        if (!read_some(deadline)) return {};
    }
    const auto begin = input_.begin() + kFrameHeaderSize;
    const auto end = begin + base::load_u16(input_.data());
    std::vector<uint8_t> request(begin, end);
    input_.erase(input_.begin(), end);
    return request;
}

bool ZoneSender::Connection::read_some(Instant deadline) {
    const size_t size = input_.size();
    input_.resize(size + kReadSize);
    tls::Io io;
    do {
        io = stream_.read(std::span(input_).subspan(size));
    } while (io.state != tls::Io::State::Moved && wait_for(stream_.fd(), io, deadline));
    input_.resize(size + io.size);
    return io.size > 0;
}

// Length and message together: two small packets would make the second wait for the peer's delayed
// acknowledgement (RFC 7766 §8).
bool ZoneSender::Connection::write_frame(std::span<const uint8_t> message) {
    output_.resize(kFrameHeaderSize);
    base::store_u16(output_.data(), static_cast<uint16_t>(message.size()));
    output_.insert(output_.end(), message.begin(), message.end());
    ++messages_;
    bytes_ += message.size();
    std::span<const uint8_t> left(output_);
    while (!left.empty()) {
        const tls::Io io = stream_.write(left);
        left = left.subspan(io.size);
        if (io.state == tls::Io::State::Moved) continue;
        if (!wait_for(stream_.fd(), io, base::now() + sender_.limits_.stall_limit)) return false;
    }
    return true;
}

bool ZoneSender::Connection::serve(const std::vector<uint8_t>& request, RequestDesk& desk) {
    const Request asked{.message = request,
                        .room = room_,
                        .peer = peer_.ip,
                        .is_stream = true,
                        .now = static_cast<uint64_t>(::time(nullptr)),
                        .tls = tls_ ? &*tls_ : nullptr};
    const RequestDesk::Outcome outcome = desk.answer(asked);
    if (!outcome.is_granted) {
        return outcome.size == 0 || write_frame(std::span(room_).first(outcome.size));
    }
    const auto transfer = desk.take_transfer(asked);
    // The zone went away since: the peer asks again and is told.
    return transfer != nullptr && send(*transfer);
}

bool ZoneSender::Connection::send(GrantedTransfer& transfer) {
    const Instant start = base::now();
    messages_ = bytes_ = 0;
    bool is_sent = true;
    while (is_sent && transfer.stream.next(writer_, transfer.tsig_size)) {
        size_t size = writer_.size();
        if (transfer.signer) {
            const auto now = static_cast<uint64_t>(::time(nullptr));
            size = transfer.signer->sign(writer_.room(), size, now);
        }
        is_sent = write_frame(writer_.room().first(size)) &&
                  base::now() - start < sender_.limits_.transfer_limit;
    }
    is_sent = is_sent && transfer.stream.is_complete();
    tell(transfer, is_sent, start);
    return is_sent;
}

void ZoneSender::Connection::tell(const GrantedTransfer& transfer, bool is_sent,
                                  Instant start) const {
    const auto taken =
        std::chrono::duration_cast<std::chrono::milliseconds>(base::now() - start).count();
    const bool is_incremental = transfer.stream.is_incremental();
    SentTallies::Row& row = sender_.tallies_.of(is_incremental ? Content::Changes : Content::Zone);
    (is_sent ? row.sent : row.broken).add();
    sender_.tallies_.bytes.add(bytes_);
    const auto write = is_sent ? log::info : log::warning;
    write(is_sent ? "transfer_sent" : "transfer_broken",
          {{"zone", dns::to_text(transfer.zone)},
           {"serial", std::to_string(transfer.version.version().serial())},
           {"content", is_incremental ? "changes" : "zone"},
           {"peer", base::to_text(peer_)},
           {"messages", std::to_string(messages_)},
           {"bytes", std::to_string(bytes_)},
           {"milliseconds", std::to_string(taken)}});
}

ZoneSender::ZoneSender(MakeDesk make_desk, SentTallies& tallies, SenderLimits limits)
    : make_desk_(std::move(make_desk)), tallies_(tallies), limits_(limits) {}

ZoneSender::~ZoneSender() = default;

void ZoneSender::remove_finished() {
    std::erase_if(connections_, [](const auto& each) { return each->is_finished(); });
}

void ZoneSender::take(tls::Stream stream, const base::SocketAddress& peer,
                      std::span<const uint8_t> unread) {
    const std::lock_guard lock(mutex_);
    remove_finished();
    if (connections_.size() >= limits_.connections_max) {
        tallies_.turned_away.add();
        log::warning("transfer_turned_away",
                     {{"peer", base::to_text(peer)},
                      {"reason", std::to_string(limits_.connections_max) + " are under way"}});
        return;
    }
    try {
        connections_.push_back(
            std::make_unique<Connection>(*this, std::move(stream), peer, unread));
    } catch (const std::exception& error) {  // No thread or no memory to be had.
        tallies_.turned_away.add();
        log::warning("transfer_turned_away",
                     {{"peer", base::to_text(peer)}, {"reason", error.what()}});
    }
}

}  // namespace nearcast::transfer
