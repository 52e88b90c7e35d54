// SPDX-License-Identifier: Apache-2.0

#include "anycast/service_notice.h"

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>

namespace nearcast::anycast {
namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread.
    return value == nullptr ? "" : value;
}

}  // namespace

ServiceNotice::ServiceNotice() : path_(environment("NOTIFY_SOCKET")) {
    if (path_.empty() || path_.size() >= sizeof(sockaddr_un::sun_path)) return;
    socket_ = base::Fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const std::string text = environment("WATCHDOG_USEC");
    int64_t microseconds = 0;
    std::from_chars(text.data(), text.data() + text.size(), microseconds);
    interval_ = std::chrono::microseconds(microseconds / 3);
}

void ServiceNotice::tell(std::string_view assignments) const {
    if (!socket_) return;
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    if (path_.front() == '@') address.sun_path[0] = '\0';  // The abstract name space.
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
    (void)sendto(socket_.get(), assignments.data(), assignments.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address), size);
}

void ServiceNotice::keep_alive(base::Instant now) {
    if (interval_ == base::Duration{} || now < next_) return;
    next_ = now + interval_;
    tell("WATCHDOG=1");
}

}  // namespace nearcast::anycast
