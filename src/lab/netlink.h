// SPDX-License-Identifier: Apache-2.0
//
// The few orders to the kernel that the lab needs: a device up, an address on it.
//
// Talks rtnetlink itself: `ip` would cost a process for each of some hundred devices.

#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"

namespace nearcast::lab {

class Netlink {
 public:
    // Speaks of the network namespace the calling thread is in now.
    [[nodiscard]] static base::Result<Netlink> open();

    [[nodiscard]] base::Result<void> bring_up(const std::string& device);
    // One end of a way that leads to `peer` alone.
    [[nodiscard]] base::Result<void> add_peer(const std::string& device, const base::IpAddress& own,
                                              const base::IpAddress& peer);
    // An IPv6 address is usable at once: no duplicate detection.
    [[nodiscard]] base::Result<void> add_address(const std::string& device,
                                                 const base::IpAddress& address, uint8_t length);

 private:
    explicit Netlink(base::Fd socket) : socket_(std::move(socket)) {}

    [[nodiscard]] base::Result<void> put_address(const std::string& device,
                                                 const base::IpAddress& own,
                                                 const base::IpAddress& peer, uint8_t length);
    // Sends one request and waits for the kernel's verdict.
    [[nodiscard]] base::Result<void> ask(std::span<const uint8_t> request);

    base::Fd socket_;
};

}  // namespace nearcast::lab
