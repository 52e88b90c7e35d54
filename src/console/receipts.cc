// SPDX-License-Identifier: Apache-2.0

#include "console/receipts.h"

#include <algorithm>

#include "console/json_text.h"

namespace nearcast::console {
namespace {

using nlohmann::json;

constexpr const char* kPopMark = "pop:";

// Of a place or a node.
bool serves(const json& one) { return !text_of(one, "served_at").empty(); }

std::string state_of(const json& pop) {
    if (serves(pop)) return moment_text(pop, "served_at");
    return "not yet";
}

}  // namespace

bool is_served(const json& receipts, const std::string& wait) {
    const json& pops = member(receipts, "pops");
    if (wait.starts_with(kPopMark)) {
        return std::ranges::any_of(pops, [&](const json& pop) {
            return kPopMark + text_of(pop, "pop") == wait && serves(pop);
        });
    }
    if (wait == "quorum") {
        const auto count = static_cast<size_t>(std::ranges::count_if(pops, serves));
        return pops.empty() || 2 * count > pops.size();
    }
    return is_true(receipts, "served_by_all");
}

Table receipts_table(const json& receipts) {
    Table table({"POP", "SERVED SINCE (UTC)", "NODES"});
    for (const json& pop : member(receipts, "pops")) {
        table.add(
            {text_of(pop, "pop"), state_of(pop), std::to_string(member(pop, "nodes").size())});
    }
    return table;
}

std::string lagging_text(const json& receipts) {
    std::string text;
    for (const json& pop : member(receipts, "pops")) {
        for (const json& node : member(pop, "nodes")) {
            if (serves(pop) || serves(node)) continue;
            const std::string reason = printable(text_of(node, "reason"));
            text += "  " + printable(text_of(node, "node")) +
                    (reason.empty() ? " does not serve it yet" : ": " + reason) + '\n';
        }
    }
    return text;
}

}  // namespace nearcast::console
