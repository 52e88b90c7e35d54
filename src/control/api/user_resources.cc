// SPDX-License-Identifier: Apache-2.0
//
// /api/v1/users and /api/v1/sessions: people, and the keys that they get by logging in.

#include "control/api/api.h"
#include "control/api/call_body.h"
#include "control/api/list_page.h"
#include "control/api/reply.h"
#include "control/api/zone_json.h"
#include "control/wall_clock.h"

namespace nearcast::control_api {

using control::Person;
using nlohmann::json;

namespace {

Response not_yours() { return error_reply(403, "The key does not cover this user"); }

json to_json(const Person& person) {
    return {{"name", person.name},
            {"tenant", person.tenant},
            {"right", to_text(person.right)},
            {"totp", person.has_totp},
            {"created_at", time_text(person.created_at)}};
}

// Without limits but that of a tenant.
bool may_keep_users(const control::KeyScope& scope) {
    return scope.zones.empty() && scope.covers_all_sets() && scope.right == control::Right::Manage;
}

Read<Person> read_person(const json& body) {
    Person person{.name = text_of(body, "name"), .tenant = text_of(body, "tenant")};
    if (!control::is_account_name(person.name)) {
        return std::unexpected("name is not of 1 to 63 lower case letters, digits, -, _, . and @");
    }
    if (body.contains("right")) {
        const auto right = control::parse_right(text_of(body, "right"));
        if (!right) return std::unexpected("right is none of read, change and manage");
        person.right = *right;
    }
    return person;
}

}  // namespace

Response Api::log_in(const Call& call) {
    const auto body = read_body(call.request, {"user", "password", "code"});
    if (!body) return body.error();
    const control::Credentials credentials{.name = text_of(*body, "user"),
                                           .password = text_of(*body, "password"),
                                           .code = text_of(*body, "code")};
    const auto text =
        partners_.accounts.log_in(credentials, call.request.peer, control::wall_now());
    if (!text) return error_reply(text.error());
    const auto key = partners_.keys.find(*text);
    if (!key) return error_reply(key.error());
    if (!*key) return error_reply(403, "the user was removed meanwhile");
    const control::KeyScope& scope = (*key)->scope;
    return json_reply(
        201, {{"key", *text},
              {"user", scope.person},
              {"tenant", scope.tenant},
              {"right", to_text(scope.right)},
              {"expires_at", std::chrono::floor<std::chrono::seconds>(scope.expires_at).count()}});
}

Response Api::log_out(const Call& call) {
    if (call.scope.person.empty()) return error_reply(409, "the key is not one of a session");
    const auto removed = partners_.keys.remove(call.key_id, call.actor, control::wall_now());
    return removed ? empty_reply() : error_reply(removed.error());
}

Response Api::list_users(const Call& call) {
    if (!may_keep_users(call.scope)) return not_yours();
    const auto people = partners_.accounts.people(
        call.scope.tenant.empty() ? std::nullopt : std::optional(call.scope.tenant));
    if (!people) return error_reply(people.error());
    json list = json::array();
    for (const Person& person : *people) list.push_back(to_json(person));
    return page_reply(call.request, std::move(list), "name");
}

Response Api::create_user(const Call& call) {
    if (!may_keep_users(call.scope)) return not_yours();
    const auto body =
        read_body(call.request, {"name", "tenant", "right", "password", "old_password", "code"});
    if (!body) return body.error();
    if (auto unproved = check_proof(call, text_of(*body, "old_password"), *body)) {
        return *std::move(unproved);
    }
    auto person = read_person(*body);
    if (!person) return error_reply(422, person.error());
    if (!call.scope.tenant.empty()) {
        if (!person->tenant.empty() && person->tenant != call.scope.tenant) return not_yours();
        person->tenant = call.scope.tenant;
    }
    person->created_at = control::wall_now();
    const auto added =
        partners_.accounts.add_person(*person, text_of(*body, "password"), call.actor);
    if (!added) return refuse_user(call, person->name, added.error());
    Response response = json_reply(201, to_json(*person));
    response.headers.emplace_back("Location", "/api/v1/users/" + person->name);
    return response;
}

// A name that another's user has is told as his user would be.
Response Api::refuse_user(const Call& call, const std::string& name,
                          const control::ChangeError& error) {
    const std::string& tenant = call.scope.tenant;
    if (error.kind != control::ChangeError::Kind::Exists || tenant.empty()) {
        return error_reply(error);
    }
    const auto there = partners_.accounts.person(name);
    return there && there->tenant == tenant ? error_reply(error) : not_yours();
}

// Oneself, those of one's tenant, or all. Of all others it is not told whether they are there.
std::expected<Person, Response> Api::find_user(const Call& call) {
    auto person = partners_.accounts.person(call.names[0]);
    const bool is_known = person || person.error().kind == control::ChangeError::Kind::NotFound;
    if (!is_known) return std::unexpected(error_reply(person.error()));
    const control::KeyScope& scope = call.scope;
    const bool is_self = person && scope.person == person->name;
    const bool is_ours = may_keep_users(scope) &&
                         (scope.tenant.empty() || (person && person->tenant == scope.tenant));
    if (!is_self && !is_ours) return std::unexpected(not_yours());
    if (!person) return std::unexpected(error_reply(person.error()));
    return *std::move(person);
}

Response Api::show_user(const Call& call) {
    const auto person = find_user(call);
    return person ? json_reply(200, to_json(*person)) : person.error();
}

// With a phone a session alone is not enough to change what he logs in with, or to make what others
// get in with: it may have been taken from him, and would leave something behind.
std::optional<Response> Api::check_proof(const Call& call, const std::string& password,
                                         const json& body) {
    if (call.scope.person.empty()) return std::nullopt;
    const auto person = partners_.accounts.person(call.scope.person);
    if (!person) return error_reply(person.error());
    if (!person->has_totp) return std::nullopt;
    const std::string code = text_of(body, "code");
    if (password.empty() && code.empty()) {
        return error_reply(422,
                           "who has TOTP makes keys and users, and changes what they log in with, "
                           "with the password he has or a code besides");
    }
    const auto proved = partners_.accounts.prove({person->name, password, code}, call.request.peer,
                                                 control::wall_now());
    if (proved) return std::nullopt;
    return error_reply(proved.error());
}

Response Api::set_user(const Call& call) {
    const auto person = find_user(call);
    if (!person) return person.error();
    const auto body = read_body(call.request, {"password", "old_password", "code"});
    if (!body) return body.error();
    if (auto unproved = check_proof(call, text_of(*body, "old_password"), *body)) {
        return *std::move(unproved);
    }
    const auto done = partners_.accounts.set_password(
        person->name, text_of(*body, "password"), {call.actor, call.key_id}, control::wall_now());
    return done ? empty_reply() : error_reply(done.error());
}

Response Api::remove_user(const Call& call) {
    const auto person = find_user(call);
    if (!person) return person.error();
    const auto removed =
        partners_.accounts.remove_person(person->name, call.actor, control::wall_now());
    return removed ? empty_reply() : error_reply(removed.error());
}

Response Api::demand_totp(const Call& call) {
    const auto person = find_user(call);
    if (!person) return person.error();
    const auto body = read_body(call.request, {"password", "code"});
    if (!body) return body.error();
    if (auto unproved = check_proof(call, text_of(*body, "password"), *body)) {
        return *std::move(unproved);
    }
    const auto secret = partners_.accounts.demand_totp(person->name, {call.actor, call.key_id},
                                                       control::wall_now());
    if (!secret) return error_reply(secret.error());
    return json_reply(201, {{"uri", control::totp_uri(*secret, person->name)}});
}

}  // namespace nearcast::control_api
