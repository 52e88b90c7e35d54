// SPDX-License-Identifier: Apache-2.0
//
// Keys that come and go while the program runs, and what their holders may do.
//
// Whoever uses a key holds the keyring that it is of.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "transfer/tsig_key.h"
#include "transfer/update_taker.h"

namespace nearcast::transfer {

// Any thread.
class LiveKeyring {
 public:
    // What one thread has of it.
    struct Seen {
        std::shared_ptr<const TsigKeyring> keys = nullptr;
        uint64_t generation = 0;
    };

    // From now on these, and no others.
    void replace(TsigKeyring keys);
    // Brings what the thread has up to date. As long as nothing changes that is one load.
    void refresh(Seen& seen) const;

 private:
    std::atomic<uint64_t> generation_ = 1;
    mutable std::mutex mutex_;  // Guards what follows.
    std::shared_ptr<const TsigKeyring> keys_ = std::make_shared<TsigKeyring>();
};

class Grants {
 public:
    virtual ~Grants() = default;

    // Whether may_have() is worth a wait: it says no where this does. Waits for nothing.
    [[nodiscard]] virtual bool might_have(const dns::Name& zone,
                                          const Requestor& requestor) const = 0;
    // Whether the holder of that key may have the zone as a whole.
    [[nodiscard]] virtual bool may_have(const dns::Name& zone, const Requestor& requestor) = 0;
};

}  // namespace nearcast::transfer
