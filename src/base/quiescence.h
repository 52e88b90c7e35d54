// SPDX-License-Identifier: Apache-2.0
//
// Quiescent-state reclamation: readers use shared objects without a lock, writers free them late.
//
// A writer unlinks an object (by storing another pointer) and retires it. It is freed once every
// reader that was online at that moment has since announced that it holds no reference
// (quiescent()), or has gone offline. A reader pays one store for each batch of work; a reader
// about to block goes offline(), so that a sleeping or stuck reader is the only one that delays
// freeing, and nobody ever waits for it: memory stays retired until collect() finds it unused.
//
// The shared pointer itself is stored and loaded with memory_order_seq_cst (on x86 the load costs
// what an acquire does). Built on std::atomic alone, so ThreadSanitizer checks it.
//
//     writer:  epoch 7 ──retire(A)──► epoch 8            A is free when every slot is 0 or >= 8
//     reader:  slot = 7 … reading A … slot = 8 (quiescent) … slot = 0 (offline)

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace nearcast::base {

class Quiescence {
 public:
    class Reader;

    Quiescence() = default;
    Quiescence(const Quiescence&) = delete;
    Quiescence& operator=(const Quiescence&) = delete;
    // No reader may be left. Runs what is still retired.
    ~Quiescence();

    // Takes over `reclaim`, which frees an object that no reader can reach any more by a pointer it
    // loads from now on. Runs what has become safe, on this thread. Never waits for a reader.
    void retire(std::function<void()> reclaim);

    // Runs what has become safe; returns how many retired objects still wait.
    size_t collect();

 private:
    static constexpr uint64_t kOffline = 0;

    // A cache line each: a reader's stores disturb no other reader.
    struct alignas(64) Slot {
        std::atomic<uint64_t> seen = kOffline;
        bool is_taken = false;  // Guarded by mutex_.
    };
    struct Retired {
        uint64_t epoch;
        std::function<void()> reclaim;
    };

    Slot& take_slot();
    void give_back(Slot& slot);
    // What may run now; call with mutex_ held, run it after releasing.
    std::vector<Retired> take_safe();

    std::atomic<uint64_t> epoch_ = 1;
    std::mutex mutex_;  // Guards the two below; readers take it only to come and go.
    std::vector<std::unique_ptr<Slot>> slots_;
    std::vector<Retired> retired_;
};

// One for each reading thread, used by that thread alone. Starts offline.
class Quiescence::Reader {
 public:
    explicit Reader(Quiescence& domain) : domain_(domain), slot_(domain.take_slot()) {}
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() { domain_.give_back(slot_); }

    // From here on, pointers loaded stay valid until quiescent() or offline().
    void online() {
        slot_.seen.store(domain_.epoch_.load(std::memory_order_seq_cst), std::memory_order_seq_cst);
    }

    // Says: what I loaded before, I no longer use. Call it once a batch while online.
    void quiescent() {
        const uint64_t epoch = domain_.epoch_.load(std::memory_order_acquire);
        if (epoch != slot_.seen.load(std::memory_order_relaxed)) online();
    }

    // Call before blocking. Pointers loaded before are invalid afterwards.
    void offline() { slot_.seen.store(kOffline, std::memory_order_release); }

 private:
    Quiescence& domain_;
    Slot& slot_;
};

}  // namespace nearcast::base
