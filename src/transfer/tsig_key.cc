// SPDX-License-Identifier: Apache-2.0

#include "transfer/tsig_key.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "dns/encoding.h"

namespace nearcast::transfer {
namespace {

constexpr std::array<std::string_view, kHashCount> kWords = {
    "hmac-md5", "hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"};

std::array<dns::Name, kHashCount> make_names() {
    std::array<dns::Name, kHashCount> names;
    for (size_t i = 0; i < kHashCount; ++i) (void)names[i].append(kWords[i]);
    // MD5 was first, when the name was thought to need a domain.
    for (const std::string_view label : {"sig-alg", "reg", "int"}) (void)names[0].append(label);
    return names;
}

bool is_before(const TsigKey& key, const dns::Name& name) {
    return dns::canonical_order(key.name.wire(), name.wire()) < 0;
}

}  // namespace

const dns::Name& algorithm_name(Hash hash) {
    static const std::array<dns::Name, kHashCount> names = make_names();
    return names[static_cast<size_t>(hash)];
}

std::string_view to_text(Hash hash) { return kWords[static_cast<size_t>(hash)]; }

base::Result<Hash> parse_algorithm(std::string_view text) {
    const auto found = std::ranges::find(kWords, text);
    if (found != kWords.end()) return static_cast<Hash>(found - kWords.begin());
    return base::fail("found \"" + std::string(text) + '"',
                      "\"hmac-sha256\" or \"hmac-sha512\"; for old peers also \"hmac-sha384\", "
                      "\"hmac-sha224\", \"hmac-sha1\" or \"hmac-md5\"");
}

base::Result<std::vector<uint8_t>> parse_secret(std::string_view text) {
    std::vector<uint8_t> secret;
    dns::Base64Decoder decoder;
    const bool is_whole = decoder.feed(text, secret) && decoder.finish();
    if (is_whole && !secret.empty()) return secret;
    return base::fail("is not base64", "the secret that tsig-keygen printed, between the quotes");
}

bool TsigKeyring::add(TsigKey key) {
    const auto place = std::lower_bound(keys_.begin(), keys_.end(), key.name, is_before);
    if (place != keys_.end() && place->name == key.name) return false;
    keys_.insert(place, std::move(key));
    return true;
}

void TsigKeyring::add_all(std::vector<TsigKey> keys) {
    keys_.insert(keys_.end(), std::make_move_iterator(keys.begin()),
                 std::make_move_iterator(keys.end()));
    std::ranges::stable_sort(
        keys_, [](const TsigKey& a, const TsigKey& b) { return is_before(a, b.name); });
    const auto same = [](const TsigKey& a, const TsigKey& b) { return a.name == b.name; };
    const auto rest = std::ranges::unique(keys_, same);
    keys_.erase(rest.begin(), rest.end());
}

const TsigKey* TsigKeyring::find(const dns::Name& name) const {
    const auto place = std::lower_bound(keys_.begin(), keys_.end(), name, is_before);
    return place != keys_.end() && place->name == name ? &*place : nullptr;
}

}  // namespace nearcast::transfer
