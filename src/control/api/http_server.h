// SPDX-License-Identifier: Apache-2.0
//
// Listens for HTTP, over TLS or without, and has a handler answer each request.
//
// One thread accepts; each connection has one of a fixed number of workers while it is open. Who is
// slow, idle or many keeps nobody else out: see connection_desk.h and http_connection.h.

#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/address.h"
#include "base/result.h"
#include "control/api/connection_desk.h"
#include "control/api/http_message.h"
#include "tls/reloadable_context.h"

namespace nearcast::control_api {

struct HttpPatience {
    // For a request, and for a response: to come or go as a whole, and as much more as its bytes
    // take at the slowest rate that is borne.
    std::chrono::milliseconds limit{10'000};
    size_t bytes_per_second_min = size_t{64} << 10;
    // Between two requests, which holds a worker meanwhile.
    std::chrono::milliseconds idle_limit{5000};
    // After the last response, for the client to end the connection: closing it earlier could
    // destroy what he has not read yet (RFC 9112 §9.6).
    std::chrono::milliseconds end_limit{2000};
};

struct HttpOptions {
    base::SocketAddress listen;
    // Outlives the server, and has a certificate. Null: without TLS.
    const tls::ReloadableContext* tls = nullptr;
    // Each waits for the disk most of its time; the group that shares one fsync is as large as this
    // at most. Half a megabyte of stack each that is touched seldom.
    size_t threads = 128;
    ConnectionLimits limits = {};
    HttpPatience patience = {};
    // At the end: for the responses to what is being answered.
    std::chrono::milliseconds stop_limit{2000};
};

class HttpServer {
 public:
    // Is asked once the head of a request is there. On many threads.
    using Admit = std::function<Admission(const Request& head)>;

    // Binds and answers from then on.
    [[nodiscard]] static base::Result<std::unique_ptr<HttpServer>> open(const HttpOptions& options,
                                                                        Admit admit);
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    // Waits for what is being answered, and for nobody else.
    ~HttpServer();

    // The one that was taken where 0 was asked for.
    [[nodiscard]] uint16_t port() const;

 private:
    class Loop;

    explicit HttpServer(std::unique_ptr<Loop> loop);

    std::unique_ptr<Loop> loop_;
};

}  // namespace nearcast::control_api
