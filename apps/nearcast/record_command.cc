// SPDX-License-Identifier: Apache-2.0

#include "record_command.h"

#include <string>
#include <utility>
#include <vector>

#include "console/json_text.h"
#include "controller.h"

namespace nearcast {
namespace {

using base::Result;
using nlohmann::json;

struct Options : ControllerOptions {
    std::string zone;
    std::string name;
    std::string type;
    std::string ttl;
    std::vector<std::string> data;
};

// Which set is meant, checked here: what is wrong is told before anybody is asked.
struct MeantSet {
    dns::Name zone;
    dns::Name owner;
    dns::RRType type = dns::RRType::None;
};

Result<MeantSet> read_set(const Options& options) {
    const auto zone = parse_zone(options.zone);
    if (!zone) return std::unexpected(zone.error());
    const auto owner = console::typed_owner(options.name, *zone);
    if (!owner) return std::unexpected(owner.error());
    const auto type = dns::parse_rr_type(options.type);
    if (!type) {
        return base::fail("no record type is named " + console::printable(options.type),
                          "A, AAAA, MX, TXT, …");
    }
    return MeantSet{*zone, *owner, *type};
}

Result<json> read_records(const Options& options, const MeantSet& set) {
    json records = json::array();
    for (const std::string& text : options.data) {
        const auto content = console::typed_content(set.type, text, set.zone);
        if (!content) return std::unexpected(content.error());
        records.push_back({{"content", *content}, {"disabled", false}});
    }
    return records;
}

Result<int> list(Controller& controller, const Options& options) {
    const auto zone = parse_zone(options.zone);
    if (!zone) return std::unexpected(zone.error());
    std::string path = zone_path(*zone);
    if (!options.name.empty()) {
        const auto owner = console::typed_owner(options.name, *zone);
        if (!owner) return std::unexpected(owner.error());
        path += "?rrset_name=" + client::escaped(dns::to_text(*owner));
        if (!options.type.empty()) path += "&rrset_type=" + client::escaped(options.type);
    }
    const auto answer = controller.get(path);
    if (!answer) return std::unexpected(answer.error());
    const json& rrsets = console::member(*answer, "rrsets");
    if (options.is_json) {
        print(rrsets);
        return 0;
    }
    console::Table table({"NAME", "TTL", "TYPE", "DATA"});
    for (const console::RecordSet& set : console::read_sets(rrsets)) {
        for (const console::RecordWords& words : set.records) {
            table.add({set.name, std::to_string(set.ttl), set.type,
                       words.content + (words.is_disabled ? "  (switched off)" : "")});
        }
    }
    print(table, "no records there");
    return 0;
}

// What is kept once `edit` is made; nothing when it takes records away.
std::vector<std::string> lines_after(const json& edit) {
    if (!edit.contains("ttl")) return {};
    std::vector<std::string> lines;
    for (const console::RecordSet& set : console::read_sets(json::array({edit}))) {
        for (std::string& line : console::lines_of(set)) lines.push_back(std::move(line));
    }
    return lines;
}

// Sends one change of one set.
Result<int> send(Controller& controller, const Options& options, const char* change_type,
                 const std::string& done) {
    const auto set = read_set(options);
    if (!set) return std::unexpected(set.error());
    auto records = read_records(options, *set);
    if (!records) return std::unexpected(records.error());
    json edit{{"name", dns::to_text(set->owner)},
              {"type", dns::to_text(set->type)},
              {"changetype", change_type}};
    if (!options.ttl.empty()) {
        const auto ttl = console::typed_ttl(options.ttl);
        if (!ttl) return std::unexpected(ttl.error());
        edit["ttl"] = *ttl;
    }
    if (!records->empty()) edit["records"] = *std::move(records);
    const Deed deed{dns::to_text(set->owner) + ' ' + dns::to_text(set->type) + done,
                    lines_after(edit)};
    const client::Request request{.method = "PATCH",
                                  .path = zone_path(set->zone),
                                  .body = {{"rrsets", json::array({std::move(edit)})}}};
    return make_change(controller, request, options, deed);
}

Result<int> set(Controller& controller, const Options& options) {
    return send(controller, options, "REPLACE", " is set");
}

Result<int> add(Controller& controller, const Options& options) {
    return send(controller, options, "EXTEND", " has more records");
}

Result<int> remove(Controller& controller, const Options& options) {
    return options.data.empty() ? send(controller, options, "DELETE", " is deleted")
                                : send(controller, options, "PRUNE", " has fewer records");
}

CLI::App* add_record_verb(CLI::App& family, const char* name, const char* help,
                          Action<Options> action, int& status) {
    const auto [verb, options] = add_verb<Options>(family, name, help, action, status);
    if (action != list) options->declare_change(*verb);
    verb->add_option("ZONE", options->zone, "The zone's name")->required();
    CLI::Option* owner = verb->add_option(
        "NAME", options->name,
        "Relative to the zone, @ for the zone itself; with a final dot the whole name");
    CLI::Option* type = verb->add_option("TYPE", options->type, "A, AAAA, MX, TXT, …");
    if (action != list) {
        owner->required();
        type->required();
    }
    if (action == set || action == add) {
        verb->add_option("TTL", options->ttl, "In seconds, or 5m, 1h")
            ->required()
            ->check([](const std::string& text) {
                const auto ttl = console::typed_ttl(text);
                return ttl ? std::string() : base::to_text(ttl.error());
            });
    }
    if (action != list) {
        CLI::Option* data = verb->add_option("DATA", options->data,
                                             "Of a record each, in quotes if it has spaces: '10 "
                                             "mail'. Names in it are relative too; "
                                             "the text of a TXT needs no quotes of its own");
        if (action != remove) data->required();
    }
    return verb;
}

}  // namespace

void add_record_command(CLI::App& program, int& status) {
    CLI::App* family = program.add_subcommand("record", "Records of a zone, one set at a time");
    family->require_subcommand(1);
    add_record_verb(*family, "list", "The records of a zone, of a name, or of a name and type",
                    list, status)
        ->footer(
            "Examples:\n  nearcast record list example.org\n  nearcast record list example.org "
            "www A");
    add_record_verb(*family, "set",
                    "Have exactly these records at a name, in place of those of that type", set,
                    status)
        ->footer(
            "Examples:\n  nearcast record set example.org www A 300 192.0.2.80 192.0.2.81\n"
            "  nearcast record set example.org @ MX 1h '10 mail' --comment 'new mail server'\n"
            "  nearcast record set example.org @ TXT 300 'v=spf1 mx -all' --wait all");
    add_record_verb(*family, "add", "Add records to those that are there", add, status)
        ->footer("Example:\n  nearcast record add example.org www AAAA 300 2001:db8::80");
    add_record_verb(*family, "delete",
                    "Delete the records of a name and type; with DATA those alone", remove, status)
        ->footer(
            "Examples:\n  nearcast record delete example.org www A\n  nearcast record delete "
            "example.org www A 192.0.2.81");
}

}  // namespace nearcast
