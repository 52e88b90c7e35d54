// SPDX-License-Identifier: Apache-2.0

#include "node_report.h"

#include <array>
#include <chrono>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace nearcast {
namespace {

using anycast::DrainProof;
using anycast::GuardStatus;

std::string decimal(double value) {
    std::array<char, 32> room{};
    std::snprintf(room.data(), room.size(), "%.1f", value);
    return room.data();
}

double seconds(base::Duration time) { return std::chrono::duration<double>(time).count(); }

// What was read back of the routing daemon counts for more than what the node meant to do.
std::string meaning(const GuardStatus& status) {
    if (status.has_routing && !status.mismatches.empty()) {
        const std::string meant = status.signals.pref   ? "to be announced"
                                  : status.signals.live ? "to be announced as a last resort"
                                                        : "to be withdrawn";
        if (!status.told_neighbors) return meant + ", and nobody can say whether it is";
        if (!status.signals.live && *status.told_neighbors == 0) {
            return "withdrawn: no neighbour is told of it, but see below";
        }
        if (!status.signals.live) return meant + ", and is not: see below";
        if (*status.told_neighbors == 0) return meant + ", and no neighbour is told of it";
        return meant + ", and is not as it should be: see below";
    }
    if (status.signals.pref) return "announced: neighbours send it their traffic";
    if (status.signals.live) return "last resort: announced for those who have nowhere else to go";
    return "withdrawn: no neighbour sends it anything";
}

std::string explanation(const std::string& symptom) {
    if (symptom == "probes_lost") return "the server is busy: it moves, but loses our questions";
    if (symptom == "tcp_fails") return "questions over TCP fail, over UDP they are answered";
    if (symptom == "wrong_answers") return "the server's answers are not those of a healthy zone";
    if (symptom == "disk_full")
        return "the state directory's disk is nearly full, or zones cannot be stored on it";
    if (symptom == "zone_stale") return "a zone is older than it should be";
    if (symptom == "signatures_expiring") return "signatures of a zone are near their end";
    if (symptom == "zone_load_failed")
        return "a zone file could not be loaded, or there is none; what was served still is";
    return "one worker was never heard, all others answer";
}

std::string reasons(const GuardStatus& status) {
    std::string text;
    if (status.is_stopping) text += "  because  it is stopping\n";
    if (status.is_drained) text += "  because  it is drained; nearcast node undrain ends that\n";
    if (status.held_ms > 0) {
        text += "  because  it failed (" + std::to_string(status.failures) +
                " times lately) and must stay up for another " +
                std::to_string((status.held_ms + 999) / 1000) + " s first\n";
    }
    for (const std::string& symptom : status.symptoms) {
        text += "  because  " + explanation(symptom) + " (" + symptom + ")\n";
    }
    return text;
}

std::string times(uint32_t starts) {
    return starts == 1 ? "started once" : "started " + std::to_string(starts) + " times";
}

}  // namespace

std::string server_report(const nlohmann::json& status) {
    uint64_t queries = 0;
    uint64_t dropped = 0;
    const auto workers = status.value("workers", nlohmann::json::array());
    for (const auto& worker : workers) {
        queries += worker.value("queries", uint64_t{0});
        dropped += worker.value("dropped", uint64_t{0});
    }
    return "server alone, version " + status.value("version", std::string("unknown")) + ": " +
           std::to_string(status.value("zones", uint64_t{0})) + " zones, " +
           std::to_string(workers.size()) + " workers, " + std::to_string(queries) +
           " queries answered, " + std::to_string(dropped) + " dropped\n";
}

std::string node_report(const GuardStatus& status) {
    std::string text = "node " + status.node + " of pop " + status.pop + " is " + meaning(status) +
                       '\n' + reasons(status);
    text += "  guard    pid " + std::to_string(status.guard_pid) + ", " +
            times(status.guard_starts) + '\n';
    text += "  server   " + status.server_state;
    if (status.server_pid > 0) text += ", pid " + std::to_string(status.server_pid);
    text += ", " + times(status.server_starts) + ", " + std::to_string(status.workers.size()) +
            " workers, " + std::to_string(status.query_count) + " queries answered\n";
    if (!status.has_routing) return text + "  routing  not read back yet\n";
    if (status.mismatches.empty()) return text + "  routing  announces what it should\n";
    for (const std::string& mismatch : status.mismatches) {
        text += "  routing  MISMATCH: " + mismatch + '\n';
    }
    return text;
}

std::string node_json(const std::string& guard, const std::string& server) {
    auto status = nlohmann::json::parse(guard, nullptr, /*allow_exceptions=*/false);
    if (!status.is_object()) return guard;
    auto answer = nlohmann::json::parse(server, nullptr, /*allow_exceptions=*/false);
    status["server"] = answer.is_object() ? std::move(answer) : nlohmann::json();
    return status.dump();
}

std::string drain_report(const DrainProof& proof) {
    const std::string before = decimal(proof.rate_before());
    const std::string after = decimal(proof.rate());
    if (proof.has_left()) {
        return "drained: " + before + " queries a second before, " + after + " now, after " +
               decimal(seconds(proof.time_to_quiet())) + " s\n";
    }
    return "not empty: " + before + " queries a second before, still " + after +
           " now. They are answered\n"
           "  try: wait; some networks are slow to follow. nearcast node undrain takes it back\n";
}

std::string drain_json(const DrainProof& proof) {
    return "{\"drained\":true,\"left\":" + std::string(proof.has_left() ? "true" : "false") +
           ",\"rate_before\":" + decimal(proof.rate_before()) +
           ",\"rate_after\":" + decimal(proof.rate()) +
           ",\"seconds\":" + decimal(proof.has_left() ? seconds(proof.time_to_quiet()) : 0) + "}\n";
}

std::string prepare_report(const anycast::NodeConfig& config) {
    return "devices " + config.live_device + " and " + config.pref_device + ", directories " +
           config.run_directory + " and " + config.state_directory + " belong to " + config.user;
}

}  // namespace nearcast
