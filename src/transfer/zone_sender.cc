// SPDX-License-Identifier: Apache-2.0

#include "transfer/zone_sender.h"

#include <algorithm>
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

bool is_update(std::span<const uint8_t> request) {
    if (request.size() < dns::kHeaderSize) return false;
    const unsigned opcode = (dns::load_header(request).flags & dns::kOpcodeMask) >> 11;
    return opcode == static_cast<unsigned>(dns::Opcode::Update);
}

}  // namespace

class ZoneSender::Connection {
 public:
    Connection(ZoneSender& sender, Arrival arrival)
        : sender_(sender),
          purpose_(arrival.purpose),
          stream_(std::move(arrival.stream)),
          tls_(stream_.session() ? std::optional(stream_.session()->peer()) : std::nullopt),
          was_member_(is_member()),
          peer_(arrival.peer),
          input_(std::move(arrival.unread)),
          thread_([this] { run(); }) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() {
        // Wakes the thread wherever it waits; the descriptor itself is closed after it.
        ::shutdown(stream_.fd(), SHUT_RDWR);
        thread_.join();
    }

    [[nodiscard]] bool is_finished() const { return is_finished_.load(); }
    [[nodiscard]] Purpose purpose() const { return purpose_.load(); }

    // Since when it has nothing to do; nothing while it has.
    [[nodiscard]] std::optional<Instant> idle_since() const {
        if (state_.load() != State::Idle) return std::nullopt;
        return idle_since_.load();
    }
    // Whether it ends now. It does not once a request has come: that is answered.
    [[nodiscard]] bool give_way() {
        State idle = State::Idle;
        if (!state_.compare_exchange_strong(idle, State::GivingWay)) return false;
        ::shutdown(stream_.fd(), SHUT_RDWR);
        return true;
    }

 private:
    enum class State : uint8_t { Busy, Idle, GivingWay };

    // A zone under way.
    struct Sending {
        std::unique_ptr<GrantedTransfer> transfer;
        uint16_t id = 0;
        Instant start;
        size_t messages = 0;
        size_t bytes = 0;
    };

    void run();
    // Goes on until there is no more to do, or no more can be done.
    void work(RequestDesk& desk);
    // Whether the next request is there, and may be looked at.
    [[nodiscard]] bool has_request() const;
    [[nodiscard]] std::vector<uint8_t> take_request();
    // Waits until the peer says something. False also when it is to give way to another.
    [[nodiscard]] bool idle_until(Instant deadline);
    // One of the nodes, now.
    [[nodiscard]] bool is_member() const {
        return sender_.transfers_to(tls_ ? &*tls_ : nullptr) == Purpose::Members;
    }
    [[nodiscard]] Instant idle_end() const {
        const SenderLimits& limits = sender_.limits_;
        return base::now() +
               (purpose_ == Purpose::Members ? limits.member_idle_limit : limits.idle_limit);
    }
    // Waits for more of what the peer says; without waiting, what is there.
    [[nodiscard]] bool read_some(Instant deadline);
    void read_at_hand();
    [[nodiscard]] bool write_frame(std::span<const uint8_t> message);
    [[nodiscard]] bool serve(const std::vector<uint8_t>& request, RequestDesk& desk);
    // False when there are too many connections with transfers already.
    [[nodiscard]] bool may_send();
    // The next message of the zone whose turn it is.
    [[nodiscard]] bool send_next();
    [[nodiscard]] bool send_message(Sending& sending);
    void tell(const Sending& sending, bool is_sent) const;

    ZoneSender& sender_;
    std::atomic<Purpose> purpose_;
    std::atomic<State> state_ = State::Busy;
    std::atomic<Instant> idle_since_ = base::now();  // When its last request had been answered.
    tls::Stream stream_;
    std::optional<tls::Peer> tls_;  // Who it is, over TLS.
    bool was_member_;               // When it came.
    base::SocketAddress peer_;
    std::vector<uint8_t> input_;
    std::vector<uint8_t> output_;
    std::vector<uint8_t> room_ = std::vector<uint8_t>(dns::kMessageSizeMax);
    MessageWriter writer_;
    std::list<Sending> sendings_;  // The one whose turn it is comes first.
    bool is_first_ = true;         // The next request is the one that a worker handed over.
    bool has_ended_ = false;       // The peer says nothing more.
    std::atomic<bool> is_finished_ = false;
    std::thread thread_;  // Last: it uses all the others.
};

void ZoneSender::Connection::run() {
    // Of this thread alone, on Linux.
    (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
    work(*sender_.make_desk_());
    for (const Sending& sending : sendings_) tell(sending, /*is_sent=*/false);
    sendings_.clear();
    stream_.end();
    sender_.leave(purpose_);
    is_finished_.store(true);
}

void ZoneSender::Connection::work(RequestDesk& desk) {
    Instant deadline = idle_end();
    for (;;) {
        while (has_request()) {
            if (!serve(take_request(), desk)) return;
            idle_since_.store(base::now());
            deadline = idle_end();
        }
        if (sendings_.empty()) {
            if (!idle_until(deadline)) return;
            continue;
        }
        if (!send_next()) return;
        idle_since_.store(base::now());
        deadline = idle_end();
        read_at_hand();
    }
}

bool ZoneSender::Connection::has_request() const {
    const bool is_whole = input_.size() >= kFrameHeaderSize &&
                          input_.size() - kFrameHeaderSize >= base::load_u16(input_.data());
    if (!is_whole || sendings_.empty()) return is_whole;
    if (sendings_.size() >= sender_.limits_.side_by_side_max) return false;
    // The peer tells answers apart by their ids: two with the same would be one to it.
    const bool has_id = base::load_u16(input_.data()) >= 2;
    const uint16_t id = has_id ? base::load_u16(input_.data() + kFrameHeaderSize) : 0;
    return std::ranges::find(sendings_, id, &Sending::id) == sendings_.end();
}

std::vector<uint8_t> ZoneSender::Connection::take_request() {
    const auto begin = input_.begin() + kFrameHeaderSize;
    const auto end = begin + base::load_u16(input_.data());
    std::vector<uint8_t> request(begin, end);
    input_.erase(input_.begin(), end);
    return request;
}

bool ZoneSender::Connection::idle_until(Instant deadline) {
    state_.store(State::Idle);
    sender_.count_idle(purpose_, true);
    const bool has_more = read_some(deadline);
    const bool goes_on = state_.exchange(State::Busy) == State::Idle && has_more;
    sender_.count_idle(purpose_, false);
    return goes_on;
}

bool ZoneSender::Connection::read_some(Instant deadline) {
    if (has_ended_) return false;
    const size_t size = input_.size();
    input_.resize(size + kReadSize);
    tls::Io io;
    do {
        io = stream_.read(std::span(input_).subspan(size));
    } while (io.state != tls::Io::State::Moved && wait_for(stream_.fd(), io, deadline));
    input_.resize(size + io.size);
    return io.size > 0;
}

// Requests that came meanwhile, no more of them than can be looked at. A peer that has said all it
// had to say still gets what it asked for.
void ZoneSender::Connection::read_at_hand() {
    if (has_ended_ || input_.size() > dns::kMessageSizeMax) return;
    const size_t size = input_.size();
    input_.resize(size + kReadSize);
    const tls::Io io = stream_.read(std::span(input_).subspan(size));
    input_.resize(size + io.size);
    has_ended_ = io.state != tls::Io::State::Moved && io.state != tls::Io::State::NeedsInput &&
                 io.state != tls::Io::State::NeedsOutput;
}

// Length and message together: two small packets would make the second wait for the peer's delayed
// acknowledgement (RFC 7766 §8).
bool ZoneSender::Connection::write_frame(std::span<const uint8_t> message) {
    output_.resize(kFrameHeaderSize);
    base::store_u16(output_.data(), static_cast<uint16_t>(message.size()));
    output_.insert(output_.end(), message.begin(), message.end());
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
                        .tls = tls_ ? &*tls_ : nullptr,
                        .is_counted = std::exchange(is_first_, false)};
    RequestDesk::Outcome outcome = desk.answer(asked);
    if (outcome.is_granted) {
        auto transfer = may_send() ? desk.take_transfer(asked) : nullptr;
        if (transfer != nullptr) {
            sendings_.push_back({.transfer = std::move(transfer),
                                 .id = base::load_u16(request.data()),
                                 .start = base::now()});
            return true;
        }
        outcome = desk.decline(asked);  // Also where the zone went away since.
    }
    return outcome.size == 0 || write_frame(std::span(room_).first(outcome.size));
}

bool ZoneSender::Connection::may_send() {
    if (purpose_ != Purpose::Updates) return true;
    const Purpose wanted = sender_.transfers_to(tls_ ? &*tls_ : nullptr);
    if (!sender_.is_let_over(wanted)) {
        sender_.turn_away(peer_, "it had sent updates, and there are too many transfers");
        return false;
    }
    purpose_ = wanted;
    return true;
}

bool ZoneSender::Connection::send_next() {
    if (was_member_ && !is_member()) return false;  // Revoked meanwhile.
    Sending& sending = sendings_.front();
    if (!send_message(sending)) return false;
    if (sending.transfer->stream.is_complete()) {
        tell(sending, /*is_sent=*/true);
        sendings_.pop_front();
        return true;
    }
    if (base::now() - sending.start > sender_.limits_.transfer_limit) return false;
    sendings_.splice(sendings_.end(), sendings_, sendings_.begin());
    return true;
}

bool ZoneSender::Connection::send_message(Sending& sending) {
    GrantedTransfer& transfer = *sending.transfer;
    if (!transfer.stream.next(writer_, transfer.tsig_size)) return false;
    size_t size = writer_.size();
    if (transfer.signer) {
        const auto now = static_cast<uint64_t>(::time(nullptr));
        size = transfer.signer->sign(writer_.room(), size, now);
    }
    ++sending.messages;
    sending.bytes += size;
    return write_frame(writer_.room().first(size));
}

void ZoneSender::Connection::tell(const Sending& sending, bool is_sent) const {
    const GrantedTransfer& transfer = *sending.transfer;
    const auto taken =
        std::chrono::duration_cast<std::chrono::milliseconds>(base::now() - sending.start).count();
    const bool is_incremental = transfer.stream.is_incremental();
    SentTallies::Row& row = sender_.tallies_.of(is_incremental ? Content::Changes : Content::Zone);
    (is_sent ? row.sent : row.broken).add();
    sender_.tallies_.bytes.add(sending.bytes);
    const auto write = is_sent ? log::info : log::warning;
    write(is_sent ? "transfer_sent" : "transfer_broken",
          {{"zone", dns::to_text(transfer.zone)},
           {"serial", std::to_string(transfer.version.version().serial())},
           {"content", is_incremental ? "changes" : "zone"},
           {"peer", base::to_text(peer_)},
           {"messages", std::to_string(sending.messages)},
           {"bytes", std::to_string(sending.bytes)},
           {"milliseconds", std::to_string(taken)}});
}

ZoneSender::ZoneSender(MakeDesk make_desk, SentTallies& tallies, SenderLimits limits,
                       const Members* members)
    : make_desk_(std::move(make_desk)),
      tallies_(tallies),
      members_(members),
      limits_(limits),
      thread_([this] { receive_arrivals(); }) {}

ZoneSender::~ZoneSender() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

ZoneSender::Purpose ZoneSender::transfers_to(const tls::Peer* peer) const {
    const bool is_member = members_ != nullptr && peer != nullptr && members_->has(*peer);
    return is_member ? Purpose::Members : Purpose::Transfers;
}

ZoneSender::Purpose ZoneSender::purpose_of(std::span<const uint8_t> request,
                                           const tls::Peer* peer) const {
    return is_update(request) ? Purpose::Updates : transfers_to(peer);
}

bool ZoneSender::has_room(Purpose purpose, const base::SocketAddress& peer) {
    bool has_room = false;
    {
        const std::lock_guard lock(mutex_);
        const Places& places = at(purpose);
        has_room = arrivals_.size() < limits_.arrivals_max &&
                   places.taken < limit_of(purpose) + places.idle;
    }
    if (!has_room) turn_away(peer, std::to_string(limit_of(purpose)) + " are under way");
    return has_room;
}

void ZoneSender::take(tls::Stream stream, const base::SocketAddress& peer,
                      std::span<const uint8_t> unread) {
    std::optional<tls::Peer> tls;
    if (stream.session() != nullptr) tls = stream.session()->peer();
    const auto request = unread.subspan(std::min(kFrameHeaderSize, unread.size()));
    const Purpose purpose = purpose_of(request, tls ? &*tls : nullptr);
    {
        const std::lock_guard lock(mutex_);
        if (arrivals_.size() >= limits_.arrivals_max) {
            tallies_.turned_away.add();
            return;
        }
        ++at(purpose).taken;
        arrivals_.push_back({std::move(stream), peer, {unread.begin(), unread.end()}, purpose});
    }
    wake_.notify_one();
}

// A thread that begins, and one that is waited for, cost a worker time that it has not.
void ZoneSender::receive_arrivals() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return is_stopping_ || !arrivals_.empty(); });
        if (is_stopping_) return;
        Arrival arrival = std::move(arrivals_.front());
        arrivals_.pop_front();
        lock.unlock();
        std::erase_if(connections_, [](const auto& each) { return each->is_finished(); });
        const Purpose purpose = arrival.purpose;
        if (!is_crowded(purpose) || make_room(purpose)) {
            admit(std::move(arrival));
        } else {
            leave(purpose);
            turn_away(arrival.peer, std::to_string(limit_of(purpose)) + " are under way");
        }
        lock.lock();
    }
}

void ZoneSender::admit(Arrival arrival) {
    const base::SocketAddress peer = arrival.peer;
    const Purpose purpose = arrival.purpose;
    try {
        connections_.push_back(std::make_unique<Connection>(*this, std::move(arrival)));
    } catch (const std::exception& error) {  // No thread or no memory to be had.
        leave(purpose);
        turn_away(peer, error.what());
    }
}

void ZoneSender::turn_away(const base::SocketAddress& peer, const std::string& reason) {
    tallies_.turned_away.add();
    log::warning("transfer_turned_away", {{"peer", base::to_text(peer)}, {"reason", reason}});
}

size_t ZoneSender::limit_of(Purpose purpose) const {
    switch (purpose) {
        case Purpose::Updates:
            return limits_.updates_max;
        case Purpose::Members:
            return limits_.members_max;
        default:
            return limits_.transfers_max;
    }
}

bool ZoneSender::is_crowded(Purpose purpose) {
    const std::lock_guard lock(mutex_);
    return at(purpose).taken > limit_of(purpose);
}

bool ZoneSender::make_room(Purpose purpose) {
    for (;;) {
        auto longest = connections_.end();
        Instant since = Instant::max();
        for (auto at = connections_.begin(); at != connections_.end(); ++at) {
            const auto idle = (*at)->purpose() == purpose ? (*at)->idle_since() : std::nullopt;
            if (!idle || *idle >= since) continue;
            longest = at;
            since = *idle;
        }
        if (longest == connections_.end()) return false;
        // Else it has got a request meanwhile, and is no longer idle.
        if (!(*longest)->give_way()) continue;
        connections_.erase(longest);  // Waits for the thread, which has only to end.
        return true;
    }
}

void ZoneSender::leave(Purpose purpose) {
    const std::lock_guard lock(mutex_);
    --at(purpose).taken;
}

void ZoneSender::count_idle(Purpose purpose, bool is_idle) {
    const std::lock_guard lock(mutex_);
    size_t& idle = at(purpose).idle;
    idle = is_idle ? idle + 1 : idle - 1;
}

bool ZoneSender::is_let_over(Purpose to) {
    const std::lock_guard lock(mutex_);
    if (at(to).taken >= limit_of(to)) return false;
    ++at(to).taken;
    --at(Purpose::Updates).taken;
    return true;
}

}  // namespace nearcast::transfer
