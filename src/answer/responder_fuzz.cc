// SPDX-License-Identifier: Apache-2.0

// Property: whatever bytes come in, the response parses, bears the id of the query, and is no
// longer than its room and what the client offered.

#include <algorithm>
#include <cstdlib>

#include "answer/served_zones.h"

namespace {

using nearcast::answer::ServedZones;
using nearcast::answer::Transport;

constexpr const char* kZone = R"(
$TTL 3600
@        IN SOA ns1 hostmaster 7 7200 900 1209600 300
@        IN NS  ns1
@        IN NS  ns2.example.net.
@        IN MX  10 mail
ns1      IN A   192.0.2.1
ns1      IN AAAA 2001:db8::1
mail     IN A   192.0.2.25
a        IN CNAME b
b        IN CNAME c.d
*.d      IN CNAME a
*.w      IN MX 5 mail
s        IN HTTPS 1 . alpn=h2
s        IN HTTPS 0 s.w
sub      IN NS  ns.sub
sub      IN NS  ns1
ns.sub   IN A   192.0.2.53
m        IN DNAME m.m
n        IN DNAME x.
t        IN TXT "a" "b" "c"
)";

ServedZones& zones() {
    static ServedZones* const served = [] {
        auto* const made = new ServedZones;
        made->serve("e", kZone);
        made->serve("x", "@ 60 IN SOA n h 1 2 3 4 5\n@ 60 IN NS n.e.\n*.x. 60 IN CNAME m.e.\n");
        made->serve(".", ". 60 IN SOA n. h. 1 2 3 4 5\n. 60 IN NS n.e.\n");
        return made;
    }();
    return *served;
}

void expect(bool holds) {
    if (!holds) std::abort();
}

void check(std::span<const uint8_t> query, Transport transport) {
    const auto response = zones().send(query, transport);
    if (response.empty()) return;
    expect(query.size() >= nearcast::dns::kHeaderSize);
    expect(std::equal(response.begin(), response.begin() + 2, query.begin()));
    expect(nearcast::dns::read_response(response).has_value());
    if (transport == Transport::Udp) expect(response.size() <= 1232);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::span query(data, std::min<size_t>(size, nearcast::dns::kMessageSizeMax));
    check(query, Transport::Udp);
    check(query, Transport::Tcp);
    return 0;
}
