// SPDX-License-Identifier: Apache-2.0
//
// The program in the kernel that takes queries from an interface (filter.bpf.c), and its maps.
//
// It is attached by a link that this object holds: when the process ends, however it ends, the
// kernel takes the program away, and everything goes to the sockets again.

#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/address.h"
#include "base/result.h"
#include "xdp/interface.h"

namespace nearcast::xdp {

// Where in the kernel the program runs.
enum class Mode : uint8_t {
    Native,   // In the driver, before there is a socket buffer.
    Generic,  // Behind it, for drivers that have no such place: slower than native, and works.
};

class Filter {
 public:
    // Loads the program for queries to `services`. Needs CAP_BPF and CAP_NET_ADMIN.
    [[nodiscard]] static base::Result<Filter> load(const Interface& interface,
                                                   std::span<const base::IpAddress> services);
    Filter(Filter&&) noexcept;
    Filter& operator=(Filter&&) noexcept;
    ~Filter();

    // What comes in by queue `number` goes to the AF_XDP socket `fd` from now on, until it is
    // closed.
    [[nodiscard]] base::Result<void> direct(uint32_t number, int fd);

    // Needs CAP_NET_ADMIN. Fails where another program is attached.
    [[nodiscard]] base::Result<void> attach(Mode mode);

    // Of the program itself, which this object keeps.
    [[nodiscard]] int descriptor() const;

 private:
    struct State;

    explicit Filter(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace nearcast::xdp
