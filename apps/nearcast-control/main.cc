// SPDX-License-Identifier: Apache-2.0

#include <cstdio>
#include <string>

#include "control_config.h"
#include "control_process.h"
#include "first_start.h"
#include "start_check.h"

#include <CLI/CLI.hpp>

namespace nearcast::control_app {
namespace {

constexpr int kUsageError = 2;

int usage_error(const base::Error& error) {
    std::fprintf(stderr, "nearcast-control: %s\n", to_text(error).c_str());
    return kUsageError;
}

int print_new_key(const ControlConfig& config) {
    const auto text = make_admin_key(config);
    if (!text) {
        std::fprintf(stderr, "nearcast-control: %s\n", to_text(text.error()).c_str());
        return 1;
    }
    std::printf("%s\n", text->c_str());
    return 0;
}

int check(const ControlConfig& config, const std::string& path) {
    const auto doubts = check_start(config);
    if (!doubts) return usage_error(doubts.error());
    for (const base::Error& doubt : *doubts) std::printf("warning: %s\n", to_text(doubt).c_str());
    std::printf("%s: a controller would start with it\n", path.c_str());
    return 0;
}

int run(int argc, char** argv) {
    CLI::App app(
        "Keeps zones with their history, lets them be changed over an HTTP API, and is the hidden\n"
        "primary from which the nodes get them.\n"
        "Example: nearcast-control --config /etc/nearcast/control.toml",
        "nearcast-control");
    std::string path;
    bool is_check = false;
    bool wants_key = false;
    app.set_version_flag("--version", "nearcast-control " NEARCAST_VERSION);
    app.add_option("--config", path, "The configuration. See docs/reference/control-toml.md")
        ->type_name("FILE")
        ->required();
    app.add_flag("--check", is_check,
                 "Read the configuration and what it names (certificates, keys, folders, the "
                 "database), say what is wrong, and exit: 0 if a controller would start, 2 if not. "
                 "As the user that it runs as: who else asks may see other rights");
    app.add_flag("--new-admin-key", wants_key,
                 "Make a key of the API that may do everything, print it this once, and exit: for "
                 "when the first one is lost. The controller may be running")
        ->excludes("--check");
    app.failure_message([](const CLI::App* asked, const CLI::Error& error) {
        return "nearcast-control: " + CLI::FailureMessage::simple(asked, error);
    });
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kUsageError;
    }
    auto config = read_control_config(path);
    if (!config) return usage_error(config.error());
    if (wants_key) return print_new_key(*config);
    if (!is_check) return run_control(*std::move(config));
    return check(*config, path);
}

}  // namespace
}  // namespace nearcast::control_app

int main(int argc, char** argv) { return nearcast::control_app::run(argc, argv); }
