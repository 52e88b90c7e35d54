// SPDX-License-Identifier: Apache-2.0
//
// A connection over TLS to a primary that all its zones are asked for on (RFC 9103 §6.3.1, §6.3.2).
//
// Questions go out one behind the other, whatever has been answered so far; what comes is told
// apart by its id, since the primary may answer in any order and side by side. There is no thread
// of its own: of those who wait for an answer one reads for all, wakes the one whose answer it is,
// and hands that on when it has its own. Who is slow to take what is his holds the others up, and
// the primary, so nothing grows.

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/result.h"
#include "tls/tls_config.h"
#include "tls/tls_context.h"
#include "transfer/link.h"

namespace nearcast::transfer {

class SharedLink {
 public:
    using Bytes = std::vector<uint8_t>;

    // Waiting for who asked; of one answer. Some hundred messages.
    static constexpr size_t kQueueMax = size_t{2} << 20;
    // Of answers that nobody waits for any more, beyond as much of those that somebody does, before
    // the connection is given up for it.
    static constexpr size_t kUnwantedMax = size_t{16} << 20;

    // Begins to connect. Once `is_stopping` is set, waits end soon.
    SharedLink(const base::SocketAddress& primary, const std::atomic<bool>& is_stopping,
               tls::TlsContext context)
        : context_(std::move(context)),
          link_(Link::Kind::Stream, primary, is_stopping, &context_) {}

    // The messages that answer one question. Ends before the link. Used by one thread.
    class Answer {
     public:
        Answer(SharedLink& link, uint16_t id) : link_(link), id_(id) {}
        Answer(const Answer&) = delete;
        Answer& operator=(const Answer&) = delete;
        ~Answer() { link_.forget(*this); }

        // Fails when nothing has come for so long, for whomever: a primary that sends one zone
        // after the other, or slowly, is not one that says nothing. And at the end.
        [[nodiscard]] base::Result<Bytes> read(std::chrono::milliseconds patience,
                                               base::Instant end);

     private:
        friend class SharedLink;

        SharedLink& link_;
        const uint16_t id_;
        // Guarded by the link's mutex.
        std::deque<Bytes> messages_;
        size_t size_ = 0;
        bool is_waiting_ = false;
        std::condition_variable changed_;
    };

    // Any thread, here and below. Fails when the id is in use, or the connection broken.
    [[nodiscard]] base::Result<std::unique_ptr<Answer>> ask(std::span<const uint8_t> question,
                                                            base::Instant deadline);

    // Whether a question may still be asked on it, as far as can be known without asking.
    [[nodiscard]] bool is_usable();
    [[nodiscard]] bool is_broken() { return error_now().has_value(); }

 private:
    // With the mutex, all of these.
    [[nodiscard]] bool is_full() const;
    void read_for_all(std::unique_lock<std::mutex>& lock, base::Instant deadline);
    void share_out();
    void deliver(std::span<const uint8_t> message);
    // One of those who wait reads from now on, if somebody may and nobody does.
    void hand_on();
    void set_error(const base::Error& error);

    [[nodiscard]] std::optional<base::Error> error_now();
    void forget(Answer& answer);
    void fail(const base::Error& error);

    tls::TlsContext context_;
    Link link_;
    std::mutex writing_;  // Held while a question goes out. Taken first.
    std::mutex mutex_;    // Guards what follows.
    std::map<uint16_t, Answer*> answers_;
    Bytes input_;
    base::Instant heard_at_{};  // When something came last.
    size_t unwanted_ = 0;       // See kUnwantedMax.
    bool has_reader_ = false;
    std::optional<base::Error> error_;  // Why it is broken.
};

// One connection for each primary and profile. Any thread.
class SharedLinks {
 public:
    // `is_stopping` outlives it.
    explicit SharedLinks(const std::atomic<bool>& is_stopping) : is_stopping_(is_stopping) {}

    struct Lease {
        std::shared_ptr<SharedLink> link;
        bool is_new = false;
    };
    // The files of the profile are read for each new connection. One that is not usable any more
    // goes as soon as nobody has it.
    [[nodiscard]] base::Result<Lease> get(const base::SocketAddress& primary,
                                          const tls::ClientSettings& settings);
    // For a question. By chance two of the many that are under way would have the same now and
    // then; it protects nothing where TLS does.
    [[nodiscard]] uint16_t next_id() { return next_id_.fetch_add(1); }

 private:
    struct Known {
        base::SocketAddress primary;
        tls::ClientSettings settings;
        std::shared_ptr<SharedLink> link;
    };

    const std::atomic<bool>& is_stopping_;
    std::atomic<uint16_t> next_id_ = 0;
    std::mutex mutex_;  // Guards the list.
    std::vector<Known> known_;
};

}  // namespace nearcast::transfer
