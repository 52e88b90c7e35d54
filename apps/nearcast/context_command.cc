// SPDX-License-Identifier: Apache-2.0

#include "context_command.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <string>

#include "client/contexts.h"
#include "command.h"
#include "controller.h"
#include "terminal.h"
#include "tls/authority.h"

namespace nearcast {
namespace {

using base::Result;
using client::Contexts;

struct Options {
    client::Context context;
    std::string key_file;
    std::string certificate = "/var/lib/nearcast-control/api.pem";
    bool is_json = false;
};

std::string path() {
    return client::contexts_path(std::getenv("XDG_CONFIG_HOME"), std::getenv("HOME"));
}

// The first line of a file, or of standard input for "-".
Result<std::string> read_key(const std::string& file) {
    std::string key;
    if (file == "-") {
        std::getline(std::cin, key);
    } else {
        std::ifstream stream(file);
        if (!stream) return base::fail_errno("cannot read " + file, errno);
        std::getline(stream, key);
    }
    if (key.empty()) return base::fail(file + " has no key in its first line");
    return key;
}

// Reads the contexts, has them changed, and writes them back.
int change(const std::function<Result<void>(Contexts&)>& how) {
    auto contexts = Contexts::read(path());
    if (!contexts) return tell(contexts.error());
    if (auto done = how(*contexts); !done) return tell(done.error());
    if (auto done = contexts->write(path()); !done) return tell(done.error());
    return 0;
}

int add(Options& options) {
    client::Target& target = options.context.target;
    if (!options.key_file.empty()) {
        const auto key = read_key(options.key_file);
        if (!key) return tell(key.error());
        target.key = *key;
    }
    // The command may be given in another folder next time.
    if (!target.ca.empty()) target.ca = std::filesystem::absolute(target.ca).string();
    return change([&](Contexts& contexts) { return contexts.add(options.context); });
}

int list(const Options& options) {
    const auto contexts = Contexts::read(path());
    if (!contexts) return tell(contexts.error());
    const auto proof_of = [](const client::Target& target) -> std::string {
        if (!target.ca.empty()) return "ca " + target.ca;
        return target.pin.empty() ? "the system's CAs" : "pin " + target.pin;
    };
    console::Table table({"", "NAME", "URL", "BELIEVED BY", "KEY"});
    nlohmann::json all = nlohmann::json::array();
    for (const client::Context& each : contexts->all()) {
        const client::Target& target = each.target;
        const bool is_current = each.name == contexts->current();
        table.add({is_current ? "*" : "", each.name, target.url, proof_of(target),
                   target.key.empty() ? "none" : "kept"});
        all.push_back({{"name", each.name},
                       {"url", target.url},
                       {"ca", target.ca},
                       {"pin", target.pin},
                       {"has_key", !target.key.empty()},
                       {"is_current", is_current}});
    }
    if (options.is_json) {
        print(all);
    } else {
        print(table, "no contexts: nearcast asks the controller on this machine, if there is one");
    }
    return 0;
}

int show_pin(const Options& options) {
    const auto pin = tls::pin_of_file(options.certificate);
    if (!pin) return tell(pin.error());
    if (options.is_json) {
        print({{"certificate", options.certificate}, {"pin", tls::to_text(*pin)}});
    } else {
        put(tls::to_text(*pin) + '\n');
    }
    return 0;
}

void add_adding(CLI::App& family, const std::shared_ptr<Options>& options, int& status) {
    CLI::App* verb = family.add_subcommand(
        "add",
        "Remember a network: where its controller is, and the key to it. The first one is "
        "used when nothing else is said");
    client::Target& target = options->context.target;
    verb->add_option("NAME", options->context.name, "What to call it")->required();
    verb->add_option("--url", target.url, "https://control.example.net:8053")
        ->required()
        ->type_name("URL");
    CLI::Option* key = verb->add_option("--key", target.key,
                                        "The key to its API; others on this machine may see "
                                        "it while the command runs")
                           ->type_name("KEY");
    verb->add_option("--key-file", options->key_file, "The same, from a file; -: standard input")
        ->type_name("FILE")
        ->excludes(key);
    verb->add_option("--ca", target.ca,
                     "The controller's certificate, or that of its CA; without it and without a "
                     "pin the CAs are believed that this system believes")
        ->type_name("FILE");
    verb->add_option("--pin", target.pin,
                     "The hash of its certificate's key: nearcast context pin prints it there")
        ->type_name("sha256/...");
    verb->footer(
        "Examples:\n"
        "  nearcast context add home --url https://control.example.net:8053 --key-file - \\\n"
        "      --pin sha256/tZwKQwmI6SBRYKMkggLnBYKB4wVNY7wFAy3amixfjJE=\n"
        "  nearcast context add lab --url https://localhost:8053 --key-file admin.key --ca "
        "api.pem");
    verb->callback([options, &status] { status = add(*options); });
}

}  // namespace

void add_context_command(CLI::App& program, int& status) {
    CLI::App* family = program.add_subcommand(
        "context", "The networks that are worked with, each with its controller and a key");
    family->require_subcommand(1);
    const auto options = std::make_shared<Options>();
    add_adding(*family, options, status);
    CLI::App* listed = family->add_subcommand("list", "Those that are known; * is the current one");
    listed->add_flag("--json", options->is_json, "Print one line of JSON, without the keys");
    listed->callback([options, &status] { status = list(*options); });
    CLI::App* used = family->add_subcommand("use", "Make one current");
    used->add_option("NAME", options->context.name, "Its name")->required();
    used->callback([options, &status] {
        status = change([&](Contexts& contexts) { return contexts.use(options->context.name); });
    });
    CLI::App* removed = family->add_subcommand("remove", "Forget one, with its key");
    removed->add_option("NAME", options->context.name, "Its name")->required();
    removed->callback([options, &status] {
        status = change([&](Contexts& contexts) { return contexts.remove(options->context.name); });
    });
    CLI::App* pin = family->add_subcommand(
        "pin",
        "Print the pin of a certificate: what --pin of context add takes. For the machine of "
        "the controller");
    pin->add_option("FILE", options->certificate, "The certificate of its API")
        ->capture_default_str();
    pin->add_flag("--json", options->is_json, "Print one line of JSON");
    pin->callback([options, &status] { status = show_pin(*options); });
}

}  // namespace nearcast
