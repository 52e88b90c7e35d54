// SPDX-License-Identifier: Apache-2.0

#include "observe/tap_frame.h"

#include <arpa/inet.h>

#include "dnstap.pb-c.h"

namespace nearcast::observe {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

// The library reads only, but asks for bytes that it could write to.
ProtobufCBinaryData bytes_of(const void* from, size_t size) {
    return {size, static_cast<uint8_t*>(const_cast<void*>(from))};
}

void set_time(nanoseconds time, uint64_t& whole, uint32_t& rest) {
    const auto full = std::chrono::floor<seconds>(time);
    whole = static_cast<uint64_t>(full.count());
    rest = static_cast<uint32_t>((time - full).count());
}

Dnstap__SocketProtocol protocol_of(Channel channel) {
    if (channel == Channel::Udp) return DNSTAP__SOCKET_PROTOCOL__UDP;
    return channel == Channel::Tcp ? DNSTAP__SOCKET_PROTOCOL__TCP : DNSTAP__SOCKET_PROTOCOL__DOT;
}

// All but the messages themselves.
Dnstap__Message describe(const TapHead& head) {
    Dnstap__Message message = DNSTAP__MESSAGE__INIT;
    message.has_socket_protocol = 1;
    message.socket_protocol = protocol_of(head.channel);
    message.has_query_time_sec = message.has_query_time_nsec = 1;
    set_time(head.query_time, message.query_time_sec, message.query_time_nsec);
    const bool is_v6 = head.peer.sin6_family == AF_INET6;
    if (!is_v6 && head.peer.sin6_family != AF_INET) return message;
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(head.peer);
    message.has_socket_family = message.has_query_address = message.has_query_port = 1;
    message.socket_family = is_v6 ? DNSTAP__SOCKET_FAMILY__INET6 : DNSTAP__SOCKET_FAMILY__INET;
    message.query_address = is_v6 ? bytes_of(&head.peer.sin6_addr, sizeof head.peer.sin6_addr)
                                  : bytes_of(&v4.sin_addr, sizeof v4.sin_addr);
    message.query_port = ntohs(is_v6 ? head.peer.sin6_port : v4.sin_port);
    if (!head.has_asked) return message;
    message.has_response_address = message.has_response_port = 1;
    message.response_address = bytes_of(&head.asked, is_v6 ? sizeof(in6_addr) : sizeof(in_addr));
    message.response_port = head.asked_port;
    return message;
}

void pack(const TapIdentity& identity, Dnstap__Message& message, std::vector<uint8_t>& frame) {
    Dnstap__Dnstap tap = DNSTAP__DNSTAP__INIT;
    tap.type = DNSTAP__DNSTAP__TYPE__MESSAGE;
    tap.has_identity = tap.has_version = 1;
    tap.identity = bytes_of(identity.node.data(), identity.node.size());
    tap.version = bytes_of(identity.version.data(), identity.version.size());
    tap.message = &message;
    frame.resize(dnstap__dnstap__get_packed_size(&tap));
    dnstap__dnstap__pack(&tap, frame.data());
}

}  // namespace

void encode_tap_query(const TapIdentity& identity, const TapRecord& record,
                      std::vector<uint8_t>& frame) {
    Dnstap__Message message = describe(*record.head);
    message.type = record.head->opcode == dns::Opcode::Update ? DNSTAP__MESSAGE__TYPE__UPDATE_QUERY
                                                              : DNSTAP__MESSAGE__TYPE__AUTH_QUERY;
    message.has_query_message = 1;
    message.query_message = bytes_of(record.query.data(), record.query.size());
    pack(identity, message, frame);
}

void encode_tap_response(const TapIdentity& identity, const TapRecord& record,
                         std::vector<uint8_t>& frame) {
    Dnstap__Message message = describe(*record.head);
    message.type = record.head->opcode == dns::Opcode::Update
                       ? DNSTAP__MESSAGE__TYPE__UPDATE_RESPONSE
                       : DNSTAP__MESSAGE__TYPE__AUTH_RESPONSE;
    message.has_response_message = message.has_response_time_sec = message.has_response_time_nsec =
        1;
    message.response_message = bytes_of(record.response.data(), record.response.size());
    set_time(record.head->response_time, message.response_time_sec, message.response_time_nsec);
    pack(identity, message, frame);
}

}  // namespace nearcast::observe
