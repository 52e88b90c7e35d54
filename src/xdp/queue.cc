// SPDX-License-Identifier: Apache-2.0

#include "xdp/queue.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/if_xdp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <xdp/xsk.h>

#include "base/free_with.h"
#include "base/prefetch.h"

namespace nearcast::xdp {
namespace {

using base::Result;

// Frames that the kernel may fill: a millisecond at two million queries a second. Doubled, a
// worker that is behind answers queries that nobody waits for any more, and the frames of one
// round (two cache lines each) no longer stay in a second-level cache.
constexpr uint32_t kReceiveFrames = 2048;

// Responses on their way out. A card takes some hundreds at once; veth gives back each at once.
constexpr uint32_t kSendFrames = 1024;

constexpr uint32_t kFrames = kReceiveFrames + kSendFrames;
constexpr uint32_t kFrameSize = 2048;  // What every driver takes; no jumbo frames.
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kMemorySize = size_t{kFrames} * kFrameSize;
static_assert(kMemorySize % kHugePage == 0);

// Responses begin at one of eight cache lines: all at the same place in their frames would share
// two of the 64 sets of the first-level cache.
constexpr uint32_t kCacheLine = 64;
constexpr uint32_t kColours = 8;
constexpr size_t kRoomSize = kFrameSize - (kColours - 1) * kCacheLine;

// In copy mode the kernel sends some frames at a time (32, or what is set below), and asks to be
// called again. A device that takes nothing is no reason to stay.
constexpr int kKicksMax = 8;

// Since Linux 6.17: frames sent at one call, 32 before.
constexpr int kSendBudgetOption = 9;  // XDP_MAX_TX_SKB_BUDGET

// Microseconds in which the kernel looks for frames on our time, and how many it takes at most.
constexpr int kBusyPollTime = 20;
constexpr int kBusyPollBudget = kFramesMax;
// <asm/socket.h> has them since Linux 5.11, but not libc's <sys/socket.h>.
constexpr int kPreferBusyPollOption = 69;  // SO_PREFER_BUSY_POLL
constexpr int kBusyPollBudgetOption = 70;  // SO_BUSY_POLL_BUDGET

constexpr const char* kMemoryHint = "LimitMEMLOCK=infinity in the unit, or ulimit -l unlimited";
constexpr const char* kRightsHint = "start it as root, or with CAP_NET_RAW";

// Anonymous memory, in huge pages where there are any. Never copied to a child that is forked: the
// kernel writes to it at any time.
class FrameMemory {
 public:
    FrameMemory() = default;
    FrameMemory(const FrameMemory&) = delete;
    FrameMemory& operator=(const FrameMemory&) = delete;
    ~FrameMemory() {
        if (mapping_ != nullptr) ::munmap(mapping_, kMemorySize + kHugePage);
    }

    [[nodiscard]] bool map() {
        void* const mapping = ::mmap(nullptr, kMemorySize + kHugePage, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (mapping == MAP_FAILED) return false;
        mapping_ = mapping;
        const auto address = reinterpret_cast<uintptr_t>(mapping);
        const size_t gap = (kHugePage - address % kHugePage) % kHugePage;
        frames_ = static_cast<uint8_t*>(mapping) + gap;
        (void)::madvise(frames_, kMemorySize, MADV_HUGEPAGE);
        return ::madvise(frames_, kMemorySize, MADV_DONTFORK) == 0;
    }
    [[nodiscard]] uint8_t* at(uint64_t address) const { return frames_ + address; }

 private:
    void* mapping_ = nullptr;
    uint8_t* frames_ = nullptr;
};

// The kernel lets go of a queue, and of memory for frames, some time after their socket was closed:
// by a program that has just ended, or by us, when what was tried first was another mode. As long
// as `take` fails so, it is tried again.
constexpr int kTries = 20;
constexpr std::chrono::milliseconds kPause{50};

template <typename Take>
int take_when_free(int held, Take take) {
    int done = take();
    for (int tries = 1; done == held && tries < kTries; ++tries) {
        (void)::poll(nullptr, 0, static_cast<int>(kPause.count()));
        done = take();
    }
    return done;
}

std::unexpected<base::Error> fail_with(std::string_view what, int code) {
    auto failed = base::fail_errno(what, -code);
    if (code == -EPERM) failed.error().hint = kRightsHint;
    if (code == -ENOBUFS || code == -ENOMEM) failed.error().hint = kMemoryHint;
    if (code == -EBUSY) failed.error().hint = "end the program that uses AF_XDP on it";
    return failed;
}

}  // namespace

struct Queue::State {
    FrameMemory memory;
    std::unique_ptr<xsk_umem, base::FreeWith<xsk_umem__delete>> area;
    std::unique_ptr<xsk_socket, base::FreeWith<xsk_socket__delete>> socket;
    xsk_ring_prod fill{};
    xsk_ring_cons completion{};
    xsk_ring_cons receive{};
    xsk_ring_prod send{};
    uint32_t mtu = 0;
    bool is_zero_copy = false;
    bool is_busy_polling = false;

    // Where responses may begin. The last was used last, and is still in the cache.
    std::vector<uint64_t> free;

    // Of this batch.
    std::array<Frame, kFramesMax> frames;
    std::array<uint64_t, kFramesMax> received{};  // Where each lies.
    std::array<xdp_desc, kFramesMax> sent{};
    size_t received_count = 0;
    size_t sent_count = 0;
    std::array<bool, kFramesMax> is_used{};  // Of the rooms.
    size_t room_count = 0;
    bool has_unsent = false;  // The kernel wants to be asked again.

    [[nodiscard]] Result<void> open(const Interface& interface, uint32_t number, Mode mode);
    void busy_poll();
    void ask_kernel();
    void fill_all();
    void reclaim();
    void take_rooms_back();
    void give_frames_back();
    void submit();
    void kick();
};

// Frames 0 to kReceiveFrames - 1 belong to the kernel first.
void Queue::State::fill_all() {
    uint32_t slot = 0;
    const uint32_t count = xsk_ring_prod__reserve(&fill, kReceiveFrames, &slot);
    assert(count == kReceiveFrames);
    for (uint32_t i = 0; i < count; ++i) {
        *xsk_ring_prod__fill_addr(&fill, slot + i) = uint64_t{i} * kFrameSize;
    }
    xsk_ring_prod__submit(&fill, count);
    free.reserve(kSendFrames);
    for (uint32_t i = kReceiveFrames; i < kFrames; ++i) {
        free.push_back(uint64_t{i} * kFrameSize + i % kColours * kCacheLine);
    }
}

Result<void> Queue::State::open(const Interface& interface, uint32_t number, Mode mode) {
    if (!memory.map()) return base::fail_errno("map memory for frames", errno);
    const xsk_umem_config sizes{kReceiveFrames, kSendFrames, kFrameSize, 0, 0};
    xsk_umem* opened = nullptr;
    int done = take_when_free(-ENOBUFS, [&] {
        return xsk_umem__create(&opened, memory.at(0), kMemorySize, &fill, &completion, &sizes);
    });
    if (done != 0) return fail_with("register memory for frames", done);
    area.reset(opened);
    fill_all();

    xsk_socket_config config{};
    config.rx_size = kReceiveFrames;
    config.tx_size = kSendFrames;
    config.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD;  // Ours is another: see Filter.
    config.bind_flags = XDP_USE_NEED_WAKEUP;
    // Left to itself the kernel copies where the driver cannot do without.
    if (mode == Mode::Generic) config.bind_flags |= XDP_COPY;
    xsk_socket* bound = nullptr;
    done = take_when_free(-EBUSY, [&] {
        return xsk_socket__create(&bound, interface.name.c_str(), number, opened, &receive, &send,
                                  &config);
    });
    if (done != 0) return fail_with("bind to queue " + std::to_string(number), done);
    socket.reset(bound);
    mtu = interface.mtu;
    ask_kernel();
    return {};
}

// What it may not have: then it works as well, with more system calls.
void Queue::State::ask_kernel() {
    const int fd = xsk_socket__fd(socket.get());
    (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);
    xdp_options options{};
    socklen_t size = sizeof options;
    is_zero_copy = ::getsockopt(fd, SOL_XDP, XDP_OPTIONS, &options, &size) == 0 &&
                   (options.flags & XDP_OPTIONS_ZEROCOPY) != 0;
    const int budget = kFramesMax;
    (void)::setsockopt(fd, SOL_XDP, kSendBudgetOption, &budget, sizeof budget);
}

void Queue::State::busy_poll() {
    const int fd = xsk_socket__fd(socket.get());
    const int on = 1;
    is_busy_polling =
        ::setsockopt(fd, SOL_SOCKET, kPreferBusyPollOption, &on, sizeof on) == 0 &&
        ::setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, &kBusyPollTime, sizeof kBusyPollTime) == 0 &&
        ::setsockopt(fd, SOL_SOCKET, kBusyPollBudgetOption, &kBusyPollBudget,
                     sizeof kBusyPollBudget) == 0;
}

void Queue::State::reclaim() {
    uint32_t slot = 0;
    const uint32_t count = xsk_ring_cons__peek(&completion, kSendFrames, &slot);
    for (uint32_t i = 0; i < count; ++i) {
        free.push_back(*xsk_ring_cons__comp_addr(&completion, slot + i));
    }
    if (count > 0) xsk_ring_cons__release(&completion, count);
}

// All rooms of the batch lie at the end of `free`, in reverse. Those that are sent go.
void Queue::State::take_rooms_back() {
    const size_t first = free.size() - room_count;
    size_t kept = first;
    for (size_t place = first; place < free.size(); ++place) {
        const size_t i = free.size() - 1 - place;
        if (!is_used[i]) free[kept++] = free[place];
    }
    free.resize(kept);
}

void Queue::State::give_frames_back() {
    uint32_t slot = 0;
    const auto count = static_cast<uint32_t>(received_count);
    // As many as were taken are missing in it.
    const uint32_t reserved = xsk_ring_prod__reserve(&fill, count, &slot);
    assert(reserved == count);
    for (uint32_t i = 0; i < reserved; ++i) {
        *xsk_ring_prod__fill_addr(&fill, slot + i) = received[i];
    }
    xsk_ring_prod__submit(&fill, reserved);
    if (xsk_ring_prod__needs_wakeup(&fill) != 0) {
        ::recvfrom(xsk_socket__fd(socket.get()), nullptr, 0, MSG_DONTWAIT, nullptr, nullptr);
    }
}

void Queue::State::submit() {
    uint32_t slot = 0;
    const auto count = static_cast<uint32_t>(sent_count);
    // There are as many frames to send as places in it.
    const uint32_t reserved = xsk_ring_prod__reserve(&send, count, &slot);
    assert(reserved == count);
    for (uint32_t i = 0; i < reserved; ++i) *xsk_ring_prod__tx_desc(&send, slot + i) = sent[i];
    xsk_ring_prod__submit(&send, reserved);
}

void Queue::State::kick() {
    for (int i = 0; i < kKicksMax; ++i) {
        has_unsent =
            xsk_ring_prod__needs_wakeup(&send) != 0 &&
            ::sendto(xsk_socket__fd(socket.get()), nullptr, 0, MSG_DONTWAIT, nullptr, 0) < 0 &&
            (errno == EAGAIN || errno == EBUSY || errno == ENOBUFS);
        if (!has_unsent) return;
    }
}

Queue::Queue(std::unique_ptr<State> state) : state_(std::move(state)) {}
Queue::Queue(Queue&&) noexcept = default;
Queue& Queue::operator=(Queue&&) noexcept = default;
Queue::~Queue() = default;

Result<Queue> Queue::open(const Interface& interface, uint32_t number,
                          const QueueOptions& options) {
    auto state = std::make_unique<State>();
    if (const auto done = state->open(interface, number, options.mode); !done) {
        return std::unexpected(done.error());
    }
    if (options.is_busy_polling) state->busy_poll();
    return Queue(std::move(state));
}

int Queue::fd() const { return xsk_socket__fd(state_->socket.get()); }
uint32_t Queue::mtu() const { return state_->mtu; }
bool Queue::is_zero_copy() const { return state_->is_zero_copy; }
bool Queue::is_busy_polling() const { return state_->is_busy_polling; }

QueueLosses Queue::losses() const {
    xdp_statistics counted{};
    socklen_t size = sizeof counted;
    if (::getsockopt(fd(), SOL_XDP, XDP_STATISTICS, &counted, &size) != 0) return {};
    return {.ring_full = counted.rx_dropped + counted.rx_ring_full,
            .invalid = counted.rx_invalid_descs + counted.tx_invalid_descs};
}

std::span<const Queue::Frame> Queue::receive() noexcept {
    State& s = *state_;
    if (s.is_busy_polling) {
        ::recvfrom(fd(), nullptr, 0, MSG_DONTWAIT, nullptr, nullptr);
    }
    s.reclaim();
    uint32_t slot = 0;
    const uint32_t count = xsk_ring_cons__peek(&s.receive, kFramesMax, &slot);
    if (count == 0) return {};
    for (uint32_t i = 0; i < count; ++i) {
        const xdp_desc* const found = xsk_ring_cons__rx_desc(&s.receive, slot + i);
        const uint8_t* const bytes = s.memory.at(found->addr);
        // Another core has just written it: headers and question, as a rule.
        base::prefetch(bytes);
        base::prefetch(bytes + kCacheLine);
        s.frames[i] = {bytes, found->len};
        s.received[i] = found->addr;
    }
    xsk_ring_cons__release(&s.receive, count);
    s.received_count = count;
    s.sent_count = 0;
    s.room_count = std::min<size_t>(count, s.free.size());
    std::fill_n(s.is_used.begin(), count, false);
    return {s.frames.data(), count};
}

std::span<uint8_t> Queue::room(size_t i) noexcept {
    State& s = *state_;
    if (i >= s.room_count) return {};
    return {s.memory.at(s.free[s.free.size() - 1 - i]), kRoomSize};
}

void Queue::send(size_t i, size_t size) noexcept {
    State& s = *state_;
    assert(i < s.room_count && size <= kRoomSize && !s.is_used[i]);
    s.is_used[i] = true;
    s.sent[s.sent_count++] = {
        .addr = s.free[s.free.size() - 1 - i], .len = static_cast<uint32_t>(size), .options = 0};
}

void Queue::finish() noexcept {
    State& s = *state_;
    s.take_rooms_back();
    s.give_frames_back();
    if (s.sent_count > 0) s.submit();
    if (s.sent_count > 0 || s.has_unsent) s.kick();
    s.received_count = s.sent_count = s.room_count = 0;
}

}  // namespace nearcast::xdp
