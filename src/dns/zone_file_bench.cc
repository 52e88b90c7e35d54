// SPDX-License-Identifier: Apache-2.0

// How many records a second one core reads from a master file.
//   cmake --build --preset release --target dns_bench && build/release/bin/dns_bench

#include <string>

#include <benchmark/benchmark.h>

#include "dns/zone_file.h"

namespace nearcast::dns {
namespace {

constexpr int kRecordCount = 100'000;

// What the zone of a hoster holds: addresses, mail, text, aliases.
std::string mixed_zone() {
    std::string text = "$TTL 3600\n@ SOA ns1 hostmaster 1 7200 900 1209600 300\n";
    for (int i = 0; i < kRecordCount; i += 5) {
        const std::string host = "host" + std::to_string(i);
        text += host + " 300 IN A 192.0.2." + std::to_string(i % 256) + "\n";
        text += "\tAAAA 2001:db8::" + std::to_string(i % 9999) + "\n";
        text += host + " MX 10 mail." + host + "\n";
        text += "www." + host + " IN CNAME " + host + ".example.org.\n";
        text += host + " TXT \"v=spf1 ip4:192.0.2.0/24 -all\" ; mail\n";
    }
    return text;
}

// What a registry's zone holds.
std::string delegations() {
    std::string text = "$TTL 3600\n";
    for (int i = 0; i < kRecordCount; i += 2) {
        const std::string domain = "domain" + std::to_string(i) + ".example.org.";
        text +=
            domain + "\t86400\tIN\tNS\tns1.hoster" + std::to_string(i % 1000) + ".example.net.\n";
        text +=
            domain + "\t86400\tIN\tNS\tns2.hoster" + std::to_string(i % 1000) + ".example.net.\n";
    }
    return text;
}

// What a signer writes: an address with its signature, a link of the NSEC3 chain with its own.
std::string signed_zone() {
    const std::string tail =
        "20301201000000 20261101000000 12345 example.org. " + std::string(86, 'q') + "==\n";
    std::string text = "$TTL 3600\n";
    for (int i = 0; i < kRecordCount; i += 4) {
        const std::string host = "host" + std::to_string(i) + ".example.org. ";
        std::string hash = std::to_string(100'000'000 + i);
        hash.resize(32, 'v');
        text += host + "3600 IN A 192.0.2." + std::to_string(i % 256) + "\n";
        text += host + "3600 IN RRSIG A 13 3 3600 " + tail;
        text += hash + ".example.org. 300 IN NSEC3 1 0 0 - " + hash + " A RRSIG\n";
        text += hash + ".example.org. 300 IN RRSIG NSEC3 13 3 300 " + tail;
    }
    return text;
}

// Web hosts that speak HTTP/3.
std::string services() {
    std::string text = "$TTL 3600\n";
    for (int i = 0; i < kRecordCount; ++i) {
        text += "host" + std::to_string(i) + " HTTPS 1 . alpn=h3,h2 ipv4hint=192.0.2." +
                std::to_string(i % 256) + " ipv6hint=2001:db8::" + std::to_string(i % 9999) + "\n";
    }
    return text;
}

void read(benchmark::State& state, const std::string& text) {
    ZoneFileOptions options;
    options.origin = parse_name("example.org.").value();
    int64_t count = 0;
    size_t size = 0;
    for (auto _ : state) {
        const auto errors =
            parse_zone_file(text, options, [&](const Record& record, const ZoneFilePlace&) {
                ++count;
                size += record.rdata.size();
            });
        if (!errors.empty()) state.SkipWithError(errors[0].reason.c_str());
    }
    benchmark::DoNotOptimize(size);
    state.SetItemsProcessed(count);
    state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}

void mixed(benchmark::State& state) { read(state, mixed_zone()); }
void delegation(benchmark::State& state) { read(state, delegations()); }
void signatures(benchmark::State& state) { read(state, signed_zone()); }
void service(benchmark::State& state) { read(state, services()); }
BENCHMARK(mixed);
BENCHMARK(delegation);
BENCHMARK(signatures);
BENCHMARK(service);

}  // namespace
}  // namespace nearcast::dns
