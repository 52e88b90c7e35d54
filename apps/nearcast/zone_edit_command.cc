// SPDX-License-Identifier: Apache-2.0

#include "zone_edit_command.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "console/set_changes.h"
#include "controller.h"
#include "editor.h"
#include "terminal.h"
#include "zone_source.h"

namespace nearcast {
namespace {

using base::Result;
using console::SetChange;
using nlohmann::json;

constexpr int kPreconditionFailed = 412;
constexpr int kUnprocessable = 422;

struct Options : ControllerOptions {
    std::string zone;
};

enum class Step { Done, Again, GiveUp };

// One zone in the editor, until its changes are made or given up.
class Editing {
 public:
    Editing(Controller& controller, const Options& options, KeptZone kept, EditedFile file,
            std::string text)
        : controller_(controller),
          options_(options),
          kept_(std::move(kept)),
          file_(std::move(file)),
          original_(std::move(text)) {}

    Result<int> run() {
        for (;;) {
            if (auto done = file_.edit(); !done) return std::unexpected(done.error());
            const auto text = file_.read();
            if (!text) return std::unexpected(text.error());
            if (*text == original_) return end("nothing was changed");
            const auto step = take();
            if (!step) return std::unexpected(step.error());
            if (*step == Step::Done) return status_;
            if (*step == Step::GiveUp) {
                return base::fail("nothing was changed; what was typed is in " + file_.path());
            }
        }
    }

 private:
    Result<int> end(const char* what) {
        file_.remove();
        if (options_.is_json) {
            print({{"sequence", nullptr},
                   {"old_serial", kept_.serial},
                   {"new_serial", kept_.serial}});
        } else {
            put(std::string(what) + '\n');
        }
        return 0;
    }

    // What was typed, as far as it can be read, becomes a change if that is wanted.
    Result<Step> take() {
        const auto loaded = load_zone_file(file_.path(), {.origin = kept_.name});
        if (!loaded) {
            std::fprintf(stderr, "%s\n", loaded.error().message.c_str());
            return again();
        }
        std::fputs(loaded->findings.c_str(), stderr);
        if (!(loaded->name == kept_.name)) {
            std::fprintf(stderr, "this is the zone %s, not %s\n",
                         dns::to_text(loaded->name).c_str(), dns::to_text(kept_.name).c_str());
            return again();
        }
        changes_ = console::changes_between(kept_.sets, loaded->sets);
        if (changes_.empty()) {
            if (const auto ended = end("nothing was changed"); !ended) {
                return std::unexpected(ended.error());
            }
            return Step::Done;
        }
        if (!options_.is_agreed) {
            show(changes_);
            const auto answer = ask_person("Make this change? [y]es, [e]dit again, [n]o:");
            if (answer && (answer->starts_with('e') || answer->starts_with('E')))
                return Step::Again;
            if (!answer || !(answer->starts_with('y') || answer->starts_with('Y'))) {
                return Step::GiveUp;
            }
        }
        return send();
    }

    // Beside what a program reads, if one does.
    void show(const std::vector<SetChange>& changes) const {
        const int place = options_.is_json ? STDERR_FILENO : STDOUT_FILENO;
        std::fputs(console::diff_text(changes, terminal_of(place).has_colours).c_str(),
                   options_.is_json ? stderr : stdout);
    }

    Result<Step> again() const {
        if (options_.is_agreed) return Step::GiveUp;
        const auto answer = ask_person("Edit again? [Y/n]");
        return answer && !answer->starts_with('n') && !answer->starts_with('N') ? Step::Again
                                                                                : Step::GiveUp;
    }

    Result<Step> send() {
        const client::Request request{.method = "PATCH",
                                      .path = zone_path(kept_.name),
                                      .body = {{"rrsets", console::to_patch(changes_)}},
                                      .headers = {{"If-Match", kept_.etag}}};
        const auto refused = make(request);
        if (!refused) return std::unexpected(keep(refused.error()));
        if (*refused == kPreconditionFailed) return rebase();
        if (*refused == kUnprocessable) return again();
        file_.remove();
        return Step::Done;
    }

    // The status with which it was refused in a way that a person can mend; else zero.
    Result<int> make(client::Request request) {
        if (!options_.comment.empty()) request.body["comment"] = options_.comment;
        const auto answer = controller_.exchange(request);
        if (!answer) return std::unexpected(answer.error());
        if (answer->status == kPreconditionFailed) return answer->status;
        if (answer->status == kUnprocessable) {
            std::fprintf(stderr, "%s\n", client::error_of(*answer).message.c_str());
            return answer->status;
        }
        if (answer->status >= 400) return std::unexpected(client::error_of(*answer));
        const auto told =
            tell_change(controller_, *answer, options_, {dns::to_text(kept_.name) + " is changed"});
        if (!told) return std::unexpected(told.error());
        status_ = *told;
        return 0;
    }

    // Somebody else was faster. What both changed is for the person to settle; the rest goes on
    // top.
    Result<Step> rebase() {
        auto newer = controller_.zone(kept_.name);
        if (!newer) return std::unexpected(keep(newer.error()));
        const auto theirs = console::changes_between(kept_.sets, newer->sets);
        std::fprintf(stderr, "meanwhile somebody else has changed the zone:\n%s",
                     console::diff_text(theirs, terminal_of(STDERR_FILENO).has_colours).c_str());
        const auto both = console::common_sets(changes_, theirs);
        if (!both.empty()) {
            std::string names;
            for (const std::string& name : both) names += (names.empty() ? "" : ", ") + name;
            return std::unexpected(keep({"both have changed " + names, "edit the zone anew"}));
        }
        if (!options_.is_agreed && !is_agreed("Make your change on top of that?")) {
            return Step::GiveUp;
        }
        kept_.etag = newer->etag;
        return send();
    }

    [[nodiscard]] base::Error keep(base::Error error) const {
        error.message += "; what was typed is in " + file_.path();
        return error;
    }

    Controller& controller_;
    const Options& options_;
    KeptZone kept_;
    EditedFile file_;
    std::string original_;
    std::vector<SetChange> changes_;
    int status_ = 0;
};

// As the name of a file: no slash, no space.
std::string file_name(const dns::Name& zone) {
    std::string name = dns::to_text(zone);
    for (char& c : name) {
        const bool is_plain =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
        if (!is_plain) c = '_';
    }
    return name + "zone";
}

Result<int> edit(Controller& controller, const Options& options) {
    const auto name = parse_zone(options.zone);
    if (!name) return std::unexpected(name.error());
    auto kept = controller.zone(*name);
    if (!kept) return std::unexpected(kept.error());
    const auto records = console::editable_text(*name, kept->sets);
    if (!records) return std::unexpected(records.error());
    const std::string text =
        "; Save and leave the editor: then the difference is shown, and asked for.\n"
        "; The serial goes forward by itself.\n" +
        *records;
    auto file = EditedFile::create(file_name(*name), text);
    if (!file) return std::unexpected(file.error());
    return Editing(controller, options, *std::move(kept), *std::move(file), text).run();
}

}  // namespace

void add_zone_edit_command(CLI::App& zone, int& status) {
    const auto [app, options] = add_verb<Options>(
        zone, "edit",
        "Edit a zone in $EDITOR. Shows what would change and asks; only sets that differ are "
        "changed, and only in the zone that was seen. Nothing that was typed is lost",
        edit, status);
    options->declare_change(*app);
    options->declare_consent(*app);
    app->add_option("ZONE", options->zone, "The zone's name")->required();
    app->footer("Example:\n  nearcast zone edit example.org --comment 'the web server moves'");
}

}  // namespace nearcast
