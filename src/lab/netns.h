// SPDX-License-Identifier: Apache-2.0
//
// Network namespaces with a name, where `ip netns` looks for them too (/run/netns).
//
// A namespace belongs to a thread: to be "in" one changes only what the calling thread does from
// then on, and a socket or device made there stays there.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/fd.h"
#include "base/result.h"

namespace nearcast::lab {

// Makes /run/netns a place where names can be mounted, as `ip netns add` does. Once, before others.
[[nodiscard]] base::Result<void> prepare_namespaces();

// The calling thread is in the new namespace afterwards.
[[nodiscard]] base::Result<void> create_namespace(const std::string& name);

// Takes the name away. The namespace goes with its last process or socket.
void remove_namespace(const std::string& name);

// The names that start with `prefix`, sorted.
[[nodiscard]] std::vector<std::string> namespaces_with(std::string_view prefix);

// The processes in any of these namespaces. A zombie counts as long as it has a namespace.
[[nodiscard]] std::vector<pid_t> processes_in_any(std::span<const std::string> names);

// While it lives the calling thread is in the namespace; afterwards it is where it was.
class NamespaceVisit {
 public:
    [[nodiscard]] static base::Result<NamespaceVisit> enter(const std::string& name);

    NamespaceVisit(NamespaceVisit&&) = default;
    NamespaceVisit& operator=(NamespaceVisit&&) = default;
    ~NamespaceVisit();

 private:
    explicit NamespaceVisit(base::Fd home) : home_(std::move(home)) {}

    base::Fd home_;  // None after a move.
};

// The calling thread goes there and stays.
[[nodiscard]] base::Result<void> move_into_namespace(const std::string& name);

}  // namespace nearcast::lab
