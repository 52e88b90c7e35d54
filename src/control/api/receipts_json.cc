// SPDX-License-Identifier: Apache-2.0

#include "control/api/receipts_json.h"

#include <algorithm>
#include <map>

#include "control/api/call_body.h"
#include "control/api/reply.h"
#include "control/api/zone_json.h"

namespace nearcast::control_api {

using control::Outcome;
using control::Receipts;
using nlohmann::json;

namespace {

constexpr std::string_view kPopMark = "pop:";

struct PopReceipts {
    json nodes = json::array();
    std::optional<control::Timestamp> first;
    std::optional<control::Timestamp> last;
    bool is_whole = true;  // All of its nodes serve it.
};

json time_json(const std::optional<control::Timestamp>& at) {
    return at ? json(time_text(*at)) : json();
}

void add(const control::Node& node, const Receipts::Served& served, PopReceipts& pop) {
    pop.nodes.push_back(
        {{"node", node.name}, {"served_at", time_json(served.at)}, {"reason", served.reason}});
    if (!served.at) {
        pop.is_whole = false;
        return;
    }
    pop.first = std::min(pop.first.value_or(*served.at), *served.at);
    pop.last = std::max(pop.last.value_or(*served.at), *served.at);
}

// A node that failed while it joined never tells anything; whoever waits for all waits for it too.
std::string unheard(const control::Node& node) {
    return "has told nothing so far; if it never will: nearcast node revoke " + node.name;
}

}  // namespace

std::expected<std::optional<Awaited>, Response> read_wait(const Request& request) {
    const auto text = request.parameter("wait");
    if (!text) return std::nullopt;
    const auto limit = read_number(request, "timeout", kWaitUsual.count(), kWaitMax.count());
    if (!limit) return std::unexpected(limit.error());
    Awaited awaited{.limit = std::chrono::seconds(*limit)};
    if (text->starts_with(kPopMark)) {
        awaited.who = Awaited::Who::Pop;
        awaited.pop = text->substr(kPopMark.size());
    } else if (*text == "quorum") {
        awaited.who = Awaited::Who::Quorum;
    } else if (*text == "published") {
        awaited.who = Awaited::Who::Controller;
    } else if (*text != "all") {
        return std::unexpected(
            error_reply(400, "wait is none of all, quorum, published and pop:NAME"));
    }
    return awaited;
}

Outcome<json> receipts_json(control::Network& network, Receipts& receipts, uint64_t sequence,
                            const dns::Name& zone) {
    std::map<std::string, PopReceipts> pops;
    const auto nodes = network.nodes();
    for (const auto& [pin, node] : *nodes) {
        auto served = receipts.served(node.id, sequence, zone);
        if (!served) return std::unexpected(served.error());
        if (!served->at && !receipts.state(node.id)) served->reason = unheard(node);
        add(node, *served, pops[node.pop]);
    }
    json list = json::array();
    bool is_served_by_all = true;
    for (auto& [name, pop] : pops) {
        is_served_by_all = is_served_by_all && pop.is_whole;
        list.push_back({{"pop", name},
                        {"first_served_at", time_json(pop.first)},
                        {"served_at", pop.is_whole ? time_json(pop.last) : json()},
                        {"nodes", std::move(pop.nodes)}});
    }
    return json{{"served_by_all", is_served_by_all}, {"pops", std::move(list)}};
}

bool has_nodes(control::Network& network, const Awaited& awaited) {
    if (awaited.who == Awaited::Who::Controller) return true;
    const auto is_there = [&] {
        return std::ranges::any_of(*network.nodes(), [&](const auto& node) {
            return awaited.who != Awaited::Who::Pop || node.second.pop == awaited.pop;
        });
    };
    return is_there() || (network.refresh() && is_there());
}

bool is_served(const json& receipts, const Awaited& awaited) {
    const json& pops = receipts["pops"];
    const auto serves = [](const json& pop) { return !pop["served_at"].is_null(); };
    switch (awaited.who) {
        case Awaited::Who::All:
            return receipts["served_by_all"].get<bool>();
        case Awaited::Who::Quorum:
            return 2 * static_cast<size_t>(std::ranges::count_if(pops, serves)) > pops.size() ||
                   pops.empty();
        case Awaited::Who::Pop:
            return std::ranges::any_of(
                pops, [&](const json& pop) { return pop["pop"] == awaited.pop && serves(pop); });
        case Awaited::Who::Controller:
            return false;  // No node tells that.
    }
    return false;
}

std::string lagging_nodes(const json& receipts, const Awaited& awaited) {
    constexpr size_t kNamesMax = 50;  // A header of some 3 KB.
    std::string names;
    size_t count = 0;
    for (const json& pop : receipts["pops"]) {
        if (awaited.who == Awaited::Who::Pop && pop["pop"] != awaited.pop) continue;
        for (const json& node : pop["nodes"]) {
            if (!node["served_at"].is_null() || count++ >= kNamesMax) continue;
            names += (names.empty() ? "" : ", ") + node["node"].get<std::string>();
        }
    }
    return names;
}

}  // namespace nearcast::control_api
