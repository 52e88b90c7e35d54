// SPDX-License-Identifier: Apache-2.0

#include "lab_progress.h"

#include <chrono>
#include <cstdio>

#include <unistd.h>

#include "lab/controller.h"

namespace nearcast {

namespace {

using lab::RouterKind;

double seconds(base::Duration duration) { return std::chrono::duration<double>(duration).count(); }

void print_try(const std::string& command, const char* what) {
    std::printf("  nearcast %-34s %s\n", command.c_str(), what);
}

}  // namespace

LabProgress::LabProgress() : start_(base::now()), is_terminal_(::isatty(STDOUT_FILENO) == 1) {}

lab::Progress LabProgress::reporter() {
    return [this](const std::string& step, const std::string& detail) { report(step, detail); };
}

void LabProgress::report(const std::string& step, const std::string& detail) {
    if (step == step_ && detail == detail_) return;
    if (!step_.empty() && step != step_) print_line("\n");
    step_ = step;
    detail_ = detail;
    if (is_terminal_) print_line("\r");
}

void LabProgress::finish() {
    if (!step_.empty()) print_line("\n");
}

void LabProgress::print_line(const char* end) const {
    std::printf("%6.1f s  %-12s %-54s%s", seconds(base::now() - start_), step_.c_str(),
                detail_.c_str(), end);
    std::fflush(stdout);
}

void print_welcome(const lab::Topology& topology, const lab::Built& built) {
    const auto pops = topology.of_kind(RouterKind::Pop);
    const auto cities = topology.of_kind(RouterKind::Client);
    std::printf(
        "\nA small internet is up: %zu PoPs, %zu cities, %zu routers, %zu links.\n"
        "Every city is answered, %.1f s after the start.\n",
        pops.size(), cities.size(), built.routers, built.links, seconds(built.until_answered));
    if (built.late.empty()) {
        std::printf("Every PoP announces and answers, %.1f s after it.\n\n  PoPs  ",
                    seconds(built.until_up));
    } else {
        std::printf(
            "Not every PoP does so yet, %.1f s after it: %s. See nearcast lab status\n\n  PoPs  ",
            seconds(built.until_up), built.late.c_str());
    }
    for (const lab::Router* pop : pops) std::printf(" %s", pop->name.c_str());
    std::printf("\n  cities");
    for (const lab::Router* city : cities) std::printf(" %s", city->name.c_str());
    const std::string city = cities.front()->name;
    const std::string pop = pops.front()->name;
    std::puts("\n\nTry:");
    print_try("lab catchment", "which PoP answers which city");
    print_try("lab dig " + city + " www.example.org", "a question, asked from there");
    print_try("lab kill " + pop, "see who answers instead");
    print_try("lab heal " + pop, "and bring it back");
    print_try("lab add-pop Tokyo", "one place more: its server joins by one command");
    print_try("lab compare", "against one ordinary server");
    print_try("lab watch", "all of it, live");
    print_try("lab down", "take it away");
    const auto url = lab::controller_url();
    std::printf("\nIts controller, %s, is the context \"%s\":\n", url.value_or("none").c_str(),
                lab::kContextName);
    print_try("zone list --context lab", "what every PoP serves");
    print_try("record set example.org hi A 60 192.0.2.1 --wait all --context lab", "");
    print_try("lab dig " + city + " hi.example.org", "every PoP serves it");
}

}  // namespace nearcast
