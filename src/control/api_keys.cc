// SPDX-License-Identifier: Apache-2.0

#include "control/api_keys.h"

#include <utility>

#include "control/deed.h"
#include "control/secret_text.h"
#include "control/text_digest.h"

namespace nearcast::control {
namespace {

constexpr std::string_view kPrefix = "nck_";

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

base::Result<void> remove_rows(Session& session, const std::vector<int64_t>& ids) {
    for (const int64_t id : ids) {
        if (auto removed = session.run(kRemove, {id}, [](const Row&) {}); !removed) return removed;
    }
    return {};
}

}  // namespace

Outcome<std::string> ApiKeys::create(const std::string& name, const KeyScope& scope,
                                     const Actor& actor, Timestamp now) {
    if (const auto right = check(scope); !right) {
        return refuse(ChangeError::Kind::Invalid, right.error().message);
    }
    const auto text = make_secret_text(kPrefix);
    if (!text) {
        return refuse(ChangeError::Kind::Unavailable, "the kernel gives no random numbers");
    }
    Deed deed{.actor = actor,
              .at = now,
              .action = scope.person.empty() ? "key.create" : "login",
              .detail = name};
    const auto done = carry_out(database_, std::move(deed),
                                [&](Session& session, int64_t number, Deed& told) -> DeedAnswer {
                                    told.subject = std::to_string(number);
                                    auto written = session.run(
                                        kInsert, {number, name, text_digest(*text),
                                                  encode_scope(scope), int64_t{now.count()}});
                                    if (!written) return std::unexpected(written.error());
                                    return Outcome<void>();
                                });
    if (!done) return std::unexpected(done.error());
    return *text;
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
    Deed deed{.actor = actor, .at = now, .action = "key.remove", .subject = std::to_string(id)};
    return carry_out(
        database_, std::move(deed), [&](Session& session, int64_t, Deed&) -> DeedAnswer {
            bool is_removed = false;
            auto removed = session.run(kRemove, {id}, [&](const Row&) { is_removed = true; });
            if (!removed) return std::unexpected(removed.error());
            if (is_removed) return Outcome<void>();
            return Outcome<void>(
                refuse(ChangeError::Kind::NotFound, "there is no key " + std::to_string(id)));
        });
}

Outcome<void> ApiKeys::remove_all(const std::function<bool(const KeyScope&)>& is_such) {
    const auto keys = list();
    if (!keys) return std::unexpected(keys.error());
    std::vector<int64_t> ids;
    for (const ApiKey& key : *keys) {
        if (is_such(key.scope)) ids.push_back(key.id);
    }
    if (ids.empty()) return {};
    const auto done = database_.write([&](Session& session) { return remove_rows(session, ids); });
    if (!done) return unavailable(done.error());
    return {};
}

base::Result<void> ApiKeys::end_sessions(Session& session, const std::string& person, int64_t but) {
    std::vector<int64_t> ids;
    auto listed = session.run(kList, {}, [&](const Row& row) {
        const ApiKey key = key_of(row);
        if (key.scope.person == person && key.id != but) ids.push_back(key.id);
    });
    if (!listed) return listed;
    return remove_rows(session, ids);
}

Outcome<void> ApiKeys::note_refusal(const Actor& actor, Timestamp now) {
    return carry_out(database_, {.actor = actor, .at = now, .action = "login.refused"},
                     [](Session&, int64_t, Deed&) -> DeedAnswer { return Outcome<void>(); });
}

Outcome<std::optional<ApiKey>> ApiKeys::find(std::string_view text) {
    std::optional<ApiKey> found;
    if (text.empty() || text.size() > kSecretTextMax) return found;
    const std::string digest = text_digest(text);
    const auto done = database_.read([&](Session& session) {
        return session.run(kFind, {digest}, [&](const Row& row) { found = key_of(row); });
    });
    if (!done) return unavailable(done.error());
    return found;
}

}  // namespace nearcast::control
