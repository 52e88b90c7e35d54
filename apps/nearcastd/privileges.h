// SPDX-License-Identifier: Apache-2.0
//
// Gives up root: what stays is the right to bind ports below 1024, for restarts of the child.
//
// Call after privileged descriptors are open (sockets below 1024, /dev/net/tun) and before the
// first thread: the kernel keeps credentials by thread.

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace nearcast::app {

constexpr std::string_view kDefaultUser = "nearcast";

// Becomes `user` with its groups, keeps CAP_NET_BIND_SERVICE (permitted, effective and ambient) and
// nothing else, and forbids gaining any by exec. An empty `user` means kDefaultUser if it exists;
// if not, the process stays root by number, but of root's capabilities keeps only this one and
// CAP_DAC_READ_SEARCH, to read what root can read. Not root: only the last step is taken. Returns
// the name of the user that the process now is.
//
// The process stays dumpable: a crash leaves a core and perf works for its own user. It holds no
// private key of a zone (those never leave the controller), but that of its certificate for TLS.
[[nodiscard]] base::Result<std::string> drop_privileges(const std::string& user);

// Whom a server becomes that was told nothing: kDefaultUser if there is such a user and it can read
// the files in `directory`; else who it is.
[[nodiscard]] std::string default_user(const std::string& directory);

}  // namespace nearcast::app
