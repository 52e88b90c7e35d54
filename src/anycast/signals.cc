// SPDX-License-Identifier: Apache-2.0

#include "anycast/signals.h"

#include <algorithm>
#include <cerrno>
#include <fstream>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace nearcast::anycast {
namespace {

using base::Fd;
using base::Result;

ifreq request_for(const std::string& device) {
    ifreq request{};
    std::copy_n(device.begin(), std::min(device.size(), sizeof request.ifr_name - 1),
                request.ifr_name);
    return request;
}

Result<Fd> open_driver(const std::string& driver) {
    Fd fd(open(driver.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (fd) return fd;
    const int reason = errno;
    auto failed = base::fail_errno("cannot open " + driver, reason);
    if (reason == EACCES || reason == EPERM) {
        failed.error().hint =
            "chmod 0666 " + driver + " (it lets users attach to their own devices)";
    } else if (reason == ENOENT || reason == ENODEV || reason == ENXIO) {
        failed.error().hint =
            "modprobe tun; in a container, pass the device " + driver + " through";
    }
    return failed;
}

// Returns errno, 0 for success.
int try_attach(const Fd& fd, const std::string& device) {
    ifreq request = request_for(device);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    return ioctl(fd.get(), TUNSETIFF, &request) == 0 ? 0 : errno;
}

std::unexpected<base::Error> cannot_attach(const std::string& device, int reason) {
    auto failed = base::fail_errno("cannot attach to device " + device, reason);
    if (reason == EBUSY) {
        failed.error().hint = "find the other process: grep -l " + device + " /proc/*/fdinfo/*";
    } else if (reason == EPERM) {
        failed.error().hint = "sudo nearcast node prepare --config node.toml";
    } else if (reason == EINVAL) {
        failed.error().hint = "ip link delete " + device + ", which is no TUN device";
    }
    return failed;
}

// Without CAP_NET_ADMIN, TUNSETIFF on a missing device says only EPERM.
Result<void> check_exists(const std::string& device) {
    if (if_nametoindex(device.c_str()) != 0) return {};
    return base::fail("device " + device + " does not exist",
                      "sudo nearcast node prepare --config node.toml");
}

Result<void> set_link_up(const std::string& device) {
    const Fd control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request = request_for(device);
    if (ioctl(control.get(), SIOCGIFFLAGS, &request) == 0) {
        request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
        if (ioctl(control.get(), SIOCSIFFLAGS, &request) == 0) return {};
    }
    return base::fail_errno("cannot set device " + device + " up", errno);
}

// Or the kernel would give it a link-local address and send router solicitations into a queue that
// nobody reads. Absent where the kernel has no IPv6.
void forbid_own_address(const std::string& device) {
    std::ofstream("/proc/sys/net/ipv6/conf/" + device + "/addr_gen_mode") << "1\n";
}

}  // namespace

Result<void> TunSignal::raise() {
    if (is_up()) return {};
    if (auto exists = check_exists(device_); !exists) return exists;
    auto fd = open_driver(driver_);
    if (!fd) return std::unexpected(fd.error());
    if (const int reason = try_attach(*fd, device_)) return cannot_attach(device_, reason);
    fd_ = std::move(*fd);
    return {};
}

Result<void> SignalPair::show(const Signals& wanted) {
    if (!wanted.live) live_.drop();
    if (!wanted.pref) pref_.drop();
    // A pref that cannot be raised must not keep live down: a last resort is better than nothing.
    Result<void> outcome;
    if (wanted.pref) outcome = pref_.raise();
    if (wanted.live) {
        if (auto raised = live_.raise(); !raised) {
            pref_.drop();
            outcome = raised;
        }
    }
    return outcome;
}

Result<void> prepare_device(const std::string& driver, const std::string& device, uid_t owner) {
    auto fd = open_driver(driver);
    if (!fd) return std::unexpected(fd.error());
    const int reason = try_attach(*fd, device);
    // Held by a running guard: then it is already what it should be.
    if (reason == EBUSY) return {};
    if (reason != 0) return cannot_attach(device, reason);
    forbid_own_address(device);
    if (ioctl(fd->get(), TUNSETOWNER, static_cast<unsigned long>(owner)) != 0 ||
        ioctl(fd->get(), TUNSETPERSIST, 1UL) != 0) {
        return base::fail_errno("cannot make device " + device + " persistent", errno);
    }
    return set_link_up(device);
}

Result<void> check_device(const std::string& driver, const std::string& device) {
    TunSignal signal(driver, device);
    return signal.raise();
}

}  // namespace nearcast::anycast
