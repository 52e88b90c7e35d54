// SPDX-License-Identifier: Apache-2.0
//
// The ceiling for every server that uses sockets: reads a batch of datagrams, sets the bit that
// makes a query a response, sends the batch back. It looks at nothing else.
//
// Usage: bench_udp_echo IPV4 PORT [WORKERS [OCTETS]]
//
// With OCTETS what it sends back is at least so long, as the answers of a workload are: then the
// ceiling moves as many bytes as the servers do.
//
// Each worker is a thread with a socket and a core of its own; what comes in on its core is its.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

namespace {

// As many as the kernel hands over in one call before the batch falls out of the first-level
// cache: 64 datagrams of 512 bytes are 32 KiB. Twice as many measured no faster.
constexpr std::size_t kBatchSizeMax = 64;
constexpr std::size_t kDatagramSizeMax = 512;

struct Batch {
    std::array<std::array<uint8_t, kDatagramSizeMax>, kBatchSizeMax> bytes{};
    std::array<sockaddr_in, kBatchSizeMax> peers{};
    std::array<iovec, kBatchSizeMax> vectors{};
    std::array<mmsghdr, kBatchSizeMax> messages{};

    Batch() {
        for (std::size_t i = 0; i < kBatchSizeMax; ++i) {
            vectors[i].iov_base = bytes[i].data();
            messages[i].msg_hdr.msg_iov = &vectors[i];
            messages[i].msg_hdr.msg_iovlen = 1;
            messages[i].msg_hdr.msg_name = &peers[i];
        }
    }

    void reset() {
        for (std::size_t i = 0; i < kBatchSizeMax; ++i) {
            vectors[i].iov_len = kDatagramSizeMax;
            messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
        }
    }

    void turn_round(std::size_t count, std::size_t octets) {
        for (std::size_t i = 0; i < count; ++i) {
            bytes[i][2] |= 0x80;  // QR
            vectors[i].iov_len = std::max<std::size_t>(messages[i].msg_len, octets);
        }
    }
};

constexpr int kOn = 1;
constexpr unsigned kWorkersMax = 64;

int open_socket(const char* address, const char* port) {
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_port = htons(static_cast<uint16_t>(std::strtoul(port, nullptr, 10)));
    if (inet_pton(AF_INET, address, &local.sin_addr) != 1) return -1;
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &kOn, sizeof kOn) != 0) return -1;
    // bind() takes every address family through one type.
    return bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) == 0 ? fd : -1;
}

// The cores that this process may use, in order.
std::vector<unsigned> usable_cores() {
    cpu_set_t usable;
    std::vector<unsigned> cores;
    if (sched_getaffinity(0, sizeof usable, &usable) != 0) return cores;
    for (unsigned core = 0; core < CPU_SETSIZE; ++core) {
        if (CPU_ISSET(core, &usable)) cores.push_back(core);
    }
    return cores;
}

// Makes the kernel choose the socket by the core on which a datagram comes in, instead of by a
// hash.
bool choose_by_core(int fd, const std::vector<unsigned>& cores, unsigned workers) {
    std::vector<sock_filter> program{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_CPU))};
    for (unsigned i = 0; i < workers; ++i) {
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, cores[i], 0, 1));
        program.push_back(BPF_STMT(BPF_RET | BPF_K, i));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, 0));
    const sock_fprog attached{static_cast<unsigned short>(program.size()), program.data()};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &attached, sizeof attached) == 0;
}

void stay_on(unsigned core) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    sched_setaffinity(0, sizeof one, &one);
}

void echo(int fd, std::size_t octets) {
    const auto owner = std::make_unique<Batch>();
    Batch& batch = *owner;
    for (;;) {
        batch.reset();
        const int received =
            recvmmsg(fd, batch.messages.data(), kBatchSizeMax, MSG_WAITFORONE, nullptr);
        if (received <= 0) continue;
        const auto count = static_cast<unsigned>(received);
        batch.turn_round(count, octets);
        for (unsigned sent = 0; sent < count;) {
            const int now = sendmmsg(fd, &batch.messages[sent], count - sent, 0);
            sent += now > 0 ? static_cast<unsigned>(now) : 1;  // One refused: drop it, go on.
        }
    }
}

bool run(const char* address, const char* port, unsigned workers, std::size_t octets) {
    const std::vector<unsigned> cores = usable_cores();
    if (workers == 0 || workers > std::min<size_t>(kWorkersMax, cores.size())) return false;
    std::vector<int> sockets;
    for (unsigned i = 0; i < workers; ++i) {
        sockets.push_back(open_socket(address, port));
        if (sockets.back() < 0) return false;
    }
    if (workers > 1 && !choose_by_core(sockets[0], cores, workers)) return false;
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < workers; ++i) {
        threads.emplace_back([fd = sockets[i], core = cores[i], octets] {
            stay_on(core);
            echo(fd, octets);
        });
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    const bool is_complete = argc >= 3 && argc <= 5;
    const auto workers = static_cast<unsigned>(argc >= 4 ? std::strtoul(argv[3], nullptr, 10) : 1);
    const std::size_t octets = argc == 5 ? std::strtoul(argv[4], nullptr, 10) : 0;
    if (!is_complete || octets > kDatagramSizeMax || !run(argv[1], argv[2], workers, octets)) {
        std::fprintf(stderr,
                     "usage: bench_udp_echo IPV4 PORT [WORKERS [OCTETS]]\n"
                     "an address of this machine, at most a worker for each core, at most %zu "
                     "octets\n",
                     kDatagramSizeMax);
        return 2;
    }
}
