// SPDX-License-Identifier: Apache-2.0

#include "control/tsig_keys.h"

#include <utility>

#include <unistd.h>

#include "base/log.h"
#include "control/deed.h"
#include "control/zone_rows.h"
#include "dns/encoding.h"

namespace nearcast::control {
namespace {

using base::Result;
using Kind = ChangeError::Kind;
namespace log = base::log;

constexpr Sql kReadStep{"SELECT value FROM counter WHERE name = 'tsig_key'", "", "n"};
constexpr Sql kTakeStep{"UPDATE counter SET value = value + 1 WHERE name = 'tsig_key'", "", ""};
constexpr Sql kList{
    "SELECT id, name, algorithm, sealed, scope, created_at FROM tsig_key ORDER BY name", "",
    "nttttn"};
constexpr Sql kFind{
    "SELECT id, name, algorithm, sealed, scope, created_at FROM tsig_key WHERE name = :a", "t",
    "nttttn"};
constexpr Sql kCount{"SELECT COUNT(*) FROM tsig_key", "", "n"};
constexpr Sql kInsert{
    "INSERT INTO tsig_key (id, name, algorithm, sealed, scope, created_at) "
    "VALUES (:a, :b, :c, :d, :e, :f)",
    "nttttn", ""};
constexpr Sql kReplace{
    "UPDATE tsig_key SET name = :a, algorithm = :b, sealed = :c, scope = :d WHERE name = :e "
    "RETURNING id",
    "ttttt", "n"};
constexpr Sql kRemove{"DELETE FROM tsig_key WHERE name = :a RETURNING id", "t", "n"};

// Sealed for its name: whoever can write the database cannot exchange secrets.
std::string label_of(const dns::Name& name) { return "tsig " + row_name(name); }

std::unexpected<ChangeError> no_such_key(const dns::Name& name) {
    return refuse(Kind::NotFound, "there is no TSIG key " + row_name(name));
}

Result<Outcome<void>> expect_touch(Session& session, const Sql& sql,
                                   std::initializer_list<Value> values, const dns::Name& name) {
    bool is_touched = false;
    auto done = session.run(sql, values, [&](const Row&) { is_touched = true; });
    if (done && is_touched) done = session.run(kTakeStep, {});
    if (!done) return std::unexpected(done.error());
    return is_touched ? Outcome<void>() : Outcome<void>(no_such_key(name));
}

Outcome<void> provide_secret(transfer::TsigKey& key) {
    if (!key.secret.empty()) return {};
    key.secret.resize(transfer::hash_size(key.hash));
    if (::getentropy(key.secret.data(), key.secret.size()) == 0) return {};
    return refuse(Kind::Unavailable, "the kernel gives no random numbers");
}

}  // namespace

TsigKeys::TsigKeys(Database& database, const dnssec::SealingKey& sealing,
                   const transfer::TsigKeyring& fixed)
    : database_(database), sealing_(sealing), fixed_(fixed) {
    keyring_.replace(fixed_);
    if (database_.is_shared()) {
        thread_ = std::thread([this] { run(); });
    }
}

TsigKeys::~TsigKeys() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

// --- Reading ---

Result<TsigCredential> TsigKeys::credential_of(const Row& row) const {
    TsigCredential credential{.id = row.number(0),
                              .scope = decode_scope(row.text(4)),
                              .created_at = Timestamp(row.number(5))};
    const auto name = dns::parse_name(row.text(1));
    const auto hash = transfer::parse_algorithm(row.text(2));
    std::vector<uint8_t> sealed;
    dns::Base64Decoder decoder;
    if (!name || !hash || !decoder.feed(row.text(3), sealed) || !decoder.finish()) {
        return base::fail("TSIG key " + row.text(1) + " in the database is damaged",
                          "make it anew");
    }
    auto secret = sealing_.open(label_of(*name), sealed);
    if (!secret) return base::within("TSIG key " + row.text(1), secret.error());
    credential.key = {*name, *hash, {secret->begin(), secret->end()}};
    dnssec::wipe(*secret);
    return credential;
}

// One that cannot be opened is left out, and told: the others are good.
Outcome<std::vector<TsigCredential>> TsigKeys::read(int64_t& step) {
    std::vector<TsigCredential> credentials;
    const auto done = database_.read_together([&](Session& session) {
        credentials.clear();
        auto counted = session.run(kReadStep, {}, [&](const Row& row) { step = row.number(0); });
        if (!counted) return counted;
        return session.run(kList, {}, [&](const Row& row) {
            auto credential = credential_of(row);
            if (credential) return credentials.push_back(*std::move(credential));
            log::error("tsig_key_unusable",
                       {{"reason", credential.error().message}, {"try", credential.error().hint}});
        });
    });
    if (!done) return unavailable(done.error());
    return credentials;
}

Outcome<void> TsigKeys::refresh() {
    const std::lock_guard turn(refreshing_);
    int64_t step = 0;
    auto credentials = read(step);
    if (!credentials) return std::unexpected(credentials.error());
    auto scopes = std::make_shared<Scopes>();
    std::vector<transfer::TsigKey> keys;
    for (TsigCredential& credential : *credentials) {
        // Another controller's configuration may know nothing of a key of ours.
        if (fixed_.find(credential.key.name) != nullptr) continue;
        scopes->emplace(dns::key_of(credential.key.name),
                        std::make_shared<KeyScope>(std::move(credential.scope)));
        keys.push_back(std::move(credential.key));
    }
    transfer::TsigKeyring keyring = fixed_;
    keyring.add_all(std::move(keys));
    const std::lock_guard lock(mutex_);
    keyring_.replace(std::move(keyring));
    scopes_ = std::move(scopes);
    step_ = step;
    return {};
}

Outcome<std::vector<TsigCredential>> TsigKeys::list() {
    int64_t step = 0;
    return read(step);
}

Outcome<TsigCredential> TsigKeys::find(const dns::Name& name) {
    std::optional<Result<TsigCredential>> found;
    const auto done = database_.read([&](Session& session) {
        found.reset();
        return session.run(kFind, {row_name(name)},
                           [&](const Row& row) { found = credential_of(row); });
    });
    if (!done) return unavailable(done.error());
    if (!found) return no_such_key(name);
    if (!*found) return unavailable(found->error());
    return **std::move(found);
}

std::shared_ptr<const KeyScope> TsigKeys::scope_of(const dns::Name& name) const {
    std::shared_ptr<const Scopes> scopes;
    {
        const std::lock_guard lock(mutex_);
        scopes = scopes_;
    }
    const auto found = scopes->find(dns::key_of(name));
    return found == scopes->end() ? nullptr : found->second;
}

// --- Writing ---

std::string TsigKeys::sealed(const TsigCredential& credential) const {
    std::string text(credential.key.secret.begin(), credential.key.secret.end());
    std::string base64;
    dns::append_base64(sealing_.seal(label_of(credential.key.name), text), base64);
    dnssec::wipe(text);
    return base64;
}

Outcome<void> TsigKeys::check(const TsigCredential& credential) const {
    if (const auto right = control::check(credential.scope); !right) {
        return refuse(Kind::Invalid, right.error().message);
    }
    const size_t size = credential.key.secret.size();
    if (size != 0 && (size < kSecretSizeMin || size > kSecretSizeMax)) {
        return refuse(Kind::Invalid,
                      "the key is not of 16 to 512 bytes; leave it out for a new one");
    }
    if (credential.key.name.is_root()) return refuse(Kind::Invalid, "the root is no name of a key");
    return {};
}

// Whether the name is free, in the transaction that takes it.
Result<Outcome<void>> TsigKeys::check_place(Session& session, const dns::Name& name) const {
    bool is_taken = fixed_.find(name) != nullptr;
    auto done = session.run(kFind, {row_name(name)}, [&](const Row&) { is_taken = true; });
    if (!done) return std::unexpected(done.error());
    if (!is_taken) return Outcome<void>();
    return Outcome<void>(
        refuse(Kind::Exists, "A TSIG key with the name '" + row_name(name) + "' already exists"));
}

Outcome<void> TsigKeys::settle(Outcome<void> done) { return done ? refresh() : done; }

Outcome<TsigCredential> TsigKeys::add(TsigCredential credential, const Actor& actor) {
    if (auto right = check(credential); !right) return std::unexpected(right.error());
    if (auto made = provide_secret(credential.key); !made) return std::unexpected(made.error());
    credential.key.name = credential.key.name.lowered();
    const std::string name = row_name(credential.key.name);
    Deed deed{.actor = actor,
              .at = credential.created_at,
              .action = "tsigkey.create",
              .subject = name,
              .detail = encode_scope(credential.scope)};
    const auto work = [&](Session& session, int64_t number, Deed&) -> DeedAnswer {
        auto place = check_place(session, credential.key.name);
        if (!place || !*place) return place;
        int64_t count = 0;
        auto done = session.run(kCount, {}, [&](const Row& row) { count = row.number(0); });
        if (!done) return std::unexpected(done.error());
        if (count >= static_cast<int64_t>(kKeysMax)) {
            return Outcome<void>(refuse(Kind::Full, "there are 10000 TSIG keys already"));
        }
        credential.id = number;
        done = session.run(
            kInsert, {number, name, transfer::to_text(credential.key.hash), sealed(credential),
                      encode_scope(credential.scope), int64_t{credential.created_at.count()}});
        if (done) done = session.run(kTakeStep, {});
        if (!done) return std::unexpected(done.error());
        return Outcome<void>();
    };
    const auto done = settle(carry_out(database_, std::move(deed), work));
    if (!done) return std::unexpected(done.error());
    return credential;
}

Outcome<TsigCredential> TsigKeys::replace(const dns::Name& name, TsigCredential next,
                                          const Actor& actor, Timestamp now) {
    if (auto right = check(next); !right) return std::unexpected(right.error());
    if (auto made = provide_secret(next.key); !made) return std::unexpected(made.error());
    next.key.name = next.key.name.lowered();
    Deed deed{.actor = actor,
              .at = now,
              .action = "tsigkey.change",
              .subject = row_name(name),
              .detail = row_name(next.key.name) + '\n' + encode_scope(next.scope)};
    const auto work = [&](Session& session, int64_t, Deed&) -> DeedAnswer {
        if (!(next.key.name == name)) {
            auto place = check_place(session, next.key.name);
            if (!place || !*place) return place;
        }
        return expect_touch(session, kReplace,
                            {row_name(next.key.name), transfer::to_text(next.key.hash),
                             sealed(next), encode_scope(next.scope), row_name(name)},
                            name);
    };
    const auto done = settle(carry_out(database_, std::move(deed), work));
    if (!done) return std::unexpected(done.error());
    return next;
}

Outcome<void> TsigKeys::remove(const dns::Name& name, const Actor& actor, Timestamp now) {
    Deed deed{.actor = actor, .at = now, .action = "tsigkey.remove", .subject = row_name(name)};
    return settle(
        carry_out(database_, std::move(deed), [&](Session& session, int64_t, Deed&) -> DeedAnswer {
            return expect_touch(session, kRemove, {row_name(name)}, name);
        }));
}

Outcome<void> TsigKeys::remove_all(const std::function<bool(const KeyScope&)>& is_such) {
    const auto credentials = list();
    if (!credentials) return std::unexpected(credentials.error());
    const auto done = database_.write([&](Session& session) -> Result<void> {
        for (const TsigCredential& each : *credentials) {
            if (!is_such(each.scope)) continue;
            const auto removed =
                expect_touch(session, kRemove, {row_name(each.key.name)}, each.key.name);
            if (!removed) return std::unexpected(removed.error());
        }
        return {};
    });
    if (!done) return unavailable(done.error());
    return refresh();
}

// --- What other controllers do ---

void TsigKeys::run() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kLookPause, [this] { return is_stopping_; })) {
        lock.unlock();
        look();
        lock.lock();
    }
}

// When it fails the next look may not.
void TsigKeys::look() {
    int64_t step = 0;
    const auto done = database_.read([&](Session& session) {
        return session.run(kReadStep, {}, [&](const Row& row) { step = row.number(0); });
    });
    {
        const std::lock_guard lock(mutex_);
        if (!done || step == step_) return;
    }
    (void)refresh();
}

}  // namespace nearcast::control
