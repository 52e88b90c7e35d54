// SPDX-License-Identifier: Apache-2.0

#include "user_command.h"

#include <memory>
#include <string>

#include "console/json_text.h"
#include "controller.h"
#include "terminal.h"

namespace nearcast {
namespace {

using base::Result;
using console::text_of;
using nlohmann::json;

constexpr const char* kUsersPath = "/api/v1/users";

struct Options : ControllerOptions {
    std::string name;
    std::string tenant;
    std::string right = "manage";
    bool is_agreed = false;
};

std::string user_path(const Options& options) {
    return std::string(kUsersPath) + '/' + client::escaped(options.name);
}

Result<std::string> read_password(const Options& options) {
    const auto password = ask_secret("Password of " + options.name + ':');
    if (!password || password->empty()) return base::fail("no password was typed");
    return *password;
}

// Asks, and tells what came of it in words or as it came.
Result<int> send(Controller& controller, const Options& options, const client::Request& request,
                 const std::string& done) {
    const auto answer = controller.ask(request);
    if (!answer) return std::unexpected(answer.error());
    if (options.is_json) {
        print(answer->json.is_null() ? json{{"name", options.name}} : answer->json);
    } else {
        put(options.name + done + '\n');
    }
    return 0;
}

Result<int> list(Controller& controller, const Options& options) {
    const auto users = controller.get(kUsersPath);
    if (!users) return std::unexpected(users.error());
    if (options.is_json) {
        print(*users);
        return 0;
    }
    console::Table table({"USER", "TENANT", "RIGHT", "TOTP", "SINCE (UTC)"});
    for (const json& user : *users) {
        table.add({text_of(user, "name"), text_of(user, "tenant"), text_of(user, "right"),
                   console::is_true(user, "totp") ? "yes" : "no",
                   console::moment_text(user, "created_at")});
    }
    print(table, "no users");
    return 0;
}

Result<int> add(Controller& controller, const Options& options) {
    const auto password = read_password(options);
    if (!password) return std::unexpected(password.error());
    json body{{"name", options.name}, {"password", *password}, {"right", options.right}};
    if (!options.tenant.empty()) body["tenant"] = options.tenant;
    return send(controller, options,
                {.method = "POST", .path = kUsersPath, .body = std::move(body)}, " may log in now");
}

Result<int> set_password(Controller& controller, const Options& options) {
    const auto password = read_password(options);
    if (!password) return std::unexpected(password.error());
    return send(controller, options,
                {.method = "PUT", .path = user_path(options), .body = {{"password", *password}}},
                " has another password, and is logged out everywhere");
}

Result<int> demand_totp(Controller& controller, const Options& options) {
    const auto answer = controller.ask(
        {.method = "POST", .path = user_path(options) + "/totp", .body = json::object()});
    if (!answer) return std::unexpected(answer.error());
    if (options.is_json) {
        print(answer->json);
    } else {
        put(options.name +
            " needs a code at every login from now on. For his phone, this once:\n\n    " +
            text_of(answer->json, "uri") + '\n');
    }
    return 0;
}

Result<int> remove(Controller& controller, const Options& options) {
    if (!options.is_agreed && !is_agreed("Remove the user " + options.name + '?')) {
        return base::fail("nothing was removed");
    }
    return send(controller, options, {.method = "DELETE", .path = user_path(options)},
                " is removed, and logged out");
}

using Action = Result<int> (*)(Controller&, const Options&);

void add_verb(CLI::App& family, const char* name, const char* help, Action action, int& status) {
    CLI::App* verb = family.add_subcommand(name, help);
    const auto options = std::make_shared<Options>();
    options->declare(*verb);
    if (action != list) verb->add_option("NAME", options->name, "His name")->required();
    if (action == add) {
        verb->add_option("--tenant", options->tenant, "Whose he is (default: of the operator)")
            ->type_name("NAME");
        verb->add_option("--right", options->right, "What he may do")
            ->check(CLI::IsMember({"read", "change", "manage"}))
            ->capture_default_str();
    } else if (action == remove) {
        verb->add_flag("--yes", options->is_agreed, "Do not ask");
    }
    when_chosen(*verb, status, *options,
                [options, action](Controller& controller) { return action(controller, *options); });
}

}  // namespace

void add_user_command(CLI::App& program, int& status) {
    CLI::App* family = program.add_subcommand("user", "Who may log in");
    family->require_subcommand(1);
    add_verb(*family, "add",
             "Make a user. The password is asked for, or the first line of standard "
             "input",
             add, status);
    add_verb(*family, "list", "The users", list, status);
    add_verb(*family, "password", "Set a user's password, which is asked for", set_password,
             status);
    add_verb(*family, "totp",
             "Demand a code of his phone at every login, and print what the phone "
             "takes in",
             demand_totp, status);
    add_verb(*family, "remove", "Remove a user. Asks before", remove, status);
}

}  // namespace nearcast
