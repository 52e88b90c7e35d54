// SPDX-License-Identifier: Apache-2.0
//
// What `nearcast node join` needs of the machine: its own address, files, and other programs.

#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/address.h"
#include "base/result.h"

namespace nearcast {

// From where this machine would speak to that host. Nothing is sent.
[[nodiscard]] base::Result<base::IpAddress> own_address_towards(const std::string& host,
                                                                uint16_t port);

// Whether somebody takes TCP connections there, from here.
[[nodiscard]] base::Result<void> check_reachable(const base::SocketAddress& address);

// Writes the file in place of an older one, all of it or nothing.
[[nodiscard]] base::Result<void> write_file(const std::string& path, const std::string& text,
                                            mode_t mode);
// Makes it if it is not there. Fails when files cannot be made in it.
[[nodiscard]] base::Result<void> make_directory(const std::string& path);
// Fails when nothing could be given to that user.
[[nodiscard]] base::Result<void> check_user(const std::string& user);
// Fails when no such program is there, along PATH or where its path says.
[[nodiscard]] base::Result<void> check_program(const std::string& name, const std::string& hint);
// To that user; nothing is done without root, or for an empty name.
[[nodiscard]] base::Result<void> give_to(const std::string& path, const std::string& user);

// Runs it to its end, found along PATH, with our own input and output. Fails unless it ends with 0.
[[nodiscard]] base::Result<void> run_program(const std::vector<std::string>& arguments);

// This process becomes it. Comes back only when it cannot.
[[nodiscard]] base::Result<void> become_program(const std::vector<std::string>& arguments);

// A program of ours: where this one lies, or along PATH.
[[nodiscard]] std::string path_of_program(const std::string& name);

}  // namespace nearcast
