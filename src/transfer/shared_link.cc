// SPDX-License-Identifier: Apache-2.0

#include "transfer/shared_link.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "dns/header.h"

namespace nearcast::transfer {
namespace {

using base::Instant;
using base::Result;

constexpr size_t kFrameHeaderSize = 2;
constexpr size_t kReadSize = size_t{16} << 10;  // As large as a TLS record.

}  // namespace

Result<SharedLink::Bytes> SharedLink::Answer::read(std::chrono::milliseconds patience,
                                                   Instant end) {
    const Instant start = base::now();
    std::unique_lock lock(link_.mutex_);
    for (;;) {
        const Instant deadline = std::min(end, std::max(start, link_.heard_at_) + patience);
        if (!messages_.empty()) {
            Bytes message = std::move(messages_.front());
            messages_.pop_front();
            size_ -= message.size();
            link_.hand_on();
            return message;
        }
        if (link_.error_) return std::unexpected(*link_.error_);
        if (base::now() >= deadline) {
            link_.hand_on();
            return base::fail("no answer in time");
        }
        if (link_.has_reader_ || link_.is_full()) {
            is_waiting_ = true;
            changed_.wait_until(lock, deadline);
            is_waiting_ = false;
        } else {
            link_.read_for_all(lock, deadline);
        }
    }
}

Result<std::unique_ptr<SharedLink::Answer>> SharedLink::ask(std::span<const uint8_t> question,
                                                            Instant deadline) {
    auto answer = std::make_unique<Answer>(*this, base::load_u16(question.data()));
    {
        const std::lock_guard lock(mutex_);
        if (!answers_.try_emplace(answer->id_, answer.get()).second) {
            return base::fail("two questions have the same id by chance", "it is asked again");
        }
    }
    const std::lock_guard writing(writing_);
    if (auto error = error_now()) return std::unexpected(*error);
    if (auto sent = link_.write_frame(question, deadline); !sent) {
        fail(sent.error());  // A part of it may have gone out.
        return std::unexpected(sent.error());
    }
    return answer;
}

std::optional<base::Error> SharedLink::error_now() {
    const std::lock_guard lock(mutex_);
    return error_;
}

bool SharedLink::is_usable() {
    const std::lock_guard lock(mutex_);
    const bool is_idle = !error_ && !has_reader_ && answers_.empty() && link_.is_ready();
    if (!is_idle) return !error_;
    // What the primary has closed says so.
    std::array<uint8_t, kReadSize> room;
    const tls::Io::State state = link_.read_at_hand(room).state;
    return state == tls::Io::State::NeedsInput || state == tls::Io::State::NeedsOutput;
}

bool SharedLink::is_full() const {
    return std::ranges::any_of(answers_,
                               [](const auto& each) { return each.second->size_ > kQueueMax; });
}

// A deadline that is over is that of the one who reads, and nobody else's.
void SharedLink::read_for_all(std::unique_lock<std::mutex>& lock, Instant deadline) {
    has_reader_ = true;
    lock.unlock();
    std::array<uint8_t, kReadSize> room;
    const Result<size_t> got = link_.read_some(room, deadline);
    lock.lock();
    has_reader_ = false;
    if (got) {
        heard_at_ = base::now();
        input_.insert(input_.end(), room.begin(), room.begin() + static_cast<ptrdiff_t>(*got));
        share_out();
    } else if (base::now() < deadline) {
        set_error(got.error());
    }
}

void SharedLink::share_out() {
    std::span<const uint8_t> left(input_);
    while (left.size() >= kFrameHeaderSize) {
        const size_t size = base::load_u16(left.data());
        if (left.size() - kFrameHeaderSize < size) break;
        deliver(left.subspan(kFrameHeaderSize, size));
        left = left.subspan(kFrameHeaderSize + size);
    }
    input_.erase(input_.begin(), input_.end() - static_cast<ptrdiff_t>(left.size()));
}

void SharedLink::deliver(std::span<const uint8_t> message) {
    const auto wanted = message.size() < dns::kHeaderSize
                            ? answers_.end()
                            : answers_.find(base::load_u16(message.data()));
    const size_t size = message.size() + kFrameHeaderSize;
    if (wanted != answers_.end()) {
        unwanted_ -= std::min(unwanted_, size);
        wanted->second->messages_.emplace_back(message.begin(), message.end());
        wanted->second->size_ += message.size();
        wanted->second->changed_.notify_one();
        return;
    }
    unwanted_ += size;
    if (unwanted_ > kUnwantedMax) {
        set_error({"the primary sends too much that nobody asked for", ""});
    }
}

// Whoever stops reading, for whatever reason, calls this: else all would wait for nobody.
void SharedLink::hand_on() {
    if (has_reader_ || is_full()) return;
    const auto waiting = std::ranges::find_if(answers_, [](const auto& each) {
        return each.second->is_waiting_ && each.second->messages_.empty();
    });
    if (waiting != answers_.end()) waiting->second->changed_.notify_one();
}

void SharedLink::set_error(const base::Error& error) {
    if (!error_) error_ = error;
    for (const auto& [id, answer] : answers_) answer->changed_.notify_one();
}

void SharedLink::forget(Answer& answer) {
    const std::lock_guard lock(mutex_);
    const auto known = answers_.find(answer.id_);
    if (known == answers_.end() || known->second != &answer) return;
    answers_.erase(known);
    hand_on();  // It may have been the one that held the others up.
}

void SharedLink::fail(const base::Error& error) {
    const std::lock_guard lock(mutex_);
    set_error(error);
}

Result<SharedLinks::Lease> SharedLinks::get(const base::SocketAddress& primary,
                                            const tls::ClientSettings& settings) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(known_, [&](const Known& each) {
        return each.primary == primary && each.settings == settings;
    });
    if (found != known_.end()) {
        if (found->link->is_usable()) return Lease{found->link, /*is_new=*/false};
        known_.erase(found);
    }
    auto context = tls::TlsContext::for_client(settings);
    if (!context) return std::unexpected(context.error());
    auto link = std::make_shared<SharedLink>(primary, is_stopping_, *std::move(context));
    known_.push_back({primary, settings, link});
    return Lease{std::move(link), /*is_new=*/true};
}

}  // namespace nearcast::transfer
