// SPDX-License-Identifier: Apache-2.0

#include "serve/datagram_reply.h"

#include <algorithm>
#include <cstring>

#include <fcntl.h>

namespace nearcast::serve {

DatagramReply::DatagramReply(int socket, const msghdr& asked)
    : socket_(::fcntl(socket, F_DUPFD_CLOEXEC, 0)),
      peer_size_(std::min<socklen_t>(asked.msg_namelen, sizeof peer_)),
      control_size_(std::min<size_t>(asked.msg_controllen, sizeof control_)) {
    std::memcpy(&peer_, asked.msg_name, peer_size_);
    if (control_size_ > 0) std::memcpy(control_.data(), asked.msg_control, control_size_);
}

void DatagramReply::send(std::span<const uint8_t> response) const {
    PeerAddress peer = peer_;
    AddressControl control{};
    std::memcpy(&control, control_.data(), control_size_);
    iovec bytes{const_cast<uint8_t*>(response.data()), response.size()};
    msghdr message{};
    message.msg_name = &peer;
    message.msg_namelen = peer_size_;
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control_size_ > 0 ? &control : nullptr;
    message.msg_controllen = control_size_;
    (void)::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace nearcast::serve
