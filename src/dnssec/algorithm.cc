// SPDX-License-Identifier: Apache-2.0

#include "dnssec/algorithm.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "dns/ascii.h"

namespace nearcast::dnssec {
namespace {

constexpr std::array kAlgorithms = {
    std::pair{Algorithm::RsaSha256, std::string_view("RSASHA256")},
    std::pair{Algorithm::RsaSha512, std::string_view("RSASHA512")},
    std::pair{Algorithm::EcdsaP256Sha256, std::string_view("ECDSAP256SHA256")},
    std::pair{Algorithm::EcdsaP384Sha384, std::string_view("ECDSAP384SHA384")},
    std::pair{Algorithm::Ed25519, std::string_view("ED25519")},
    std::pair{Algorithm::Ed448, std::string_view("ED448")},
};

bool is_same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) {
        return dns::lower(static_cast<uint8_t>(x)) == dns::lower(static_cast<uint8_t>(y));
    });
}

}  // namespace

std::optional<Algorithm> algorithm_of(uint8_t number) {
    for (const auto& [algorithm, name] : kAlgorithms) {
        if (static_cast<uint8_t>(algorithm) == number) return algorithm;
    }
    return std::nullopt;
}

std::string_view to_text(Algorithm algorithm) {
    for (const auto& [known, name] : kAlgorithms) {
        if (known == algorithm) return name;
    }
    return "";
}

std::optional<Algorithm> parse_algorithm(std::string_view text) {
    for (const auto& [algorithm, name] : kAlgorithms) {
        if (is_same_word(text, name) || text == std::to_string(static_cast<int>(algorithm))) {
            return algorithm;
        }
    }
    return std::nullopt;
}

}  // namespace nearcast::dnssec
