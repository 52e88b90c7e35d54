// SPDX-License-Identifier: Apache-2.0
//
// A Unix socket on which an operator's command asks this process: one JSON object a line, one back.
//
//     {"command": "reload"}  ─►  {"ok": true, "zones": 12, ...}
//
// A reply may come later than the request (a reload takes its time); each client waits for its own.
// Reachable for the process's user and group alone (mode 0660).

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <poll.h>

#include "base/fd.h"
#include "base/result.h"

namespace nearcast::app {

class ControlSocket {
 public:
    using ClientId = uint64_t;
    // Called with each request line. It answers with reply(), then or later.
    using Handler = std::function<void(ClientId client, const std::string& line)>;

    // Replaces a socket file that nobody answers any more; refuses one that somebody does.
    [[nodiscard]] static base::Result<std::unique_ptr<ControlSocket>> open(const std::string& path,
                                                                           Handler handler);
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;
    ~ControlSocket();

    // For poll(): appends what to wait for, then handles what became ready.
    void append_to(std::vector<pollfd>& wait) const;
    void handle(const std::vector<pollfd>& ready);

    // Sends one line. A client that has gone is ignored.
    void reply(ClientId client, const std::string& line);

 private:
    struct Client {
        ClientId id = 0;
        base::Fd socket;
        std::string input;
    };

    ControlSocket(base::Fd listener, std::string path, Handler handler);
    void accept_client();
    // False when the client has gone or does not keep to the form.
    bool read_from(ClientId id);
    [[nodiscard]] Client* find(ClientId id);

    base::Fd listener_;
    std::string path_;
    Handler handler_;
    std::vector<Client> clients_;
    ClientId next_id_ = 1;
};

}  // namespace nearcast::app
