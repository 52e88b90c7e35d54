// SPDX-License-Identifier: Apache-2.0

#include "transfer/update_forwarder.h"

#include <string>

#include "dns/header.h"
#include "transfer/link.h"

namespace nearcast::transfer {
namespace {

using base::Result;
using Bytes = std::vector<uint8_t>;

bool is_answer_to(const Bytes& response, std::span<const uint8_t> message) {
    if (response.size() < dns::kHeaderSize) return false;
    const dns::Header theirs = dns::load_header(response);
    return theirs.is_response() && theirs.opcode() == dns::Opcode::Update &&
           theirs.id == dns::load_header(message).id;
}

}  // namespace

Result<Bytes> forward_update(std::span<const uint8_t> message, const SecondaryConfig& secondary,
                             const std::atomic<bool>& is_stopping, const ForwardLimits& limits) {
    base::Error last{"there is no primary"};
    std::optional<tls::TlsContext> context;
    if (secondary.tls) {
        auto made = tls::TlsContext::for_client(*secondary.tls);
        if (!made) return std::unexpected(made.error());
        context = *std::move(made);
    }
    for (const base::SocketAddress& primary : secondary.primaries) {
        Link link(Link::Kind::Stream, primary, is_stopping, context ? &*context : nullptr);
        const auto sent = link.write_frame(message, base::now() + limits.connect);
        if (!sent) {
            last = base::within(base::to_text(primary), sent.error()).error();
            continue;
        }
        auto response = link.read_frame(base::now() + limits.answer);
        if (!response) return base::within(base::to_text(primary), response.error());
        if (is_answer_to(*response, message)) return response;
        return base::fail(base::to_text(primary) + ": the answer is of something else");
    }
    return std::unexpected(std::move(last));
}

}  // namespace nearcast::transfer
