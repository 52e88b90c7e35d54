// SPDX-License-Identifier: Apache-2.0

#include "control/database_keys.h"

#include <algorithm>
#include <initializer_list>

#include "control/zone_rows.h"
#include "dns/encoding.h"

namespace nearcast::control {
namespace {

using base::Result;
using signing::KeyNumber;

// Each makes every other writer of its row wait until the transaction ends.
constexpr Sql kTakeNumber{
    "UPDATE counter SET value = value + 1 WHERE name = 'signing_key' RETURNING value", "", "n"};
constexpr Sql kTakeStep{
    "UPDATE counter SET value = value + 1 WHERE name = 'signing_step' RETURNING value", "", "n"};
constexpr Sql kReadKeys{
    "SELECT number, algorithm, role, sealed, token_label FROM signing_key WHERE zone = :a "
    "ORDER BY number",
    "t", "nnntt"};
constexpr Sql kReadState{"SELECT rollover FROM signing_state WHERE zone = :a", "t", "t"};
constexpr Sql kInsertKey{
    "INSERT INTO signing_key (number, zone, algorithm, role, sealed, token_label) "
    "VALUES (:a, :b, :c, :d, :e, :f)",
    "ntnntt", ""};
constexpr Sql kRemoveKey{"DELETE FROM signing_key WHERE number = :a AND zone = :b", "nt", ""};
constexpr Sql kPutState{
    "INSERT INTO signing_state (zone, rollover, step) VALUES (:a, :b, :c) "
    "ON CONFLICT (zone) DO UPDATE SET rollover = :d, step = :e",
    "ttntn", ""};
constexpr Sql kStepsSince{"SELECT zone, step FROM signing_state WHERE step > :a ORDER BY step", "n",
                          "tn"};
constexpr Sql kHasSealed{
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM signing_key WHERE sealed <> '') OR "
    "EXISTS (SELECT 1 FROM tsig_key) THEN 1 ELSE 0 END",
    "", "n"};
// A sealed text begins with its head, which is no part of a group of base 64.
static_assert(dnssec::SealingKey::kHeadSize == 12);
constexpr Sql kHasSealedUnder{
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM signing_key WHERE substr(sealed, 1, 16) = :a) OR "
    "EXISTS (SELECT 1 FROM tsig_key WHERE substr(sealed, 1, 16) = :b) THEN 1 ELSE 0 END",
    "tt", "n"};

Result<int64_t> read_number(Session& session, const Sql& sql,
                            std::initializer_list<Value> values = {}) {
    int64_t number = 0;
    auto done = session.run(sql, values, [&](const Row& row) { number = row.number(0); });
    if (!done) return std::unexpected(done.error());
    return number;
}

Result<std::string> read_state(Session& session, const std::string& zone) {
    std::string rollover;
    auto done = session.run(kReadState, {zone}, [&](const Row& row) { rollover = row.text(0); });
    if (!done) return std::unexpected(done.error());
    return rollover;
}

Result<StoredKey> key_of(const Row& row) {
    const auto algorithm = dnssec::algorithm_of(static_cast<uint8_t>(row.number(1)));
    StoredKey key{.number = static_cast<KeyNumber>(row.number(0)),
                  .algorithm = algorithm.value_or(dnssec::Algorithm::EcdsaP256Sha256),
                  .role = static_cast<signing::KeyRole>(row.number(2)),
                  .sealed = {},
                  .token_label = row.text(4)};
    dns::Base64Decoder decoder;
    const bool is_role = row.number(2) >= 0 && row.number(2) <= int64_t{2};
    if (!algorithm || !is_role || !decoder.feed(row.text(3), key.sealed) || !decoder.finish()) {
        return base::fail("key " + std::to_string(row.number(0)) + " in the database is damaged",
                          "restore the database from a backup");
    }
    return key;
}

Result<void> insert_key(Session& session, const std::string& zone, const StoredKey& key) {
    std::string sealed;
    dns::append_base64(key.sealed, sealed);
    return session.run(kInsertKey, {int64_t{key.number}, zone, static_cast<int64_t>(key.algorithm),
                                    static_cast<int64_t>(key.role), sealed, key.token_label});
}

}  // namespace

Result<StoredKeys> DatabaseKeys::load(const dns::Name& zone) {
    StoredKeys stored;
    const std::string name = row_name(zone);
    auto done = database_.read_together([&](Session& session) -> Result<void> {
        stored = {};
        Result<void> read;
        auto ran = session.run(kReadKeys, {name}, [&](const Row& row) {
            auto key = key_of(row);
            if (!key) read = std::unexpected(key.error());
            if (key) stored.keys.push_back(*std::move(key));
        });
        if (!ran || !read) return ran ? read : ran;
        auto rollover = read_state(session, name);
        if (!rollover) return std::unexpected(rollover.error());
        stored.rollover = *std::move(rollover);
        return {};
    });
    if (!done) return std::unexpected(done.error());
    return stored;
}

Result<KeyNumber> DatabaseKeys::take_number() {
    Result<int64_t> number;
    auto done = database_.write([&](Session& session) -> Result<void> {
        number = read_number(session, kTakeNumber);
        return number ? Result<void>() : std::unexpected(number.error());
    });
    if (!done) return std::unexpected(done.error());
    return static_cast<KeyNumber>(*number);
}

Result<void> DatabaseKeys::save(const dns::Name& zone, const Update& update) {
    const std::string name = row_name(zone);
    return database_.write([&](Session& session) -> Result<void> {
        const auto step = read_number(session, kTakeStep);
        if (!step) return std::unexpected(step.error());
        const auto now = read_state(session, name);
        if (!now) return std::unexpected(now.error());
        if (*now != update.before) {
            return base::fail("the keys of " + name + " were moved on by another controller");
        }
        for (const StoredKey& key : update.added) {
            if (auto done = insert_key(session, name, key); !done) return done;
        }
        for (const KeyNumber number : update.removed) {
            if (auto done = session.run(kRemoveKey, {int64_t{number}, name}); !done) return done;
        }
        return session.run(kPutState, {name, update.rollover, *step, update.rollover, *step});
    });
}

Result<DatabaseKeys::Steps> DatabaseKeys::steps_since(int64_t since) {
    Steps steps;
    auto done = database_.read([&](Session& session) {
        steps = {.zones = {}, .last = since};
        return session.run(kStepsSince, {since}, [&](const Row& row) {
            steps.zones.push_back(row.text(0));
            steps.last = row.number(1);
        });
    });
    if (!done) return std::unexpected(done.error());
    return steps;
}

Result<bool> DatabaseKeys::has_sealed_keys() {
    bool is_there = false;
    auto done = database_.read([&](Session& session) -> Result<void> {
        const auto number = read_number(session, kHasSealed);
        is_there = number && *number != 0;
        return number ? Result<void>() : std::unexpected(number.error());
    });
    if (!done) return std::unexpected(done.error());
    return is_there;
}

Result<bool> DatabaseKeys::has_sealed_keys(const dnssec::SealingKey& under) {
    std::string head;
    dns::append_base64(under.head(), head);
    bool is_there = false;
    auto done = database_.read([&](Session& session) -> Result<void> {
        const auto number = read_number(session, kHasSealedUnder, {head, head});
        is_there = number && *number != 0;
        return number ? Result<void>() : std::unexpected(number.error());
    });
    if (!done) return std::unexpected(done.error());
    return is_there;
}

}  // namespace nearcast::control
