// SPDX-License-Identifier: Apache-2.0

#include "control/api_keys.h"

#include <array>
#include <utility>

#include <unistd.h>

#include "control/audit.h"
#include "control/text_digest.h"
#include "control/zone_rows.h"
#include "dns/encoding.h"

namespace nearcast::control {
namespace {

using base::Result;

// In front of each, so that one that lies about in a file or a log is known for what it is.
constexpr std::string_view kPrefix = "nck_";
constexpr size_t kKeySize = 32;
// Longer ones are not looked at.
constexpr size_t kKeyTextMax = 256;

constexpr Sql kInsert{
    "INSERT INTO api_key (id, name, digest, scope, created_at) VALUES (:a, :b, :c, :d, :e)",
    "ntttn", ""};
constexpr Sql kFind{"SELECT id, name, scope, created_at FROM api_key WHERE digest = :a", "t",
                    "nttn"};
constexpr Sql kList{"SELECT id, name, scope, created_at FROM api_key ORDER BY id", "", "nttn"};
constexpr Sql kRemove{"DELETE FROM api_key WHERE id = :a RETURNING id", "n", "n"};

ApiKey key_of(const Row& row) {
    return {row.number(0), row.text(1), decode_scope(row.text(2)), Timestamp(row.number(3))};
}

}  // namespace

Outcome<std::string> ApiKeys::create(const std::string& name, const KeyScope& scope,
                                     const Actor& actor, Timestamp now) {
    if (const auto right = check(scope); !right) {
        return refuse(ChangeError::Kind::Invalid, right.error().message);
    }
    std::array<uint8_t, kKeySize> bytes{};
    if (::getentropy(bytes.data(), bytes.size()) != 0) {
        return refuse(ChangeError::Kind::Unavailable, "the kernel gives no random numbers");
    }
    std::string text(kPrefix);
    dns::append_hex(bytes, text);
    const auto done = database_.write([&](Session& session) -> Result<void> {
        const auto id = take_sequences(session, 1);
        if (!id) return std::unexpected(id.error());
        const auto number = static_cast<int64_t>(*id);
        auto written = session.run(
            kInsert, {number, name, text_digest(text), encode_scope(scope), int64_t{now.count()}});
        if (!written) return written;
        return append_audit(session, {.sequence = *id,
                                      .at = now,
                                      .actor = actor,
                                      .action = "key.create",
                                      .subject = std::to_string(number),
                                      .detail = name});
    });
    if (!done) return unavailable(done.error());
    return text;
}

Outcome<std::vector<ApiKey>> ApiKeys::list() {
    std::vector<ApiKey> keys;
    const auto done = database_.read([&](Session& session) {
        keys.clear();
        return session.run(kList, {}, [&](const Row& row) { keys.push_back(key_of(row)); });
    });
    if (!done) return unavailable(done.error());
    return keys;
}

Outcome<void> ApiKeys::remove(int64_t id, const Actor& actor, Timestamp now) {
    bool is_removed = false;
    const auto done = database_.write([&](Session& session) -> Result<void> {
        is_removed = false;
        const auto sequence = take_sequences(session, 1);
        if (!sequence) return std::unexpected(sequence.error());
        auto removed = session.run(kRemove, {id}, [&](const Row&) { is_removed = true; });
        if (!removed || !is_removed) return removed;
        return append_audit(session, {.sequence = *sequence,
                                      .at = now,
                                      .actor = actor,
                                      .action = "key.remove",
                                      .subject = std::to_string(id)});
    });
    if (!done) return unavailable(done.error());
    if (is_removed) return {};
    return refuse(ChangeError::Kind::NotFound, "there is no key " + std::to_string(id));
}

Outcome<void> ApiKeys::note_refusal(const Actor& actor, Timestamp now) {
    const auto done = database_.write([&](Session& session) -> Result<void> {
        const auto sequence = take_sequences(session, 1);
        if (!sequence) return std::unexpected(sequence.error());
        return append_audit(
            session, {.sequence = *sequence, .at = now, .actor = actor, .action = "login.refused"});
    });
    if (!done) return unavailable(done.error());
    return {};
}

Outcome<std::optional<ApiKey>> ApiKeys::find(std::string_view text) {
    std::optional<ApiKey> found;
    if (text.empty() || text.size() > kKeyTextMax) return found;
    const std::string digest = text_digest(text);
    const auto done = database_.read([&](Session& session) {
        return session.run(kFind, {digest}, [&](const Row& row) { found = key_of(row); });
    });
    if (!done) return unavailable(done.error());
    return found;
}

}  // namespace nearcast::control
