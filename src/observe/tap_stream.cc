// SPDX-License-Identifier: Apache-2.0

#include "observe/tap_stream.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fstrm.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

namespace nearcast::observe {
namespace {

constexpr std::string_view kContentType = "protobuf:dnstap.Dnstap";

// A reader that takes nothing for so long is given up; it may connect again.
constexpr std::chrono::seconds kPatience{5};
// How soon the end of the server is noticed while waiting for a reader.
constexpr int kLookMilliseconds = 100;

class Pipe {
 public:
    Pipe(base::Fd fd, bool is_socket, const std::atomic<bool>& is_ending)
        : fd_(std::move(fd)), is_socket_(is_socket), is_ending_(is_ending) {}

    fstrm_res write(const iovec* parts, int count) {
        for (int i = 0; i < count; ++i) {
            const auto* at = static_cast<const uint8_t*>(parts[i].iov_base);
            for (size_t left = parts[i].iov_len; left > 0;) {
                const ssize_t done = is_socket_ ? ::send(fd_.get(), at, left, MSG_NOSIGNAL)
                                                : ::write(fd_.get(), at, left);
                if (done < 0 && !(is_pause(errno) && wait_for(POLLOUT))) return fstrm_res_failure;
                if (done < 0) continue;
                at += done;
                left -= static_cast<size_t>(done);
            }
        }
        return fstrm_res_success;
    }

    fstrm_res read(void* room, size_t size) {
        auto* at = static_cast<uint8_t*>(room);
        while (size > 0) {
            const ssize_t done = ::recv(fd_.get(), at, size, 0);
            if (done == 0) return fstrm_res_stop;
            if (done < 0 && !(is_pause(errno) && wait_for(POLLIN))) return fstrm_res_failure;
            if (done < 0) continue;
            at += done;
            size -= static_cast<size_t>(done);
        }
        return fstrm_res_success;
    }

 private:
    static bool is_pause(int error) { return error == EAGAIN || error == EINTR; }

    [[nodiscard]] bool wait_for(short events) const {
        const base::Instant end = base::now() + kPatience;
        while (!is_ending_.load(std::memory_order_relaxed) && base::now() < end) {
            pollfd item{fd_.get(), events, 0};
            if (::poll(&item, 1, kLookMilliseconds) > 0) return true;
        }
        return false;
    }

    base::Fd fd_;
    bool is_socket_;
    const std::atomic<bool>& is_ending_;
};

base::Result<base::Fd> connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return base::fail("dnstap socket " + path + ": the path is too long");
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    base::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket &&
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        return socket;
    }
    auto failed = base::fail_errno("dnstap socket " + path, errno);
    failed.error().hint =
        "a reader that listens there, as fstrm_capture -t protobuf:dnstap.Dnstap "
        "-u " +
        path + " -w FILE";
    return failed;
}

base::Result<base::Fd> create(const std::string& path) {
    base::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
    if (file) return file;
    return base::fail_errno("dnstap file " + path, errno);
}

fstrm_res no_action(void* /*channel*/) { return fstrm_res_success; }
fstrm_res write_to(void* channel, const iovec* parts, int count) {
    return static_cast<Pipe*>(channel)->write(parts, count);
}
fstrm_res read_from(void* channel, void* room, size_t size) {
    return static_cast<Pipe*>(channel)->read(room, size);
}

}  // namespace

struct TapStream::Library {
    Library(base::Fd fd, bool is_socket, const std::atomic<bool>& is_ending)
        : channel(std::move(fd), is_socket, is_ending) {
        fstrm_rdwr* way = fstrm_rdwr_init(&channel);
        fstrm_rdwr_set_open(way, no_action);
        fstrm_rdwr_set_close(way, no_action);
        fstrm_rdwr_set_write(way, write_to);
        if (is_socket) fstrm_rdwr_set_read(way, read_from);  // There is somebody to greet.
        fstrm_writer_options* options = fstrm_writer_options_init();
        (void)fstrm_writer_options_add_content_type(options, kContentType.data(),
                                                    kContentType.size());
        writer = fstrm_writer_init(options, &way);
        fstrm_writer_options_destroy(&options);
    }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    ~Library() { (void)fstrm_writer_destroy(&writer); }

    Pipe channel;
    fstrm_writer* writer = nullptr;
};

base::Result<std::unique_ptr<TapStream>> TapStream::open(const TapConfig& config,
                                                         const std::atomic<bool>& is_ending) {
    const bool is_socket = !config.socket.empty();
    base::Result<base::Fd> fd = is_socket ? connect_to(config.socket) : create(config.file);
    if (!fd) return std::unexpected(fd.error());
    auto library = std::make_unique<Library>(*std::move(fd), is_socket, is_ending);
    if (library->writer == nullptr || fstrm_writer_open(library->writer) != fstrm_res_success) {
        return base::fail("dnstap " + (is_socket ? "socket " + config.socket : config.file) +
                              ": the reader does not answer the greeting",
                          "a reader of protobuf:dnstap.Dnstap");
    }
    return std::unique_ptr<TapStream>(new TapStream(std::move(library)));
}

TapStream::TapStream(std::unique_ptr<Library> library) : library_(std::move(library)) {}
TapStream::~TapStream() = default;

bool TapStream::write(std::span<const uint8_t> frame) {
    return fstrm_writer_write(library_->writer, frame.data(), frame.size()) == fstrm_res_success;
}

}  // namespace nearcast::observe
