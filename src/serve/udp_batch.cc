// SPDX-License-Identifier: Apache-2.0

#include "serve/udp_batch.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

#include "serve/datagram_address.h"
#include "serve/locality.h"

namespace nearcast::serve {
namespace {

// An odd number of cache lines between neighbours: with a power of two the first lines of all
// queries would fall into the same few sets of the first-level cache and evict each other.
constexpr size_t kCacheLine = 64;
constexpr size_t kQueryStride = kUdpQuerySizeMax + kCacheLine;
constexpr size_t kResponseStride = 23 * kCacheLine;
static_assert(kQueryStride / kCacheLine % 2 == 1 && kResponseStride / kCacheLine % 2 == 1 &&
              kResponseStride >= kUdpResponseSizeMax);

}  // namespace

// What is the same for every batch is set once.
struct UdpBatch::Tables {
    // By the place in which a message was received.
    std::array<mmsghdr, kBatchMax> received{};
    std::array<iovec, kBatchMax> query_iov{};
    std::array<PeerAddress, kBatchMax> peers{};
    std::array<AddressControl, kBatchMax> controls{};
    bool has_v6_room = false;      // For an address, in `received`,
    bool has_control_room = true;  // and for what is told beside the message.

    // By the order of what is to be answered.
    std::array<answer::Exchange, kBatchMax> exchanges{};
    std::array<uint8_t, kBatchMax> place{};  // In the arrays above.
    size_t count = 0;
    size_t handed_over = 0;  // Of these.

    // By the order of what is sent.
    std::array<mmsghdr, kBatchMax> responses{};
    std::array<iovec, kBatchMax> response_iov{};
    std::array<bool, kBatchMax> is_probe{};
    bool has_probes = false;
};

base::Result<UdpBatch> UdpBatch::reserve() {
    base::Result<LazyMemory> buffers =
        LazyMemory::reserve(kBatchMax * (kQueryStride + kResponseStride));
    if (!buffers) return std::unexpected(buffers.error());
    return UdpBatch(std::move(*buffers));
}

UdpBatch::UdpBatch(LazyMemory buffers)
    : buffers_(std::move(buffers)), tables_(std::make_unique<Tables>()) {
    uint8_t* const queries = buffers_.bytes().data();
    uint8_t* const rooms = queries + kBatchMax * kQueryStride;
    for (size_t i = 0; i < kBatchMax; ++i) {
        tables_->query_iov[i] = {queries + i * kQueryStride, kUdpQuerySizeMax};
        msghdr& header = tables_->received[i].msg_hdr;
        header.msg_name = &tables_->peers[i];
        header.msg_iov = &tables_->query_iov[i];
        header.msg_iovlen = 1;
        header.msg_control = &tables_->controls[i];
        tables_->exchanges[i].room = {rooms + i * kResponseStride, kUdpResponseSizeMax};
        tables_->responses[i].msg_hdr.msg_iov = &tables_->response_iov[i];
        tables_->responses[i].msg_hdr.msg_iovlen = 1;
    }
}

UdpBatch::UdpBatch(UdpBatch&&) noexcept = default;
UdpBatch& UdpBatch::operator=(UdpBatch&&) noexcept = default;
UdpBatch::~UdpBatch() = default;

UdpBatch::Received UdpBatch::receive(const UdpSocket& socket) noexcept {
    Tables& t = *tables_;
    t.count = t.handed_over = 0;
    prepare_for(socket);
    const int taken =
        ::recvmmsg(socket.fd.get(), t.received.data(), kBatchMax, MSG_DONTWAIT, nullptr);
    // Apart from "nothing there", an error is one that an earlier response met (an ICMP message):
    // reading it has cleared it.
    if (taken <= 0) return {};

    const auto messages = static_cast<size_t>(taken);
    size_t count = 0;
    for (size_t i = 0; i < messages; ++i) {
        const msghdr& header = t.received[i].msg_hdr;
        if ((header.msg_flags & MSG_TRUNC) != 0 || !has_port(t.peers[i])) continue;
        const void* destination = socket.is_wildcard
                                      ? destination_of(t.controls[i], header.msg_controllen)
                                      : socket.address.ip.bytes.data();
        answer::Exchange& exchange = t.exchanges[count];
        exchange.query = {static_cast<const uint8_t*>(t.query_iov[i].iov_base),
                          t.received[i].msg_len};
        exchange.is_local = is_local(t.peers[i], destination);
        exchange.peer = &t.peers[i].generic;
        exchange.asked = destination;
        exchange.asked_port = socket.address.port;
        t.place[count++] = static_cast<uint8_t>(i);
    }
    t.count = count;
    return {.messages = messages, .dropped = messages - count};
}

// A message leaves behind how long its address and what stood beside it were: for sockets of one
// family that are bound to an address always the same.
void UdpBatch::prepare_for(const UdpSocket& socket) noexcept {
    Tables& t = *tables_;
    const bool is_as_before = !t.has_control_room && t.has_v6_room == socket.address.ip.is_v6;
    if (is_as_before && !socket.is_wildcard) return;
    t.has_v6_room = socket.address.ip.is_v6;
    t.has_control_room = socket.is_wildcard;
    for (mmsghdr& message : t.received) {
        message.msg_hdr.msg_namelen = sizeof(PeerAddress);
        message.msg_hdr.msg_controllen = t.has_control_room ? sizeof(AddressControl) : 0;
    }
}

std::span<answer::Exchange> UdpBatch::exchanges() noexcept {
    return {tables_->exchanges.data(), tables_->count};
}

UdpBatch::Sent UdpBatch::send(const UdpSocket& socket) noexcept {
    Tables& t = *tables_;
    const size_t count = address_responses();
    Sent sent{.dropped = t.count - count - t.handed_over};
    for (size_t next = 0; next < count;) {
        const int taken = ::sendmmsg(socket.fd.get(), t.responses.data() + next,
                                     static_cast<unsigned>(count - next), MSG_DONTWAIT);
        // An error speaks of the first message alone (no route to it, a full device queue): the
        // others are still tried.
        const size_t done = taken > 0 ? static_cast<size_t>(taken) : 1;
        if (taken <= 0) {
            ++sent.dropped;
        } else {
            sent.answered += done - probes_among(next, done);
        }
        next += done;
    }
    t.count = t.handed_over = 0;
    return sent;
}

size_t UdpBatch::probes_among(size_t first, size_t count) const noexcept {
    if (!tables_->has_probes) return 0;
    const auto sent = std::span(tables_->is_probe).subspan(first, count);
    return static_cast<size_t>(std::ranges::count(sent, true));
}

void UdpBatch::hand_over(const UdpSocket& socket, Answerer& answerer) noexcept {
    Tables& t = *tables_;
    for (size_t i = 0; i < t.count; ++i) {
        answer::Exchange& exchange = t.exchanges[i];
        if (!exchange.takes_datagram) continue;
        exchange.response_size = 0;
        ++t.handed_over;
        msghdr asked = t.received[t.place[i]].msg_hdr;
        AddressControl& control = t.controls[t.place[i]];
        if (destination_of(control, asked.msg_controllen) != nullptr) {
            turn_round(control);
        } else {
            asked.msg_controllen = 0;
        }
        answerer.take_datagram(DatagramReply(socket.fd.get(), asked), exchange.query);
    }
}

size_t UdpBatch::address_responses() noexcept {
    Tables& t = *tables_;
    size_t count = 0;
    t.has_probes = false;
    for (size_t i = 0; i < t.count; ++i) {
        const answer::Exchange& exchange = t.exchanges[i];
        if (exchange.response_size == 0) continue;
        assert(exchange.response_size <= exchange.room.size());
        const msghdr& asked = t.received[t.place[i]].msg_hdr;
        msghdr& response = t.responses[count].msg_hdr;
        t.response_iov[count] = {exchange.room.data(), exchange.response_size};
        response.msg_name = asked.msg_name;
        response.msg_namelen = asked.msg_namelen;
        response.msg_controllen = 0;
        if (destination_of(t.controls[t.place[i]], asked.msg_controllen) != nullptr) {
            turn_round(t.controls[t.place[i]]);
            response.msg_control = asked.msg_control;
            response.msg_controllen = asked.msg_controllen;
        }
        t.has_probes |= exchange.is_probe;
        t.is_probe[count++] = exchange.is_probe;
    }
    return count;
}

}  // namespace nearcast::serve
