// SPDX-License-Identifier: Apache-2.0

#include "control/api/rrset_json.h"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "control/api/call_body.h"
#include "control/api/json_member.h"
#include "control/api/reply.h"
#include "control/edit_plan.h"
#include "dns/typed_name.h"

namespace nearcast::control_api {
namespace {

using control::Comment;
using control::RecordText;
using control::Rrset;
using control::RrsetEdit;
using nlohmann::json;

// A field of one RRset, and what is wrong with it.
struct Fault {
    const char* field = "";
    std::string reason;
};

template <typename T>
using ReadField = std::expected<T, Fault>;

std::unexpected<Fault> wrong(const char* field, std::string reason) {
    return std::unexpected(Fault{field, std::move(reason)});
}

// A number, or its digits as text, which PowerDNS takes and so scripts send.
std::optional<int64_t> number_of(const json& value) {
    if (value.is_number_integer()) return value.get<int64_t>();
    if (!value.is_string()) return std::nullopt;
    const auto& text = value.get_ref<const std::string&>();
    int64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
    return is_whole ? std::optional(number) : std::nullopt;
}

ReadField<uint32_t> read_ttl(const json& rrset) {
    const auto ttl = number_of(member(rrset, "ttl"));
    if (!ttl) return wrong("ttl", "Key 'ttl' not an Integer or not present");
    if (*ttl < 0 || *ttl > INT32_MAX) {
        return wrong("ttl", "Key 'ttl' is not from 0 to 2147483647");
    }
    return static_cast<uint32_t>(*ttl);
}

ReadField<std::vector<RecordText>> read_records(const json& list) {
    if (!list.is_array()) return wrong("records", "Key 'records' is not an array");
    std::vector<RecordText> records;
    for (const json& item : list) {
        if (!item.is_object() || !member(item, "content").is_string()) {
            return wrong("content", "Key 'content' not present or not a String");
        }
        if (auto done = check_types(item, {"disabled"}, {}); !done) {
            return wrong("disabled", done.error());
        }
        records.push_back({text_of(item, "content"), flag_of(item, "disabled").value_or(false)});
    }
    return records;
}

ReadField<std::vector<Comment>> read_comments(const json& list) {
    if (!list.is_array()) return wrong("comments", "Key 'comments' is not an array");
    std::vector<Comment> comments;
    for (const json& item : list) {
        if (!item.is_object() || !member(item, "content").is_string()) {
            return wrong("comments", "Key 'content' not present or not a String");
        }
        const json& at = member(item, "modified_at");
        comments.push_back({text_of(item, "content"), text_of(item, "account"),
                            std::chrono::seconds(at.is_number_integer() ? at.get<int64_t>() : 0)});
    }
    return comments;
}

ReadField<RrsetEdit::Kind> read_change_type(const json& rrset) {
    constexpr std::array<std::pair<std::string_view, RrsetEdit::Kind>, 4> kKinds{
        {{"REPLACE", RrsetEdit::Kind::Replace},
         {"DELETE", RrsetEdit::Kind::Delete},
         {"EXTEND", RrsetEdit::Kind::Extend},
         {"PRUNE", RrsetEdit::Kind::Prune}}};
    if (!member(rrset, "changetype").is_string()) {
        return wrong("changetype", "Key 'changetype' not present or not a String");
    }
    const std::string text = in_capitals(text_of(rrset, "changetype"));
    for (const auto& [name, kind] : kKinds) {
        if (name == text) return kind;
    }
    return wrong("changetype", "Changetype not understood");
}

// On types that are made for servers which work out their answers.
std::string advice_on(const std::string& type) {
    const std::string text = in_capitals(type);
    if (text == "LUA") return "; nodes run no code to make answers";
    if (text != "ALIAS") return "";
    return "; nodes look up no other names: write the addresses, or a CNAME at a name below the "
           "zone's";
}

// Owner and type.
ReadField<RrsetEdit> read_head(const json& rrset) {
    if (!rrset.is_object() || !member(rrset, "name").is_string()) {
        return wrong("name", "Key 'name' not present or not a String");
    }
    auto owner = read_canonical_name(text_of(rrset, "name"), "DNS Name");
    if (!owner) return wrong("name", owner.error());
    const std::string type_text = text_of(rrset, "type");
    const auto type = dns::parse_rr_type(type_text);
    if (!type) {
        return wrong("type", "RRset " + dns::to_text(*owner) + " IN " + type_text +
                                 ": unknown type given" + advice_on(type_text));
    }
    RrsetEdit edit;
    edit.owner = owner->lowered();
    edit.type = *type;
    return edit;
}

ReadField<void> read_contents(const json& rrset, RrsetEdit& edit) {
    auto done = read_member(rrset, "records", read_records, edit.records);
    return done ? read_member(rrset, "comments", read_comments, edit.comments) : done;
}

ReadField<RrsetEdit> read_edit(const json& rrset) {
    auto edit = read_head(rrset);
    if (!edit) return edit;
    const auto kind = read_change_type(rrset);
    if (!kind) return std::unexpected(kind.error());
    edit->kind = *kind;
    // What a DELETE says beside its name matters to nobody.
    if (*kind == RrsetEdit::Kind::Delete) return edit;
    if (auto done = read_contents(rrset, *edit); !done) return std::unexpected(done.error());
    const bool has_records = edit->records && !edit->records->empty();
    if (!edit->records && !edit->comments) {
        return wrong("records", "No change for RRset " + dns::to_text(edit->owner) + " IN " +
                                    dns::to_text(edit->type));
    }
    if (has_records && *kind != RrsetEdit::Kind::Prune) {
        const auto ttl = read_ttl(rrset);
        if (!ttl) return std::unexpected(ttl.error());
        edit->ttl = *ttl;
    }
    return edit;
}

ReadField<Rrset> read_rrset(const json& item) {
    auto edit = read_head(item);
    if (!edit) return std::unexpected(edit.error());
    if (auto done = read_contents(item, *edit); !done) return std::unexpected(done.error());
    const auto ttl = read_ttl(item);
    if (!ttl) return std::unexpected(ttl.error());
    return Rrset{edit->owner, edit->type, *ttl,
                 std::move(edit->records).value_or(std::vector<RecordText>()),
                 std::move(edit->comments).value_or(std::vector<Comment>())};
}

UnreadRrset unread(const json& item, size_t place, Fault fault) {
    const bool is_object = item.is_object();
    return {.name = is_object ? text_of(item, "name") : "",
            .type = is_object ? text_of(item, "type") : "",
            .field = fault.field,
            .reason = std::move(fault.reason),
            .place = place};
}

// Each of the list by `read`, or the faults of all that cannot be read.
template <typename Item>
ReadBody<std::vector<Item>> read_all(const json& list, ReadField<Item> (*read)(const json&)) {
    std::vector<Item> items;
    std::vector<UnreadRrset> faults;
    size_t place = 0;
    for (const json& item : list) {
        ++place;
        auto one = read(item);
        if (one && faults.empty()) items.push_back(*std::move(one));
        if (one) continue;
        faults.push_back(unread(item, place, std::move(one.error())));
        if (faults.size() == control::kFaultsMax) break;
    }
    if (faults.empty()) return items;
    std::string message = faults.front().reason;
    return std::unexpected(BodyFault{std::move(message), std::move(faults)});
}

std::string to_text(const UnreadRrset& rrset) {
    if (rrset.name.empty()) {
        return "RRset " + std::to_string(rrset.place) + " of the list: " + rrset.reason;
    }
    const std::string head = "RRset " + rrset.name + " IN " + rrset.type + ": ";
    return rrset.reason.starts_with("RRset ") ? rrset.reason : head + rrset.reason;
}

}  // namespace

Response error_reply(const BodyFault& fault) {
    json body{{"error", fault.message}};
    for (const UnreadRrset& rrset : fault.rrsets) {
        body["errors"].push_back(to_text(rrset));
        body["rrsets"].push_back({{"name", rrset.name},
                                  {"type", rrset.type},
                                  {"field", rrset.field},
                                  {"reason", rrset.reason}});
    }
    return json_reply(422, body);
}

ReadBody<std::vector<RrsetEdit>> read_edits(const json& body) {
    const json& list = member(body, "rrsets");
    if (!list.is_array()) {
        return std::unexpected(BodyFault{"No rrsets given in update request"});
    }
    return read_all<RrsetEdit>(list, read_edit);
}

ReadBody<std::vector<Rrset>> read_rrsets(const json& list) {
    if (list.is_null()) return std::vector<Rrset>();
    if (!list.is_array()) return std::unexpected(BodyFault{"Key 'rrsets' is not an array"});
    return read_all<Rrset>(list, read_rrset);
}

std::expected<dns::Name, std::string> read_canonical_name(const std::string& text,
                                                          const char* what) {
    if (text.empty() || text.back() != '.') {
        return std::unexpected(std::string(what) + " '" + text + "' is not canonical");
    }
    auto name = dns::parse_typed_name(text);
    if (!name) {
        const base::Error& error = name.error();
        return std::unexpected(std::string(what) + " '" + text + "': " + error.message +
                               (error.hint.empty() ? "" : " (" + error.hint + ')'));
    }
    return name->lowered();
}

}  // namespace nearcast::control_api
