// SPDX-License-Identifier: Apache-2.0
//
// A Unix socket that takes commands as lines of JSON and answers each with a line of JSON.
//
//   {"command": "drain"}   →   {"ok": true}   or   {"error": "...", "try": "..."}
//
// Only root and the node's user may connect (the socket's mode is 0600 in a directory of theirs).

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace nearcast::anycast {

class ControlSocket {
 public:
    // Answers a command: the word after "command". Runs on the thread that calls serve().
    using Answer = std::function<std::string(std::string_view command)>;

    // Replaces a socket that an earlier process left behind at `path`.
    [[nodiscard]] static base::Result<ControlSocket> open(const std::string& path, Answer answer);

    // Answers clients for up to `patience`, then returns. Clients beyond a bound are turned away;
    // one that sends no whole line within seconds is closed.
    void serve(base::Duration patience);

 private:
    struct Client {
        base::Fd fd;
        std::string received;
        base::Instant deadline;
    };

    ControlSocket(base::Fd listener, Answer answer)
        : listener_(std::move(listener)), answer_(std::move(answer)) {}
    void accept_client();
    // False when the client is done with.
    [[nodiscard]] bool read_client(Client& client);
    [[nodiscard]] std::string reply_to(const std::string& line);

    base::Fd listener_;
    Answer answer_;
    std::vector<Client> clients_;
};

// Sends one command to the socket at `path` and returns the line it answers, within `patience`.
[[nodiscard]] base::Result<std::string> ask_control(
    const std::string& path, std::string_view command,
    base::Duration patience = std::chrono::seconds(10));

// The answer to a command that succeeded, and to one that did not.
[[nodiscard]] std::string control_ok();
[[nodiscard]] std::string control_error(const base::Error& error);

// What an answer says: nothing, or the error in it.
[[nodiscard]] base::Result<void> check_control_answer(const std::string& line);

}  // namespace nearcast::anycast
