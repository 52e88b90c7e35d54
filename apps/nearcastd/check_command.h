// SPDX-License-Identifier: Apache-2.0
//
// nearcastd --check: what the server would say of the zones, without serving them.

#pragma once

#include "base/result.h"
#include "server_process.h"

namespace nearcast::app {

// Of settings that keep a server from starting, as of a wrong command line.
constexpr int kSettingsWrong = 2;

// Says what is wrong with the settings, and returns the exit status for it.
[[nodiscard]] int refuse_settings(const base::Error& error);

// Whether the store's folder is looked at: who is not the one that will write there cannot tell.
enum class StoreCheck : bool { Left, Wanted };

// Opens what a start opens, as the user whom a start becomes, and leaves nothing behind:
// certificate and key, files of secrets, folders, zones. Prints every finding on stdout, then one
// line for the whole; and what the settings say of zones that are not there. Returns the exit
// status: 0 if every zone would be served, 1 if any would not, 2 if the server would not start.
//
// The process is that user afterwards.
[[nodiscard]] int check_server(const ServerOptions& options, StoreCheck store);

}  // namespace nearcast::app
