// SPDX-License-Identifier: Apache-2.0
//
// A request and its response on a connection, read and written by the HTTP library.
//
// The library's server is used for this alone: it neither listens nor has threads. Used by one
// worker.

#pragma once

#include <httplib.h>

#include "control/api/http_connection.h"
#include "control/api/http_message.h"
#include "control/api/http_server.h"

namespace nearcast::control_api {

class HttpExchange : private httplib::Server {
 public:
    // Of one connection: others have waited meanwhile, where there is no worker for each.
    static constexpr unsigned kRequestsMax = 1000;

    // `admit` outlives it.
    explicit HttpExchange(const HttpServer::Admit& admit);

    enum class Then : bool { MayGoOn, Ends };
    // Reads the request that has begun, and answers it. False: the connection is to end, as it is
    // after one with `then` that it ends.
    [[nodiscard]] bool run(HttpConnection& connection, Then then);

 private:
    using Content = httplib::ContentReader;

    void route();
    void prepare(httplib::Request& from);
    void refuse(httplib::Response& to, int status, const char* reason);
    void answer(const httplib::Request& from, httplib::Response& to, const Content* content);
    // False: there was more of it, or it did not come.
    enum class BodyRead : uint8_t { Whole, TooLong, Broken };
    [[nodiscard]] BodyRead read_body(const httplib::Request& from, const Content& content,
                                     size_t size_max, std::string& body);
    void end_connection();

    const HttpServer::Admit& admit_;
    // Of the request on its way.
    HttpConnection* connection_ = nullptr;
    httplib::Request* from_ = nullptr;  // Null: its head could not be read.
    bool is_well_framed_ = true;
    bool ends_ = false;
};

}  // namespace nearcast::control_api
