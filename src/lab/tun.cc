// SPDX-License-Identifier: Apache-2.0

#include "lab/tun.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

namespace nearcast::lab {

using base::fail_errno;
using base::Fd;
using base::Result;

Result<Fd> open_tun(const std::string& device) {
    Fd fd(::open(kTunDriver, O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!fd) return fail_errno(kTunDriver, errno);
    ifreq request{};
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
    if (::ioctl(fd.get(), TUNSETIFF, &request) != 0 || ::ioctl(fd.get(), TUNSETPERSIST, 1) != 0) {
        return fail_errno("device " + device, errno);
    }
    return fd;
}

Result<void> end_with_descriptor(const Fd& tun) {
    if (::ioctl(tun.get(), TUNSETPERSIST, 0) != 0) return fail_errno("device", errno);
    return {};
}

Result<void> set_carrier(const Fd& tun, bool has_carrier) {
    const int value = has_carrier ? 1 : 0;
    if (::ioctl(tun.get(), TUNSETCARRIER, &value) != 0) return fail_errno("carrier", errno);
    return {};
}

}  // namespace nearcast::lab
