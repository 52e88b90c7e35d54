// SPDX-License-Identifier: Apache-2.0

#include "transfer/access_list.h"

#include <algorithm>
#include <string>

namespace nearcast::transfer {
namespace {

constexpr std::string_view kKeyMark = "key:";
constexpr std::string_view kTlsMark = "tls:";
constexpr std::string_view kPinMark = "sha256/";
constexpr std::string_view kHint =
    "\"192.0.2.1\", \"192.0.2.0/24\", \"key:NAME\", \"tls:NAME\" or \"tls:sha256/PIN\" of a "
    "client's "
    "certificate, \"tls\"; several with a space between must all hold";

// Key names are written without the final dot, as everybody writes them.
base::Result<dns::Name> parse_key_name(std::string_view text) {
    const dns::Name root;
    auto name = dns::parse_name(text, &root);
    if (name && name->is_root()) return base::fail("has a key without a name", std::string(kHint));
    return name;
}

base::Result<base::IpPrefix> parse_source(std::string_view text) {
    if (text.find('/') != std::string_view::npos) return base::parse_ip_prefix(text);
    const auto address = base::parse_ip_address(text);
    if (!address) return base::fail(address.error().message, std::string(kHint));
    return base::IpPrefix{*address, static_cast<uint8_t>(address->bits())};
}

base::Result<void> add_tls(std::string_view word, AccessEntry& entry) {
    if (entry.needs_tls) return base::fail("names two certificates", std::string(kHint));
    entry.needs_tls = true;
    if (!word.starts_with(kTlsMark)) return {};
    word.remove_prefix(kTlsMark.size());
    if (word.empty()) return base::fail("has tls: without a name", std::string(kHint));
    if (!word.starts_with(kPinMark)) {
        entry.tls_name = word;
        return {};
    }
    const auto pin = tls::parse_pin(word);
    if (!pin) return std::unexpected(pin.error());
    entry.tls_pin = *pin;
    return {};
}

base::Result<void> add_word(std::string_view word, AccessEntry& entry) {
    if (word.starts_with(kKeyMark)) {
        if (entry.key) return base::fail("names two keys", std::string(kHint));
        const auto name = parse_key_name(word.substr(kKeyMark.size()));
        if (!name) return std::unexpected(name.error());
        entry.key = *name;
        return {};
    }
    if (word == "tls" || word.starts_with(kTlsMark)) return add_tls(word, entry);
    if (entry.from) return base::fail("names two addresses", "an entry of its own for each");
    const auto prefix = parse_source(word);
    if (!prefix) return std::unexpected(prefix.error());
    entry.from = *prefix;
    return {};
}

bool holds_tls(const AccessEntry& entry, const tls::Peer* peer) {
    if (!entry.needs_tls) return true;
    if (peer == nullptr || !peer->is_fit_for_transfers) return false;
    const bool has_name = !entry.tls_name || peer->has_name(*entry.tls_name);
    const bool has_pin = !entry.tls_pin || (peer->has_certificate && peer->pin == *entry.tls_pin);
    return has_name && has_pin;
}

}  // namespace

base::Result<AccessEntry> parse_access_entry(std::string_view text) {
    AccessEntry entry;
    while (!text.empty()) {
        const size_t end = std::min(text.find(' '), text.size());
        if (end > 0) {
            const auto added = add_word(text.substr(0, end), entry);
            if (!added) return std::unexpected(added.error());
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (!entry.from && !entry.key && !entry.needs_tls) {
        return base::fail("has an empty entry", std::string(kHint));
    }
    return entry;
}

bool is_allowed(const AccessList& list, const base::IpAddress& peer, const TsigKey* key,
                const tls::Peer* tls) {
    return std::ranges::any_of(list, [&](const AccessEntry& entry) {
        const bool is_from = !entry.from || entry.from->contains(peer);
        const bool is_signed = !entry.key || (key != nullptr && key->name == *entry.key);
        return is_from && is_signed && holds_tls(entry, tls);
    });
}

}  // namespace nearcast::transfer
