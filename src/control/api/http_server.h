// SPDX-License-Identifier: Apache-2.0
//
// Listens for HTTP, over TLS or without, and has a handler answer each request.
//
// Each connection has one of a fixed number of threads while it is open; idle ones give it up soon.

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/address.h"
#include "base/result.h"
#include "control/api/http_message.h"

namespace nearcast::control_api {

struct HttpOptions {
    base::SocketAddress listen;
    std::string certificate;  // File, PEM, with its chain. Empty: without TLS.
    std::string key;          // File, PEM.
    // Each waits for the disk most of its time; the group that shares one fsync is as large as this
    // at most. Half a megabyte of stack each that is touched seldom.
    size_t threads = 128;
    // A zone of a hundred thousand records is some 10 MB of JSON.
    size_t body_size_max = size_t{64} << 20;
    // Between requests of one connection, which holds a thread meanwhile.
    std::chrono::seconds idle_limit{5};
};

class HttpServer {
 public:
    using Handler = std::function<Response(const Request&)>;

    // How many bytes of body are kept for this request, which has none yet. Of one that may bring
    // none they are read and forgotten, and it is answered as without.
    using BodyLimit = std::function<size_t(const Request&)>;

    // Binds and answers from then on. Both are called on many threads.
    [[nodiscard]] static base::Result<std::unique_ptr<HttpServer>> open(const HttpOptions& options,
                                                                        Handler handler,
                                                                        BodyLimit body_limit);
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    // Waits for what is being answered.
    ~HttpServer();

 private:
    class Listener;

    explicit HttpServer(std::unique_ptr<Listener> listener);

    std::unique_ptr<Listener> listener_;
};

}  // namespace nearcast::control_api
