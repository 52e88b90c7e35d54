// SPDX-License-Identifier: Apache-2.0
//
// Gives up root: what stays is the right to bind ports below 1024, for restarts of the child, and
// where it is to attach XDP to interfaces, the rights for that.
//
// Call after privileged descriptors are open (sockets below 1024, /dev/net/tun) and before the
// first thread: the kernel keeps credentials by thread.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nearcast::app {

constexpr std::string_view kDefaultUser = "nearcast";

enum class Rights : uint8_t {
    Ports,        // CAP_NET_BIND_SERVICE.
    PortsAndXdp,  // Also CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF: see docs/guides/xdp.md.
};

// Becomes `user` with its groups, keeps `rights` (permitted, effective and ambient) as far as the
// process has them and nothing else, and forbids gaining any by exec. An empty `user` means
// kDefaultUser if it exists; if not, the process stays root by number, but of root's capabilities
// keeps only this one and CAP_DAC_READ_SEARCH, to read what root can read. Not root: it stays who
// it is, and gives up all but `rights`. Returns the name of the user that the process now is.
//
// The process stays dumpable: a crash leaves a core and perf works for its own user. It holds no
// private key of a zone (those never leave the controller), but that of its certificate for TLS.
[[nodiscard]] base::Result<std::string> drop_privileges(const std::string& user,
                                                        Rights rights = Rights::Ports);

// Whom a server becomes that was told nothing: kDefaultUser if there is such a user and it can read
// the files in `directory`; else who it is.
struct UsualUser {
    std::string name;
    // What keeps it from being kDefaultUser: the first path that this one cannot read. Empty:
    // nothing.
    std::string unreadable = {};
};
[[nodiscard]] UsualUser usual_user(const std::string& directory);

}  // namespace nearcast::app
