// SPDX-License-Identifier: Apache-2.0

#include "user_command.h"

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
};

Result<std::string> read_password(const Options& options) {
    const auto password = ask_secret("Password of " + options.name + ':');
    if (!password || password->empty()) return base::fail("no password was typed");
    return *password;
}

Result<int> list(Controller& controller, const Options& options) {
    const auto users = controller.get_list(kUsersPath);
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
    return have_done(controller, {.method = "POST", .path = kUsersPath, .body = std::move(body)},
                     options,
                     options.name +
                         " may log in now: POST /api/v1/sessions with his user name and password "
                         "gives a key for 12 hours, which goes into a context");
}

Result<int> set_password(Controller& controller, const Options& options) {
    const auto password = read_password(options);
    if (!password) return std::unexpected(password.error());
    return have_done(controller,
                     {.method = "PUT",
                      .path = path_of(kUsersPath, options.name),
                      .body = {{"password", *password}}},
                     options,
                     options.name + " has another password, and his other sessions are over",
                     {{"name", options.name}});
}

Result<int> demand_totp(Controller& controller, const Options& options) {
    const auto answer = controller.ask({.method = "POST",
                                        .path = path_of(kUsersPath, options.name) + "/totp",
                                        .body = json::object()});
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
    Removal removal = removal_of(kUsersPath, "the user", options.name);
    removal.done += ", and logged out";
    return remove_if_agreed(controller, removal, options);
}

Verb<Options> with_name(Verb<Options> verb) {
    verb.app->add_option("NAME", verb.options->name, "His name")->required();
    return verb;
}

}  // namespace

void add_user_command(CLI::App& program, int& status) {
    CLI::App* family = program.add_subcommand("user", "Who may log in");
    family->require_subcommand(1);
    const auto added = with_name(add_verb<Options>(
        *family, "add",
        "Make a user. The password is asked for, or the first line of standard input", add,
        status));
    added.app
        ->add_option("--tenant", added.options->tenant, "Whose he is (default: of the operator)")
        ->type_name("NAME");
    added.app->add_option("--right", added.options->right, "What he may do")
        ->check(CLI::IsMember({"read", "change", "manage"}))
        ->capture_default_str();
    add_verb<Options>(*family, "list", "The users", list, status);
    with_name(add_verb<Options>(*family, "password", "Set a user's password, which is asked for",
                                set_password, status));
    with_name(add_verb<Options>(
        *family, "totp",
        "Demand a code of his phone at every login, and print what the phone takes in", demand_totp,
        status));
    const auto removed = with_name(
        add_verb<Options>(*family, "remove", "Remove a user. Asks before", remove, status));
    removed.options->declare_consent(*removed.app);
}

}  // namespace nearcast
