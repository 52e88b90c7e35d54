// SPDX-License-Identifier: Apache-2.0
//
// /api/v1/servers/localhost/zones/:/cryptokeys and /api/v1/signing: keys that sign zones, but never
// their private parts.
//
// Clients of PowerDNS make, switch and remove keys as they like; here keys come and go when that is
// safe, and such requests say what is wanted in the end.

#include <algorithm>
#include <charconv>

#include "control/api/api.h"
#include "control/api/call_body.h"
#include "control/api/reply.h"
#include "control/api/signing_json.h"
#include "control/deed.h"
#include "control/wall_clock.h"

namespace nearcast::control_api {

using control::SettingsEdit;
using control::SigningStatus;
using control::Zone;
using nlohmann::json;
using signing::KeyRole;

namespace {

// How long a request waits until what it wants is published: a zone of a million names takes
// longer, and goes on.
constexpr std::chrono::seconds kSigningWaitMax{10};

Response conflict() {
    return error_reply(409, "A key of this role is being replaced already; see /api/v1/signing");
}

Response not_done_yet(const std::optional<SigningStatus>& status) {
    const std::string why = status && !status->trouble.empty()
                                ? status->trouble
                                : "the zone could not be published signed within " +
                                      std::to_string(kSigningWaitMax.count()) + " seconds";
    return error_reply(503, "The settings are changed and keep being tried: " + why);
}

// One that was asked for but is not yet in the place of the one before it.
bool is_being_replaced(const SigningStatus& status, KeyRole role) {
    return std::ranges::any_of(status.keys, [role](const SigningStatus::Key& key) {
        return !key.key.is_wanted &&
               signing::is_trust_anchor(key.key.role) == signing::is_trust_anchor(role);
    });
}

const SigningStatus::Key* newest_key(const SigningStatus& status, bool is_zsk) {
    const SigningStatus::Key* newest = nullptr;
    for (const SigningStatus::Key& key : status.keys) {
        if (!key.key.is_wanted || (key.key.role == KeyRole::Zsk) != is_zsk) continue;
        if (newest == nullptr || key.key.ref.number > newest->key.ref.number) newest = &key;
    }
    return newest;
}

// The private key of a client is not taken: the parent would have to trust what others know.
bool brings_key(const json& body) {
    return (body.contains("content") && !body["content"].is_null()) ||
           (body.contains("privatekey") && !body["privatekey"].is_null());
}

// What a flag asks of a key that is otherwise.
bool differs(const json& body, const char* flag, bool is_so) {
    return body.contains(flag) && body[flag].is_boolean() && body[flag].get<bool>() != is_so;
}

}  // namespace

Response Api::list_keys(const Call& call) {
    const auto zone = find_zone(call);
    if (!zone) return zone.error();
    json list = json::array();
    if (const auto status = partners_.publisher.signing_status(zone->id)) {
        for (const auto& key : status->keys) {
            list.push_back(cryptokey_json(zone->name, *status, key));
        }
    }
    return json_reply(200, list);
}

std::expected<Api::KeyCall, Response> Api::find_signing_key(const Call& call) {
    const auto zone = find_zone(call);
    if (!zone) return std::unexpected(zone.error());
    const std::string& text = call.names[1];
    uint32_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    auto status = partners_.publisher.signing_status(zone->id);
    if (read.ec == std::errc() && read.ptr == text.data() + text.size() && status) {
        for (const auto& key : status->keys) {
            if (key.key.ref.number == number) return KeyCall{*zone, *status, key};
        }
    }
    return std::unexpected(error_reply(404, "Not Found"));
}

Response Api::show_key(const Call& call) {
    const auto found = find_signing_key(call);
    if (!found) return found.error();
    return json_reply(200, cryptokey_json(found->zone.name, found->status, found->key));
}

std::optional<Response> Api::check_new_keys(const control::ZoneSettings& after) const {
    const auto refusal = partners_.publisher.key_refusal(after);
    if (!refusal) return std::nullopt;
    return error_reply(422, "algorithm: " + refusal->message + "; try: " + refusal->hint);
}

// What a zone has of keys it keeps: they need not be of those that can be made.
std::optional<Response> Api::check_keys(const control::ZoneSettings& before,
                                        const control::ZoneSettings& after) const {
    const auto differs = [&](const char* choice) {
        return control::choice_in(before.signing, choice) !=
               control::choice_in(after.signing, choice);
    };
    const bool needs_keys = after.is_signed && (!before.is_signed || differs("keys"));
    return needs_keys || differs("algorithm") ? check_new_keys(after) : std::nullopt;
}

// Nothing when it is done.
std::optional<Response> Api::change_signing(const Call& call, const Zone& zone,
                                            const SettingsEdit& edit, const json& body) {
    if (auto wrong = check_keys(zone.settings, edit.applied_to(zone.settings))) return wrong;
    auto intent = intent_on(zone.name, call, body);
    if (!intent) return intent.error();
    const auto done = partners_.changes.update_settings(zone.name, edit, *intent);
    if (!done) return error_reply(done.error());
    if (partners_.publisher.wait_for_step(zone.id, done->sequence, kSigningWaitMax)) {
        return std::nullopt;
    }
    return not_done_yet(partners_.publisher.signing_status(zone.id));
}

std::optional<Response> Api::replace_key(const Call& call, const Zone& zone, KeyRole role) {
    const auto status = partners_.publisher.signing_status(zone.id);
    if (!status || !zone.settings.is_signed) {
        return error_reply(422, "The zone is not signed; PUT {\"enabled\": true} to sign it");
    }
    if ((role == KeyRole::Csk) == status->settings.is_split) {
        return error_reply(422, "The zone has no key of the role " + std::string(to_text(role)));
    }
    if (is_being_replaced(*status, role)) return conflict();
    if (auto wrong = check_new_keys(zone.settings)) return wrong;
    const auto noted = control::carry_out(
        partners_.database,
        {call.actor, control::wall_now(), "signing.replace", dns::to_text(zone.name),
         std::string(to_text(role))},
        [](auto&, auto, auto&) -> control::DeedAnswer { return control::Outcome<void>(); });
    if (!noted) return error_reply(noted.error());
    if (partners_.publisher.replace_key(zone.id, role, kSigningWaitMax)) return std::nullopt;
    return not_done_yet(partners_.publisher.signing_status(zone.id));
}

Response Api::create_key(const Call& call) {
    const auto zone = find_zone(call);
    if (!zone) return zone.error();
    const auto body = read_body(call.request);
    if (!body) return body.error();
    const auto role = body->contains("keytype") && (*body)["keytype"].is_string()
                          ? parse_key_role((*body)["keytype"].get<std::string>())
                          : std::nullopt;
    if (!role) return error_reply(422, "Key 'keytype' is none of csk, ksk and zsk");
    if (brings_key(*body)) return error_reply(422, "Keys are made here, and not taken from others");
    if (differs(*body, "active", true) || differs(*body, "published", true)) {
        return error_reply(422, "A key is published and becomes active by itself once it is safe");
    }
    const std::string algorithm = algorithm_text(*body);
    const bool is_split = control::choice_in(zone->settings.signing, "keys") == "split";
    const bool is_zsk = *role == KeyRole::Zsk;
    // A lone key for keys signs all, as it would there.
    const bool becomes_split = is_zsk || (*role == KeyRole::Ksk && is_split);
    json wanted{{"enabled", true}, {"keys", becomes_split ? "split" : "csk"}};
    if (!algorithm.empty()) wanted["algorithm"] = algorithm;
    const auto edit = read_signing(wanted, zone->settings);
    if (!edit) return error_reply(422, edit.error());
    const bool is_as_wanted = edit->applied_to(zone->settings) == zone->settings;
    const KeyRole replaced = becomes_split ? (is_zsk ? KeyRole::Zsk : KeyRole::Ksk) : KeyRole::Csk;
    const auto refused = is_as_wanted ? replace_key(call, *zone, replaced)
                                      : change_signing(call, *zone, *edit, *body);
    if (refused) return *refused;
    const auto status = partners_.publisher.signing_status(zone->id);
    const auto* const key = status ? newest_key(*status, is_zsk) : nullptr;
    return key == nullptr ? not_done_yet(status)
                          : json_reply(201, cryptokey_json(zone->name, *status, *key));
}

Response Api::set_key(const Call& call) {
    const auto found = find_signing_key(call);
    if (!found) return found.error();
    const auto body = read_body(call.request);
    if (!body) return body.error();
    const bool is_active = found->key.signs_keys || found->key.signs_zone;
    if (differs(*body, "active", is_active) ||
        differs(*body, "published", found->key.is_published)) {
        return error_reply(422,
                           "A key is published, active and withdrawn by itself when it is safe: "
                           "POST another one to replace it, or DELETE it");
    }
    return empty_reply();
}

// Without the key that its parent trusts a zone is unsigned in the end.
Response Api::remove_key(const Call& call) {
    const auto found = find_signing_key(call);
    if (!found) return found.error();
    if (!found->key.key.is_wanted) return empty_reply();  // It goes, as soon as it may.
    if (found->key.key.role == KeyRole::Zsk) {
        const auto refused = replace_key(call, found->zone, KeyRole::Zsk);
        return refused ? *refused : empty_reply();
    }
    SettingsEdit edit;
    edit.is_signed = false;
    const auto refused = change_signing(call, found->zone, edit, json::object());
    return refused ? *refused : empty_reply();
}

Response Api::show_signing(const Call& call) {
    const auto zone = find_zone(call);
    if (!zone) return zone.error();
    return json_reply(200, signing_json(*zone, partners_.publisher.signing_status(zone->id)));
}

Response Api::set_signing(const Call& call) {
    const auto zone = find_zone(call);
    if (!zone) return zone.error();
    const auto body = read_body(call.request);
    if (!body) return body.error();
    const auto edit = read_signing(*body, zone->settings);
    if (!edit) return error_reply(422, edit.error());
    if (const auto refused = change_signing(call, *zone, *edit, *body)) return *refused;
    return show_signing(call);
}

Response Api::roll_key(const Call& call) {
    const auto zone = find_zone(call);
    if (!zone) return zone.error();
    const auto body = read_body(call.request);
    if (!body) return body.error();
    const auto role = body->contains("role") && (*body)["role"].is_string()
                          ? parse_key_role((*body)["role"].get<std::string>())
                          : std::nullopt;
    if (!role) return error_reply(422, "role is none of csk, ksk and zsk");
    if (const auto refused = replace_key(call, *zone, *role)) return *refused;
    return show_signing(call);
}

Response Api::look_at_parent(const Call& call) {
    const auto zone = find_zone(call);
    if (!zone) return zone.error();
    partners_.publisher.tend_soon(zone->id);
    return {.status = 202, .content_type = {}, .body = {}, .headers = {}};
}

}  // namespace nearcast::control_api
