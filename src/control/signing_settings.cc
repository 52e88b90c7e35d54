// SPDX-License-Identifier: Apache-2.0

#include "control/signing_settings.h"

#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "dns/encoding.h"
#include "dnssec/nsec3.h"

namespace nearcast::control {
namespace {

using base::Result;

constexpr std::array<std::string_view, 5> kNames{"algorithm", "keys", "anchor_lifetime",
                                                 "zsk_lifetime", "zonemd"};
// A century: more is a mistake.
constexpr uint64_t kLifetimeMax = uint64_t{100} * 365 * 86400;
// A rollover waits for the TTLs of keys and records, mostly hours: one that is to be made more
// often than each day never ends.
constexpr uint64_t kLifetimeMin = 86400;
constexpr size_t kSaltSizeMax = 255;

std::string_view take_word(std::string_view& text) {
    const size_t begin = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    return word;
}

std::optional<uint64_t> parse_number(std::string_view text) {
    uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

struct Choice {
    std::string_view name;
    std::string_view value;
};

std::vector<Choice> choices_in(std::string_view text) {
    std::vector<Choice> choices;
    for (std::string_view word = take_word(text); !word.empty(); word = take_word(text)) {
        const size_t equals = std::min(word.find('='), word.size());
        choices.push_back({word.substr(0, equals), word.substr(std::min(equals + 1, word.size()))});
    }
    return choices;
}

bool take_lifetime(std::string_view value, signing::UnixTime& lifetime) {
    const auto seconds = parse_number(value);
    if (!seconds || *seconds > kLifetimeMax) return false;
    lifetime = static_cast<signing::UnixTime>(*seconds);
    return true;
}

bool take_zonemd(std::string_view value, SigningSettings& settings) {
    settings.zonemd.reset();
    if (value == "sha384") settings.zonemd = dnssec::DigestKind::Sha384;
    if (value == "sha512") settings.zonemd = dnssec::DigestKind::Sha512;
    return settings.zonemd || value == "none";
}

bool take(const Choice& choice, SigningSettings& settings) {
    if (choice.name == "algorithm") {
        const auto algorithm = dnssec::parse_algorithm(choice.value);
        settings.algorithm = algorithm.value_or(settings.algorithm);
        return algorithm.has_value();
    }
    if (choice.name == "keys") {
        settings.is_split = choice.value == "split";
        return settings.is_split || choice.value == "csk";
    }
    if (choice.name == "anchor_lifetime")
        return take_lifetime(choice.value, settings.anchor_lifetime);
    if (choice.name == "zsk_lifetime") return take_lifetime(choice.value, settings.zsk_lifetime);
    return choice.name == "zonemd" && take_zonemd(choice.value, settings);
}

Result<void> take_all(std::string_view text, SigningSettings& settings) {
    for (const Choice& choice : choices_in(text)) {
        if (take(choice, settings)) continue;
        return base::fail("'" + std::string(choice.value) + "' is no value of '" +
                          std::string(choice.name) + "'");
    }
    return {};
}

}  // namespace

Result<signing::Denial> parse_denial(std::string_view nsec3param) {
    signing::Denial denial;
    std::string_view rest = nsec3param;
    const auto hash = take_word(rest);
    if (hash.empty()) return denial;
    const auto wrong = [&](const char* why) {
        return base::fail("NSEC3PARAM '" + std::string(nsec3param) + "' " + why, "1 0 0 -");
    };
    const auto flags = parse_number(take_word(rest));
    const auto iterations = parse_number(take_word(rest));
    const auto salt = take_word(rest);
    if (hash != "1" || !flags || *flags > 1 || !iterations || salt.empty() ||
        !take_word(rest).empty()) {
        return wrong("is not \"1 FLAGS ITERATIONS SALT\"");
    }
    if (*iterations > dnssec::kNsec3IterationsMax) {
        return wrong("asks for more than 150 iterations; 0 are enough (RFC 9276)");
    }
    dns::HexDecoder decoder;
    if (salt != "-" && (!decoder.feed(salt, denial.salt) || !decoder.finish() ||
                        denial.salt.size() > kSaltSizeMax)) {
        return wrong("has a salt that is no more than 255 bytes in hex digits, nor '-'");
    }
    denial.uses_nsec3 = true;
    denial.opts_out = *flags == 1;
    denial.iterations = static_cast<uint16_t>(*iterations);
    return denial;
}

Result<SigningSettings> signing_settings_of(const ZoneSettings& zone,
                                            const SigningSettings& usual) {
    SigningSettings settings = usual;
    settings.is_signed = zone.is_signed;
    if (auto done = take_all(zone.signing, settings); !done) return std::unexpected(done.error());
    auto denial = parse_denial(zone.nsec3param);
    if (!denial) return std::unexpected(denial.error());
    settings.denial = *std::move(denial);
    return settings;
}

std::string choice_in(std::string_view choices, std::string_view name) {
    for (const Choice& choice : choices_in(choices)) {
        if (choice.name == name) return std::string(choice.value);
    }
    return {};
}

Result<std::string> with_choice(const std::string& choices, std::string_view name,
                                std::string_view value) {
    if (name.ends_with("_lifetime") && !value.empty()) {
        const auto seconds = parse_number(value);
        const bool is_sound = seconds && (*seconds == 0 || *seconds >= kLifetimeMin);
        if (!is_sound || *seconds > kLifetimeMax) {
            return base::fail("'" + std::string(value) + "' is no value of '" + std::string(name) +
                              "': seconds from 86400 to 3153600000, or 0 for ever");
        }
    }
    std::string text;
    for (const std::string_view known : kNames) {
        const std::string chosen = known == name ? std::string(value) : choice_in(choices, known);
        if (chosen.empty()) continue;
        text += (text.empty() ? "" : " ") + std::string(known) + '=' + chosen;
    }
    SigningSettings settings;
    if (auto done = take_all(text, settings); !done) return std::unexpected(done.error());
    return text;
}

}  // namespace nearcast::control
