// SPDX-License-Identifier: Apache-2.0

#include "lab/prober.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <poll.h>
#include <sys/socket.h>

#include "dns/response.h"
#include "lab/netns.h"

namespace nearcast::lab {

namespace {

using base::Fd;
using base::Instant;
using base::Result;

// Questions of one city that may be open at once.
constexpr size_t kIds = 8192;
constexpr size_t kAnswerMax = 4096;

// Bound to the city's own address: that of a link is not known beyond its two routers. Not
// connected: routes may still be on their way.
Result<Fd> open_socket(const Node& node, bool is_v6) {
    const auto visit = NamespaceVisit::enter(node.net_namespace);
    if (!visit) return std::unexpected(visit.error());
    Fd socket(::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return base::fail_errno("a socket in " + node.net_namespace, errno);
    for (const Network& network : node.networks) {
        if (network.address.is_v6 != is_v6) continue;
        const base::NativeAddress own({network.address, 0});
        if (::bind(socket.get(), own.data(), own.size()) != 0) {
            return base::fail_errno("address " + to_text(network.address), errno);
        }
    }
    return socket;
}

std::string nsid_of(std::span<const uint8_t> message) {
    const auto response = dns::read_response(message);
    if (!response) return {};
    const auto nsid = response->option(dns::kNsid);
    return nsid ? std::string(nsid->begin(), nsid->end()) : std::string();
}

}  // namespace

Result<Prober> Prober::open(const Plan& plan, base::SocketAddress target,
                            std::vector<size_t> cities) {
    Prober prober(plan, target);
    prober.cities_ = std::move(cities);
    if (prober.cities_.empty()) {
        for (const Router* router : plan.topology.of_kind(RouterKind::Client)) {
            prober.cities_.push_back(plan.topology.index_of(router->name));
        }
    }
    for (const size_t city : prober.cities_) {
        auto socket = open_socket(plan.nodes[city], target.ip.is_v6);
        if (!socket) return std::unexpected(socket.error());
        prober.slots_.push_back({.socket = *std::move(socket),
                                 .next_id = 0,
                                 .probe_of_id = std::vector<uint32_t>(kIds, kNone)});
    }
    return prober;
}

void Prober::ask_all() {
    for (size_t slot = 0; slot < slots_.size(); ++slot) ask(slot);
}

void Prober::ask(size_t slot) {
    City& city = slots_[slot];
    const dns::EdnsOption nsid{.code = dns::kNsid, .data = {}};
    const dns::QueryDraft draft{.id = city.next_id, .qname = {}, .options = {&nsid, 1}};
    const std::vector<uint8_t> query = dns::build_query(draft);
    city.probe_of_id[city.next_id++ % kIds] = static_cast<uint32_t>(probes_.size());
    probes_.push_back(
        {.city = cities_[slot], .sent = base::now(), .answered = {}, .pop = {}, .server = {}});
    ++open_;
    // Without a route the question is lost like any other.
    ::sendto(city.socket.get(), query.data(), query.size(), 0, target_.data(), target_.size());
}

void Prober::take_answers(size_t slot) {
    City& city = slots_[slot];
    std::array<uint8_t, kAnswerMax> buffer;
    for (;;) {
        const ssize_t size = ::recv(city.socket.get(), buffer.data(), buffer.size(), 0);
        if (size < 0) return;
        if (size < static_cast<ssize_t>(dns::kHeaderSize)) continue;
        const std::span<const uint8_t> message(buffer.data(), static_cast<size_t>(size));
        uint32_t& index = city.probe_of_id[dns::load_header(message).id % kIds];
        if (index == kNone) continue;
        Probe& probe = probes_[index];
        index = kNone;
        probe.answered = base::now();
        probe.server = nsid_of(message);
        probe.pop = pop_of_nsid(*plan_, probe.server);
        --open_;
    }
}

void Prober::listen(Instant until, bool stops_when_all_answered) {
    std::vector<pollfd> polls;
    for (const City& city : slots_) polls.push_back({city.socket.get(), POLLIN, 0});
    while (!(stops_when_all_answered && open_ == 0)) {
        const auto left = std::max(Instant::duration::zero(), until - base::now());
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
        const timespec timeout{seconds.count(), (left - seconds).count()};
        const int ready = ::ppoll(polls.data(), polls.size(), &timeout, nullptr);
        if (ready < 0 && errno != EINTR) return;
        for (size_t slot = 0; slot < polls.size(); ++slot) {
            if (polls[slot].revents != 0) take_answers(slot);
        }
        if (base::now() >= until) return;
    }
}

void Prober::forget() {
    for (City& city : slots_) std::ranges::fill(city.probe_of_id, kNone);
    probes_.clear();
    open_ = 0;
}

std::optional<size_t> pop_of_nsid(const Plan& plan, const std::string& nsid) {
    const std::string name = nsid.substr(nsid.rfind('.') + 1);
    const Router* router = plan.topology.find(name);
    if (router == nullptr) return std::nullopt;
    return plan.topology.index_of(name);
}

}  // namespace nearcast::lab
