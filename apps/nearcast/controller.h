// SPDX-License-Identifier: Apache-2.0
//
// How a subcommand asks the controller of the network that is meant, and tells what came of it.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/connection.h"
#include "console/record_set.h"
#include "console/table.h"
#include "dns/name.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace nearcast {

// What verbs have in common. Each declares those that it knows.
struct ControllerOptions {
    std::string context;
    bool is_json = false;
    std::string comment;              // Why a change is made.
    std::string wait;                 // Until who serves it; empty: it is not waited for.
    std::optional<uint32_t> timeout;  // How many seconds to wait, where that was said.
    bool is_agreed = false;

    // A node that takes longer is out of reach, or its zone is wrong.
    static constexpr uint32_t kServingLimit = 60;
    // Publishing takes milliseconds; of the largest zones it is not waited for.
    static constexpr uint32_t kPublishingLimit = 5;
    [[nodiscard]] uint32_t serving_limit() const { return timeout.value_or(kServingLimit); }
    [[nodiscard]] uint32_t publishing_limit() const { return timeout.value_or(kPublishingLimit); }

    void declare(CLI::App& verb);          // --context and --json
    void declare_comment(CLI::App& verb);  // --comment
    void declare_timeout(CLI::App& verb);  // --timeout
    void declare_change(CLI::App& verb);   // --comment, --wait and --timeout
    void declare_consent(CLI::App& verb);  // --yes
};

// A zone with all its sets, as it was at one moment.
struct KeptZone {
    dns::Name name;
    std::string etag;
    uint32_t serial = 0;
    std::vector<console::RecordSet> sets;
};

class Controller {
 public:
    // Whom $NEARCAST_CONTEXT and the contexts' file mean when `context` is empty.
    [[nodiscard]] static base::Result<Controller> connect(const std::string& context);

    // As client::Connection has them.
    [[nodiscard]] base::Result<client::Answer> ask(const client::Request& request) {
        return connection_.ask(request);
    }
    [[nodiscard]] base::Result<client::Answer> exchange(const client::Request& request) {
        return connection_.exchange(request);
    }

    [[nodiscard]] base::Result<nlohmann::json> get(const std::string& path);
    // A list, of one page after the other until it has `most` items or ends.
    [[nodiscard]] base::Result<nlohmann::json> get_list(const std::string& path,
                                                        size_t most = SIZE_MAX);
    [[nodiscard]] base::Result<KeptZone> zone(const dns::Name& name);

 private:
    explicit Controller(client::Connection connection) : connection_(std::move(connection)) {}

    client::Connection connection_;
};

// Has `act` done when the verb is chosen; what it gives is the exit status, an error is told.
using Act = std::function<base::Result<int>(Controller&)>;
void when_chosen(CLI::App& verb, int& status, const ControllerOptions& options, Act act);

template <typename Options>
using Action = base::Result<int> (*)(Controller&, const Options&);

// A verb with its help, which may have more options declared.
template <typename Options>
struct Verb {
    CLI::App* app = nullptr;
    std::shared_ptr<Options> options;
};

// Adds one to its family, with the options that all have; `action` is done when it is chosen.
template <typename Options>
Verb<Options> add_verb(CLI::App& family, const char* name, const char* help, Action<Options> action,
                       int& status) {
    Verb<Options> verb{family.add_subcommand(name, help), std::make_shared<Options>()};
    verb.options->declare(*verb.app);
    when_chosen(*verb.app, status, *verb.options,
                [options = verb.options, action](Controller& controller) {
                    return action(controller, *options);
                });
    return verb;
}

// Of "--limit": how much of a list.
inline const CLI::Range kListLimits{size_t{1}, size_t{1'000'000'000}};

// With and without its final dot.
[[nodiscard]] base::Result<dns::Name> parse_zone(const std::string& text);
// "/api/v1/servers/localhost/zones", and that of one of them.
extern const std::string kZonesPath;
[[nodiscard]] std::string zone_path(const dns::Name& zone);

// A change that was made, in words.
struct Deed {
    std::string done;
    std::vector<std::string> records = {};  // That are kept now: a line for each.
    bool is_for_later = false;              // It is not published before more has come.
    bool is_deletion = false;               // Of a zone, whose serial stays as it was.
};

// Makes a change and tells it, and which change it was. Then waits until those serve it whom
// `options` name, if any.
[[nodiscard]] base::Result<int> make_change(Controller& controller, client::Request request,
                                            const ControllerOptions& options, const Deed& deed);
// The second half of that, for a change that was answered with success.
[[nodiscard]] base::Result<int> tell_change(Controller& controller, const client::Answer& answer,
                                            const ControllerOptions& options, const Deed& deed);
// Tells on stderr when a change that was made cannot be published, for which the zone must be
// changed again: when that is known already, or within so many seconds.
void tell_problem(Controller& controller, const std::string& sequence, uint32_t limit);
// Tells who serves a change, once those do whom `options` name ("all", "quorum", "pop:NAME"). Exit
// status 1 when they do not in time.
[[nodiscard]] base::Result<int> await_change(Controller& controller, const std::string& sequence,
                                             const ControllerOptions& options);

// Has something done that is no change of a zone, and tells it: `done` in words, or as it came;
// where nothing comes, `told`.
[[nodiscard]] base::Result<int> have_done(Controller& controller, const client::Request& request,
                                          const ControllerOptions& options, const std::string& done,
                                          const nlohmann::json& told = nullptr);
struct Removal {
    std::string path;
    std::string name;      // Of what is gone then.
    std::string question;  // Whether it is meant; --yes answers it. Empty: it is not asked.
    std::string done;
};
// Of one of a list, as path_of() has it; `what` it is is told to who is asked: "the place".
[[nodiscard]] Removal removal_of(const char* list, const std::string& what,
                                 const std::string& name);
[[nodiscard]] base::Result<int> remove_if_agreed(Controller& controller, const Removal& removal,
                                                 const ControllerOptions& options);

// The path of one of a list: "/api/v1/pops", and its name as it was typed.
[[nodiscard]] std::string path_of(const char* list, const std::string& name);

// One line.
void print(const nlohmann::json& value);
// As wide as the terminal; `none` when it is empty.
void print(const console::Table& table, const std::string& none);

}  // namespace nearcast
