// SPDX-License-Identifier: Apache-2.0

#include "serve/by_core.h"

#include <cassert>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

#include <linux/filter.h>
#include <sched.h>
#include <sys/socket.h>

namespace nearcast::serve {
namespace {

// The interface `lo` has this number in every network namespace.
constexpr uint32_t kLoopback = 1;

// The number of no socket: the kernel then takes the one that the hash says.
constexpr uint32_t kByHash = UINT32_MAX;

sock_filter load(int what) {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + what));
}

sock_filter skip_one_unless(uint32_t value) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
}

sock_filter choose(uint32_t socket) { return BPF_STMT(BPF_RET | BPF_K, socket); }

}  // namespace

// Who asks from this machine is a guard, and it reaches a worker by the hash of its ports.
base::Result<void> choose_by_core(int socket, std::span<const unsigned> cores) {
    std::vector<sock_filter> program{load(SKF_AD_IFINDEX), skip_one_unless(kLoopback),
                                     choose(kByHash), load(SKF_AD_CPU)};
    for (uint32_t i = 0; i < cores.size(); ++i) {
        program.push_back(skip_one_unless(cores[i]));
        program.push_back(choose(i));
    }
    program.push_back(choose(kByHash));
    assert(program.size() <= BPF_MAXINSNS);
    const sock_fprog attached{static_cast<unsigned short>(program.size()), program.data()};
    if (::setsockopt(socket, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &attached, sizeof attached) ==
        0) {
        return {};
    }
    return base::fail_errno("choose a socket by core", errno);
}

void choose_by_hash(int socket) {
    const int ignored = 0;
    (void)::setsockopt(socket, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &ignored, sizeof ignored);
}

bool stay_on_core(pthread_t thread, unsigned core) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    return pthread_setaffinity_np(thread, sizeof one, &one) == 0;
}

void run_on_any_core(pthread_t thread) {
    cpu_set_t all;
    std::memset(&all, 0xff, sizeof all);
    (void)pthread_setaffinity_np(thread, sizeof all, &all);
}

}  // namespace nearcast::serve
