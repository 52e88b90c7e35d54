// SPDX-License-Identifier: Apache-2.0

// `nearcast`: the operator's command.

#include <algorithm>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "audit_command.h"
#include "change_command.h"
#include "completion_command.h"
#include "console/table.h"
#include "console/wrap.h"
#include "context_command.h"
#include "key_command.h"
#include "lab_command.h"
#include "node_command.h"
#include "pop_command.h"
#include "record_command.h"
#include "tenant_command.h"
#include "terminal.h"
#include "user_command.h"
#include "word_order.h"
#include "zone_command.h"

#include <CLI/CLI.hpp>

namespace {

constexpr int kUsageError = 2;

// Help in lines as wide as the terminal; whole where it goes elsewhere.
class WrappedHelp : public CLI::Formatter {
 public:
    std::string make_help(const CLI::App* app, std::string name,
                          CLI::AppFormatMode mode) const override {
        return nearcast::console::wrapped(CLI::Formatter::make_help(app, std::move(name), mode),
                                          nearcast::terminal_of(STDOUT_FILENO).width);
    }
};

// A word that nothing knows. Of one that stands where a verb should the library does not say which
// it is, and those that are too many it names in reverse. True when the error was such, and is
// told.
bool tell_unknown_word(const CLI::App& program, const CLI::ParseError& error) {
    using Code = CLI::ExitCodes;
    const auto code = static_cast<Code>(error.get_exit_code());
    if (code != Code::RequiredError && code != Code::ExtrasError) return false;
    const CLI::App* family = &program;
    std::string place = family->get_name();
    while (family->remaining().empty() && !family->get_subcommands().empty()) {
        family = family->get_subcommands().front();
        place += ' ' + family->get_name();
    }
    const std::vector<std::string> words = family->remaining();
    if (words.empty()) return false;
    std::cerr << "nearcast: " << place << " knows no \"" << nearcast::console::printable(words[0])
              << "\"\n  try: " << place << " --help\n";
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App program{"Nearcast: an anycast DNS network of your own", "nearcast"};
    program.formatter(std::make_shared<WrappedHelp>());
    program.require_subcommand(1);
    program.set_version_flag("--version", "nearcast " NEARCAST_VERSION);
    nearcast::declare_in_front(program);
    program.failure_message([](const CLI::App* app, const CLI::Error& error) {
        return "nearcast: " + CLI::FailureMessage::simple(app, error);
    });
    // A controller that ends a connection, or a pager that wants no more, is an error of a write.
    std::signal(SIGPIPE, SIG_IGN);
    int status = 0;
    nearcast::add_zone_command(program, status);
    nearcast::add_record_command(program, status);
    nearcast::add_change_command(program, status);
    nearcast::add_pop_command(program, status);
    nearcast::add_node_command(program, status);
    nearcast::add_key_command(program, status);
    nearcast::add_tenant_command(program, status);
    nearcast::add_user_command(program, status);
    nearcast::add_audit_command(program, status);
    nearcast::add_lab_command(program, status);
    nearcast::add_context_command(program, status);
    nearcast::add_completion_command(program, status);
    try {
        auto words = nearcast::with_options_behind(program, {argv + 1, argv + argc});
        std::ranges::reverse(words);  // As the library takes them.
        program.parse(std::move(words));
    } catch (const CLI::ParseError& error) {
        if (tell_unknown_word(program, error)) return kUsageError;
        return program.exit(error) == 0 ? 0 : kUsageError;
    }
    return status;
}
