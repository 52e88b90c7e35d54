// SPDX-License-Identifier: Apache-2.0

#include "control/api/signing_json.h"

#include <algorithm>
#include <array>

#include "dns/rdata.h"

namespace nearcast::control_api {
namespace {

using control::SigningStatus;
using nlohmann::json;
using signing::KeyRole;
using Rdata = std::vector<uint8_t>;

constexpr std::array<std::string_view, 3> kRoles{"csk", "ksk", "zsk"};
// As they are chosen in ZoneSettings::signing.
constexpr std::array<const char*, 5> kChoices{"algorithm", "keys", "anchor_lifetime",
                                              "zsk_lifetime", "zonemd"};

json texts_of(dns::RRType type, const signing::Rdatas& rdatas) {
    json list = json::array();
    for (const Rdata& rdata : rdatas) list.push_back(dns::rdata_to_text(type, rdata));
    return list;
}

// Of an RSA key (RFC 3110 §2): the modulus is what is behind the exponent.
size_t rsa_bits(std::span<const uint8_t> key) {
    if (key.size() < 3) return 0;
    const bool is_long = key[0] == 0;
    const size_t exponent = is_long ? size_t{key[1]} << 8 | key[2] : key[0];
    const size_t head = (is_long ? 3U : 1U) + exponent;
    return key.size() > head ? (key.size() - head) * 8 : 0;
}

size_t bits_of(std::span<const uint8_t> dnskey) {
    switch (dnssec::algorithm_of(dnskey[3]).value_or(dnssec::Algorithm::RsaSha256)) {
        case dnssec::Algorithm::EcdsaP384Sha384:
            return 384;
        case dnssec::Algorithm::EcdsaP256Sha256:
        case dnssec::Algorithm::Ed25519:
            return 256;
        case dnssec::Algorithm::Ed448:
            return 456;
        case dnssec::Algorithm::RsaSha256:
        case dnssec::Algorithm::RsaSha512:
            break;
    }
    return rsa_bits(dnskey.subspan(4));
}

// What the parent is to have of the key.
signing::Rdatas ds_of(const dns::Name& zone, const SigningStatus& status, const Rdata& dnskey) {
    const auto usual = dnssec::ds_rdata(zone.wire(), dnskey, dnssec::DsDigest::Sha256);
    if (std::ranges::find(status.ds, usual) == status.ds.end()) return {};
    return {usual, dnssec::ds_rdata(zone.wire(), dnskey, dnssec::DsDigest::Sha384)};
}

std::string algorithm_name(std::span<const uint8_t> dnskey) {
    const auto algorithm = dnssec::algorithm_of(dnskey[3]);
    return algorithm ? std::string(dnssec::to_text(*algorithm)) : std::to_string(dnskey[3]);
}

bool is_rolling(const SigningStatus& status) {
    return std::ranges::any_of(status.keys, [](const SigningStatus::Key& key) {
        return !key.key.is_wanted || !key.is_published || !(key.signs_keys || key.signs_zone);
    });
}

std::string_view state_of(const control::Zone& zone, const std::optional<SigningStatus>& status) {
    if (!status) return zone.settings.is_signed ? "beginning" : "unsigned";
    if (!zone.settings.is_signed) return "leaving";
    if (!status->is_signing) return "beginning";
    if (!status->is_asking) return "waiting_for_caches";
    if (!status->is_parent_settled) return "waiting_for_parent";
    return is_rolling(*status) ? "rolling" : "secure";
}

json key_json(const dns::Name& zone, const SigningStatus& status, const SigningStatus::Key& key) {
    return {{"id", key.key.ref.number},
            {"role", to_text(key.key.role)},
            {"algorithm", algorithm_name(key.dnskey)},
            {"tag", dnssec::key_tag(key.dnskey)},
            {"added_at", key.key.added_at},
            {"wanted", key.key.is_wanted},
            {"published", key.is_published},
            {"signs_keys", key.signs_keys},
            {"signs_zone", key.signs_zone},
            {"dnskey", dns::rdata_to_text(dns::RRType::DNSKEY, key.dnskey)},
            {"ds", texts_of(dns::RRType::DS, ds_of(zone, status, key.dnskey))}};
}

json parent_json(const SigningStatus& status) {
    json parent{{"settled", status.is_parent_settled},
                {"looked_at", status.looked_at ? json(*status.looked_at) : json()}};
    if (!status.parent) return parent;
    parent["complete"] = status.parent->is_complete;
    for (const auto& set : status.parent->sets) {
        parent["sets"].push_back(texts_of(dns::RRType::DS, set));
    }
    return parent;
}

// A text or a number as a choice has it; nothing when it is neither, null is an empty one.
std::optional<std::string> choice_text(const json& value) {
    if (value.is_null()) return "";
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_unsigned()) return std::to_string(value.get<uint64_t>());
    if (value.is_number_integer()) return std::to_string(value.get<int64_t>());
    return std::nullopt;
}

// A number of seconds, or null; text is for the other choices.
std::optional<std::string> lifetime_text(const json& value) {
    return value.is_string() ? std::nullopt : choice_text(value);
}

bool is_lifetime(std::string_view name) { return name.ends_with("_lifetime"); }

// As it is to be sent.
json choice_json(std::string_view name, const std::string& chosen) {
    if (chosen.empty()) return {};
    return is_lifetime(name) ? json::parse(chosen, nullptr, false) : json(chosen);
}

}  // namespace

std::string_view to_text(KeyRole role) { return kRoles[static_cast<size_t>(role)]; }

std::optional<KeyRole> parse_key_role(const std::string& text) {
    const auto found = std::ranges::find(kRoles, text);
    if (found == kRoles.end()) return std::nullopt;
    return static_cast<KeyRole>(found - kRoles.begin());
}

json cryptokey_json(const dns::Name& zone, const SigningStatus& status,
                    const SigningStatus::Key& key) {
    const json ds = texts_of(dns::RRType::DS, ds_of(zone, status, key.dnskey));
    return {{"type", "Cryptokey"},
            {"id", key.key.ref.number},
            {"keytype", to_text(key.key.role)},
            {"active", key.signs_keys || key.signs_zone},
            {"published", key.is_published},
            {"algorithm", algorithm_name(key.dnskey)},
            {"bits", bits_of(key.dnskey)},
            {"flags", key.dnskey[0] << 8 | key.dnskey[1]},
            {"dnskey", dns::rdata_to_text(dns::RRType::DNSKEY, key.dnskey)},
            {"cds", status.is_asking ? ds : json::array()},
            {"ds", ds}};
}

std::string denial_warning(std::string_view nsec3param) {
    const auto denial = control::parse_denial(nsec3param);
    if (!denial || denial->iterations == 0) return {};
    return "nsec3param asks for " + std::to_string(denial->iterations) +
           " iterations: resolvers may take the zone for unsigned, or answer nothing; 0 are right "
           "(RFC 9276, section 3.1): 1 0 0 -";
}

json signing_json(const control::Zone& zone, const std::optional<SigningStatus>& status) {
    json body{{"zone", dns::to_text(zone.name)}, {"enabled", zone.settings.is_signed},
              {"state", state_of(zone, status)}, {"nsec3param", zone.settings.nsec3param},
              {"warnings", json::array()},       {"ds", json::array()},
              {"own_keys", json::array()}};
    const std::string warning = denial_warning(zone.settings.nsec3param);
    if (!warning.empty()) body["warnings"].push_back(warning);
    for (const char* const name : kChoices) {
        const std::string chosen = control::choice_in(zone.settings.signing, name);
        body["choices"][name] = choice_json(name, chosen);
    }
    if (!status) return body;
    body["algorithm"] = dnssec::to_text(status->settings.algorithm);
    body["keys"] = status->settings.is_split ? "split" : "csk";
    body["ds"] = texts_of(dns::RRType::DS, status->ds);
    body["parent"] = parent_json(*status);
    body["signed_until"] = status->signed_until ? json(*status->signed_until) : json();
    body["next_at"] = status->due_at;
    body["trouble"] = status->trouble.empty() ? json() : json(status->trouble);
    for (const SigningStatus::Key& key : status->keys) {
        body["own_keys"].push_back(key_json(zone.name, *status, key));
    }
    return body;
}

Read<control::SettingsEdit> read_signing(const json& body, const control::ZoneSettings& settings) {
    control::SettingsEdit edit;
    if (body.contains("enabled")) {
        if (!body["enabled"].is_boolean())
            return std::unexpected("enabled is neither true nor false");
        edit.is_signed = body["enabled"].get<bool>();
    }
    if (body.contains("nsec3param")) {
        const auto text = choice_text(body["nsec3param"]);
        if (!text) return std::unexpected("nsec3param is not a String");
        if (const auto denial = control::parse_denial(*text); !denial) {
            return std::unexpected(denial.error().message);
        }
        edit.nsec3param = *text;
    }
    std::string choices = settings.signing;
    for (const char* const name : kChoices) {
        if (!body.contains(name)) continue;
        const auto text = is_lifetime(name) ? lifetime_text(body[name]) : choice_text(body[name]);
        if (!text) {
            return std::unexpected(std::string(name) +
                                   (is_lifetime(name) ? " is no whole number of seconds"
                                                      : " is neither a String nor a whole number"));
        }
        auto chosen = control::with_choice(choices, name, *text);
        if (!chosen) return std::unexpected(chosen.error().message);
        choices = *std::move(chosen);
    }
    edit.signing = choices;
    return edit;
}

std::string algorithm_text(const json& body) {
    if (!body.contains("algorithm")) return {};
    const std::string text = choice_text(body["algorithm"]).value_or("?");
    if (text == "ecdsa256") return "ECDSAP256SHA256";
    if (text == "ecdsa384") return "ECDSAP384SHA384";
    return text == "default" ? "" : text;
}

}  // namespace nearcast::control_api
