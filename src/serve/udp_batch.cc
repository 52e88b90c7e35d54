// SPDX-License-Identifier: Apache-2.0

#include "serve/udp_batch.h"

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

struct UdpBatch::Tables {
    // By the place in which a message was received.
    std::array<mmsghdr, kBatchMax> received{};
    std::array<iovec, kBatchMax> query_iov{};
    std::array<PeerAddress, kBatchMax> peers{};
    std::array<AddressControl, kBatchMax> controls{};

    // By the order of what is to be answered.
    std::array<answer::Exchange, kBatchMax> exchanges{};
    std::array<uint8_t, kBatchMax> place{};  // In the arrays above.
    size_t count = 0;
    size_t handed_over = 0;  // Of these.

    std::array<mmsghdr, kBatchMax> responses{};
    std::array<iovec, kBatchMax> response_iov{};
    std::array<bool, kBatchMax> is_probe{};
};

base::Result<UdpBatch> UdpBatch::reserve() {
    base::Result<LazyMemory> buffers =
        LazyMemory::reserve(kBatchMax * (kQueryStride + kResponseStride));
    if (!buffers) return std::unexpected(buffers.error());
    return UdpBatch(std::move(*buffers));
}

UdpBatch::UdpBatch(LazyMemory buffers)
    : buffers_(std::move(buffers)), tables_(std::make_unique<Tables>()) {
    for (size_t i = 0; i < kBatchMax; ++i) {
        tables_->query_iov[i] = {buffers_.bytes().data() + i * kQueryStride, kUdpQuerySizeMax};
        msghdr& header = tables_->received[i].msg_hdr;
        header.msg_name = &tables_->peers[i];
        header.msg_iov = &tables_->query_iov[i];
        header.msg_iovlen = 1;
        header.msg_control = &tables_->controls[i];
    }
}

UdpBatch::UdpBatch(UdpBatch&&) noexcept = default;
UdpBatch& UdpBatch::operator=(UdpBatch&&) noexcept = default;
UdpBatch::~UdpBatch() = default;

UdpBatch::Received UdpBatch::receive(const UdpSocket& socket) noexcept {
    Tables& t = *tables_;
    t.count = t.handed_over = 0;
    for (mmsghdr& message : t.received) {
        message.msg_hdr.msg_namelen = sizeof(PeerAddress);
        message.msg_hdr.msg_controllen = socket.is_wildcard ? sizeof(AddressControl) : 0;
    }
    const int taken =
        ::recvmmsg(socket.fd.get(), t.received.data(), kBatchMax, MSG_DONTWAIT, nullptr);
    // Apart from "nothing there", an error is one that an earlier response met (an ICMP message):
    // reading it has cleared it.
    if (taken <= 0) return {};

    const auto messages = static_cast<size_t>(taken);
    for (size_t i = 0; i < messages; ++i) {
        const msghdr& header = t.received[i].msg_hdr;
        if ((header.msg_flags & MSG_TRUNC) != 0 || !has_port(t.peers[i])) continue;
        const void* destination = socket.is_wildcard
                                      ? destination_of(t.controls[i], header.msg_controllen)
                                      : socket.address.ip.bytes.data();
        uint8_t* room = buffers_.bytes().data() + kBatchMax * kQueryStride + i * kResponseStride;
        t.exchanges[t.count] = {
            .query = {static_cast<const uint8_t*>(t.query_iov[i].iov_base), t.received[i].msg_len},
            .room = {room, kUdpResponseSizeMax},
            .transport = answer::Transport::Udp,
            .is_local = is_local(t.peers[i], destination),
            .peer = &t.peers[i].generic,
            .asked = destination,
            .asked_port = socket.address.port,
        };
        t.place[t.count++] = static_cast<uint8_t>(i);
    }
    return {.messages = messages, .dropped = messages - t.count};
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
        if (taken <= 0) ++sent.dropped;
        for (size_t i = next; taken > 0 && i < next + done; ++i) sent.answered += !t.is_probe[i];
        next += done;
    }
    t.count = t.handed_over = 0;
    return sent;
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
    for (size_t i = 0; i < t.count; ++i) {
        const answer::Exchange& exchange = t.exchanges[i];
        if (exchange.response_size == 0) continue;
        assert(exchange.response_size <= exchange.room.size());
        const msghdr& asked = t.received[t.place[i]].msg_hdr;
        t.response_iov[count] = {exchange.room.data(), exchange.response_size};
        msghdr& response = t.responses[count].msg_hdr;
        response = {};
        response.msg_name = asked.msg_name;
        response.msg_namelen = asked.msg_namelen;
        response.msg_iov = &t.response_iov[count];
        response.msg_iovlen = 1;
        if (destination_of(t.controls[t.place[i]], asked.msg_controllen) != nullptr) {
            turn_round(t.controls[t.place[i]]);
            response.msg_control = asked.msg_control;
            response.msg_controllen = asked.msg_controllen;
        }
        t.is_probe[count++] = exchange.is_probe;
    }
    return count;
}

}  // namespace nearcast::serve
