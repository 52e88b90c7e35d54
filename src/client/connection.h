// SPDX-License-Identifier: Apache-2.0
//
// Asks a controller over HTTPS, one request at a time over a connection that is kept.
//
//   auto connection = Connection::open(target);
//   const auto zones = connection->ask({.path = "/api/v1/servers/localhost/zones"});
//
// Whom it believes: Target says. Used by one thread at a time.

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "client/target.h"

#include <nlohmann/json.hpp>

namespace nearcast::client {

struct Request {
    std::string method = "GET";
    std::string path;          // With its query; escaped() makes its parts.
    nlohmann::json body = {};  // Null: none.
    std::map<std::string, std::string> headers = {};
};

struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;  // Names in lower case; the first of each.
    std::string text;                            // The body.
    nlohmann::json json;                         // The body, if it is JSON; else null.

    // Empty when it is not there.
    [[nodiscard]] std::string header(const std::string& name) const;
};

struct Patience {
    // A controller at the other end of the world answers a handshake within a second.
    std::chrono::seconds connecting{10};
    // Between two parts of an answer. Longer than `?wait=` waits, and than a large import takes.
    std::chrono::seconds answering{120};
    // After an answer: the next request later than this goes over a connection of its own. A
    // controller ends one over which nothing came for five seconds, and what is sent just then is
    // lost.
    std::chrono::seconds unused{2};
};

// What is to be done, where whoever asks knows better than what is usual.
struct Advice {
    std::string unreached = {};  // Nobody answers there.
    std::string unproved = {};   // The server does not prove to be the right one.
};

class Connection {
 public:
    // Nothing is sent yet. Fails when the target's address, CA or pin cannot be used.
    [[nodiscard]] static base::Result<Connection> open(const Target& target, Patience patience = {},
                                                       Advice advice = {});
    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;
    ~Connection();

    // The answer, whatever its status is. Fails when there is none.
    [[nodiscard]] base::Result<Answer> exchange(const Request& request);

    // The answer of a success; any other status is an error in the controller's own words.
    [[nodiscard]] base::Result<Answer> ask(const Request& request);

 private:
    class Link;

    explicit Connection(std::unique_ptr<Link> link);

    std::unique_ptr<Link> link_;
};

// What an answer of 400 and above says, with what can be done about it.
[[nodiscard]] base::Error error_of(const Answer& answer);

}  // namespace nearcast::client
