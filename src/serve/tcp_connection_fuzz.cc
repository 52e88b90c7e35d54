// SPDX-License-Identifier: Apache-2.0
//
// Property: whatever a stream holds, however it is cut, every whole query in front of a broken
// frame is answered once and in order, and the turns end. The first byte says how it is cut.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include <sys/socket.h>

#include "base/bytes.h"
#include "serve/tcp_connection.h"

namespace {

namespace base = nearcast::base;
namespace serve = nearcast::serve;

class Echo final : public serve::Answerer {
 public:
    void respond(std::span<nearcast::answer::Exchange> batch) noexcept override {
        for (nearcast::answer::Exchange& exchange : batch) {
            exchange.response_size = std::min(exchange.query.size(), exchange.room.size());
            std::copy_n(exchange.query.begin(), exchange.response_size, exchange.room.begin());
            ++asked;
        }
    }
    void offline() noexcept override {}
    size_t asked = 0;
};

size_t whole_queries(std::span<const uint8_t> stream) {
    size_t count = 0;
    while (stream.size() >= serve::kFrameHeaderSize) {
        const size_t size = base::load_u16(stream.data());
        if (size < 12 || stream.size() < serve::kFrameHeaderSize + size) break;
        stream = stream.subspan(serve::kFrameHeaderSize + size);
        ++count;
    }
    return count;
}

void take_responses(int socket) {
    std::array<uint8_t, 4096> room{};
    while (recv(socket, room.data(), room.size(), MSG_DONTWAIT) > 0) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 1) return 0;
    const size_t piece = size_t{data[0]} + 1;
    const std::span<const uint8_t> stream(data + 1, size - 1);
    int ends[2] = {};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) return 0;
    const base::Fd client(ends[0]);
    static std::vector<uint8_t> input(serve::kTcpInputSize);
    static std::vector<uint8_t> output(serve::kTcpOutputSize);
    serve::TcpConnection connection(nearcast::tls::Stream(base::Fd(ends[1])), {}, input, output);
    Echo echo;
    serve::TcpConnection::Counts counts;
    bool is_open = true;
    for (size_t at = 0; is_open && at < stream.size(); at += piece) {
        const auto part = stream.subspan(at, std::min(piece, stream.size() - at));
        if (send(client.get(), part.data(), part.size(), MSG_NOSIGNAL) < 0) break;
        is_open = connection.turn(echo, std::chrono::seconds(10), counts) !=
                  serve::TcpConnection::Progress::Closed;
        take_responses(client.get());
    }
    if (echo.asked != whole_queries(stream)) std::abort();
    if (is_open && !connection.wants_input()) std::abort();
    return 0;
}
