// SPDX-License-Identifier: Apache-2.0
//
// One connection of an HTTP client, over TLS or without, as the HTTP library reads and writes it.
//
// Each wait has an end, however many single bytes come meanwhile. What was read and not used yet
// stays for the next request. Used by one worker.

#pragma once

#include <array>
#include <string>
#include <string_view>

#include <httplib.h>

#include "base/clock.h"
#include "control/api/connection_desk.h"
#include "control/api/http_server.h"
#include "tls/stream.h"

namespace nearcast::control_api {

class HttpConnection final : public httplib::Stream {
 public:
    // `place` is of `desk`, and is left at the end.
    HttpConnection(tls::Stream stream, ConnectionDesk& desk, ConnectionDesk::Connection& place,
                   const HttpPatience& patience);
    HttpConnection(const HttpConnection&) = delete;
    HttpConnection& operator=(const HttpConnection&) = delete;
    ~HttpConnection() override;

    // Waits for the first byte of the next request. False: there is none.
    [[nodiscard]] bool await_request();
    // The head is read: its size is bounded, that of the body is up to who reads it.
    void begin_body() { head_left_ = SIZE_MAX; }
    // The request is there as a whole, as far as it is wanted. False: the connection has given way,
    // and nothing is to come of the request.
    [[nodiscard]] bool begin_answer() { return begin(ConnectionDesk::Phase::Answering); }
    // Nothing more is said. Waits for the client to end the connection.
    void finish();

    // The library's. A read that fails, or is over, gives -1.
    [[nodiscard]] bool is_readable() const override;
    [[nodiscard]] bool is_writable() const override;
    ssize_t read(char* to, size_t size) override;
    ssize_t write(const char* from, size_t size) override;
    void get_remote_ip_and_port(std::string& ip, int& port) const override;
    void get_local_ip_and_port(std::string& ip, int& port) const override;
    [[nodiscard]] socket_t socket() const override { return stream_.fd(); }

 private:
    [[nodiscard]] bool begin(ConnectionDesk::Phase phase);
    [[nodiscard]] bool fill();
    void read_line(char& next);
    // Until the stream can go on. False: the time is up.
    [[nodiscard]] bool await(tls::Io::State need) const;
    [[nodiscard]] base::Instant deadline() const;

    tls::Stream stream_;
    ConnectionDesk& desk_;
    ConnectionDesk::Connection& place_;
    const HttpPatience& patience_;
    ConnectionDesk::Phase phase_ = ConnectionDesk::Phase::Asking;
    base::Instant since_ = base::now();  // In this phase.
    size_t moved_ = 0;                   // Bytes, in this phase.
    size_t head_left_;
    bool is_in_line_ = true;  // The first one of a request.
    bool has_query_ = false;
    std::string_view spelt_;  // What is left of a character that is spelt as an escape.
    bool is_first_ = true;
    bool is_over_ = false;
    std::array<uint8_t, size_t{16} << 10> room_{};  // A TLS record as a whole.
    size_t begin_ = 0;                              // Of what was read and not used.
    size_t end_ = 0;
};

}  // namespace nearcast::control_api
