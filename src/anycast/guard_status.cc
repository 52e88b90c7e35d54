// SPDX-License-Identifier: Apache-2.0

#include "anycast/guard_status.h"

#include <array>

#include <nlohmann/json.hpp>

namespace nearcast::anycast {
namespace {

using nlohmann::json;

constexpr std::array kSymptomWords = {"probes_lost",         "tcp_fails",       "wrong_answers",
                                      "disk_full",           "zone_stale",      "zone_load_failed",
                                      "signatures_expiring", "worker_unreached"};
static_assert(kSymptomWords.size() == static_cast<size_t>(Symptom::Count));

}  // namespace

std::string state_word(const Signals& signals) {
    if (signals.pref) return "announced";
    return signals.live ? "last_resort" : "withdrawn";
}

std::string to_text(Symptom symptom) { return kSymptomWords[static_cast<size_t>(symptom)]; }

std::string to_json(const GuardStatus& status) {
    json workers = json::array();
    for (const WorkerStatus& worker : status.workers) {
        workers.push_back({{"reached", worker.was_reached},
                           {"batches", worker.batches},
                           {"queries", worker.queries},
                           {"dropped", worker.dropped}});
    }
    const json object = {
        {"node", status.node},
        {"pop", status.pop},
        {"state", state_word(status.signals)},
        {"live", status.signals.live},
        {"pref", status.signals.pref},
        {"drained", status.is_drained},
        {"stopping", status.is_stopping},
        {"failures", status.failures},
        {"held_ms", status.held_ms},
        {"symptoms", status.symptoms},
        {"routing_read", status.has_routing},
        {"told_neighbors", status.told_neighbors ? json(*status.told_neighbors) : json()},
        {"mismatches", status.mismatches},
        {"guard", {{"pid", status.guard_pid}, {"starts", status.guard_starts}}},
        {"server",
         {{"pid", status.server_pid},
          {"starts", status.server_starts},
          {"state", status.server_state},
          {"queries", status.query_count},
          {"workers", workers}}}};
    return object.dump();
}

base::Result<GuardStatus> parse_guard_status(const std::string& text) {
    const json object = json::parse(text, nullptr, false);
    if (!object.is_object() || !object.contains("server")) {
        return base::fail("the guard answered something else than its status");
    }
    try {
        GuardStatus status;
        object.at("node").get_to(status.node);
        object.at("pop").get_to(status.pop);
        object.at("live").get_to(status.signals.live);
        object.at("pref").get_to(status.signals.pref);
        object.at("drained").get_to(status.is_drained);
        object.at("stopping").get_to(status.is_stopping);
        object.at("failures").get_to(status.failures);
        object.at("held_ms").get_to(status.held_ms);
        object.at("symptoms").get_to(status.symptoms);
        object.at("routing_read").get_to(status.has_routing);
        object.at("mismatches").get_to(status.mismatches);
        const json told = object.value("told_neighbors", json());
        if (told.is_number_unsigned()) status.told_neighbors = told.get<size_t>();
        object.at("guard").at("pid").get_to(status.guard_pid);
        object.at("guard").at("starts").get_to(status.guard_starts);
        const json& server = object.at("server");
        server.at("pid").get_to(status.server_pid);
        server.at("starts").get_to(status.server_starts);
        server.at("state").get_to(status.server_state);
        server.at("queries").get_to(status.query_count);
        for (const json& worker : server.at("workers")) {
            status.workers.push_back({worker.at("reached"), worker.at("batches"),
                                      worker.at("queries"), worker.at("dropped")});
        }
        return status;
    } catch (const json::exception& problem) {
        return base::fail(std::string("the guard's status is not as expected: ") + problem.what());
    }
}

}  // namespace nearcast::anycast
