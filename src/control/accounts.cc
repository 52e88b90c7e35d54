// SPDX-License-Identifier: Apache-2.0

#include "control/accounts.h"

#include <algorithm>
#include <utility>

#include <unistd.h>

#include "control/deed.h"
#include "control/password.h"
#include "dns/encoding.h"

namespace nearcast::control {
namespace {

using base::Result;
using Kind = ChangeError::Kind;

constexpr Sql kTenants{
    "SELECT t.name, t.plan, t.records, t.created_at, "
    "(SELECT COUNT(*) FROM zone z WHERE z.account = t.name) FROM tenant t ORDER BY t.name",
    "", "ttnnn"};
constexpr Sql kTenant{
    "SELECT t.name, t.plan, t.records, t.created_at, "
    "(SELECT COUNT(*) FROM zone z WHERE z.account = t.name) FROM tenant t WHERE t.name = :a",
    "t", "ttnnn"};
constexpr Sql kInsertTenant{
    "INSERT INTO tenant (name, plan, records, created_at) VALUES (:a, :b, :c, :d)", "ttnn", ""};
constexpr Sql kSetPlan{"UPDATE tenant SET plan = :a WHERE name = :b RETURNING name", "tt", "t"};
constexpr Sql kRemoveTenant{"DELETE FROM tenant WHERE name = :a RETURNING name", "t", "t"};
constexpr Sql kRemovePeople{"DELETE FROM person WHERE tenant = :a", "t", ""};

constexpr Sql kPeople{"SELECT name, tenant, access, totp, created_at FROM person ORDER BY name", "",
                      "ttttn"};
constexpr Sql kSecrets{
    "SELECT name, tenant, access, totp, created_at, password, totp_step FROM person "
    "WHERE name = :a",
    "t", "ttttntn"};
constexpr Sql kInsertPerson{
    "INSERT INTO person (name, tenant, access, password, totp, totp_step, created_at) "
    "VALUES (:a, :b, :c, :d, '', 0, :e)",
    "ttttn", ""};
constexpr Sql kSetPassword{"UPDATE person SET password = :a WHERE name = :b RETURNING name", "tt",
                           "t"};
constexpr Sql kSetTotp{"UPDATE person SET totp = :a, totp_step = 0 WHERE name = :b RETURNING name",
                       "tt", "t"};
constexpr Sql kUseStep{
    "UPDATE person SET totp_step = :a WHERE name = :b AND totp_step < :c RETURNING name", "ntn",
    "t"};
constexpr Sql kFailures{"SELECT since, failures FROM login_failure WHERE name = :a", "t", "nn"};
constexpr Sql kCountFailure{
    "INSERT INTO login_failure (name, since, failures) VALUES (:a, :b, 1) "
    "ON CONFLICT (name) DO UPDATE SET failures = login_failure.failures + 1",
    "tn", ""};
// Also those of a clock that was set back since.
constexpr Sql kForgetFailures{"DELETE FROM login_failure WHERE since <= :a OR since > :b", "nn",
                              ""};
constexpr Sql kRemovePerson{"DELETE FROM person WHERE name = :a RETURNING name", "t", "t"};

Tenant tenant_of(const Row& row) {
    return {.name = row.text(0),
            .plan = row.text(1),
            .zones = static_cast<uint64_t>(row.number(4)),
            .records = static_cast<uint64_t>(row.number(2)),
            .created_at = Timestamp(row.number(3))};
}

Person person_of(const Row& row) {
    return {.name = row.text(0),
            .tenant = row.text(1),
            .right = parse_right(row.text(2)).value_or(Right::Read),
            .has_totp = !row.text(3).empty(),
            .created_at = Timestamp(row.number(4))};
}

std::string label_of(const std::string& person) { return "totp of " + person; }

// Whether a statement that returns what it touched touched something.
Result<bool> touches(Session& session, const Sql& sql, std::initializer_list<Value> values) {
    bool is_touched = false;
    auto done = session.run(sql, values, [&](const Row&) { is_touched = true; });
    if (!done) return std::unexpected(done.error());
    return is_touched;
}

DeedAnswer expect_touch(Session& session, const Sql& sql, std::initializer_list<Value> values,
                        const std::string& what) {
    const auto touched = touches(session, sql, values);
    if (!touched) return std::unexpected(touched.error());
    if (*touched) return Outcome<void>();
    return Outcome<void>(refuse(Kind::NotFound, "there is no " + what));
}

// Whose sessions end, and which of them does not.
struct Sessions {
    const std::string& person;
    int64_t but = 0;
};

// Changes what he logs in with.
DeedAnswer change_person(Session& session, const Sql& sql, std::initializer_list<Value> values,
                         const Sessions& sessions) {
    auto touched = expect_touch(session, sql, values, "user " + sessions.person);
    if (!touched || !*touched) return touched;
    auto ended = ApiKeys::end_sessions(session, sessions.person, sessions.but);
    if (!ended) return std::unexpected(ended.error());
    return Outcome<void>();
}

Result<void> count_failure(Session& session, const std::string& name, Timestamp now) {
    const auto at = [](Timestamp time) { return Value(int64_t{time.count()}); };
    auto done = session.run(
        kForgetFailures, {at(now - Accounts::kFailurePeriod), at(now + Accounts::kFailurePeriod)});
    return done ? session.run(kCountFailure, {name, at(now)}) : done;
}

std::optional<ChangeError> fault_of(const std::string& password) {
    if (password.size() >= kPasswordSizeMin && password.size() <= kPasswordSizeMax) return {};
    return ChangeError{Kind::Invalid, "the password is not of 12 to 256 bytes"};
}

std::unexpected<ChangeError> no_tenant(const std::string& name) {
    return refuse(Kind::NotFound, "there is no tenant " + name);
}

}  // namespace

bool is_account_name(std::string_view text) {
    const auto is_fit = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.' || c == '@';
    };
    return !text.empty() && text.size() <= Accounts::kNameSizeMax &&
           std::ranges::all_of(text, is_fit);
}

// --- Tenants ---

Outcome<std::vector<Tenant>> Accounts::tenants() {
    std::vector<Tenant> tenants;
    const auto done = database_.read([&](Session& session) {
        tenants.clear();
        return session.run(kTenants, {},
                           [&](const Row& row) { tenants.push_back(tenant_of(row)); });
    });
    if (!done) return unavailable(done.error());
    return tenants;
}

Outcome<Tenant> Accounts::tenant(const std::string& name) {
    std::optional<Tenant> tenant;
    const auto done = database_.read([&](Session& session) {
        return session.run(kTenant, {name}, [&](const Row& row) { tenant = tenant_of(row); });
    });
    if (!done) return unavailable(done.error());
    if (!tenant) return no_tenant(name);
    return *std::move(tenant);
}

Outcome<void> Accounts::add_tenant(const Tenant& tenant, const Actor& actor) {
    if (quotas_.find(tenant.plan) == nullptr) {
        return refuse(Kind::Invalid, "there is no plan " + tenant.plan + " in control.toml");
    }
    Deed deed{.actor = actor,
              .at = tenant.created_at,
              .action = "tenant.create",
              .subject = tenant.name,
              .detail = tenant.plan};
    return carry_out(
        database_, std::move(deed), [&](Session& session, int64_t, Deed&) -> DeedAnswer {
            bool is_there = false;
            auto done = session.run(kTenant, {tenant.name}, [&](const Row&) { is_there = true; });
            if (!done) return std::unexpected(done.error());
            if (is_there) {
                return Outcome<void>(refuse(Kind::Exists, "there is a tenant " + tenant.name));
            }
            const auto records = count_records(session, tenant.name);
            if (!records) return std::unexpected(records.error());
            done = session.run(kInsertTenant, {tenant.name, tenant.plan, *records,
                                               int64_t{tenant.created_at.count()}});
            if (!done) return std::unexpected(done.error());
            return Outcome<void>();
        });
}

Outcome<void> Accounts::set_plan(const std::string& tenant, const std::string& plan,
                                 const Actor& actor, Timestamp now) {
    if (quotas_.find(plan) == nullptr) {
        return refuse(Kind::Invalid, "there is no plan " + plan + " in control.toml");
    }
    return carry_out(
        database_,
        {.actor = actor, .at = now, .action = "tenant.plan", .subject = tenant, .detail = plan},
        [&](Session& session, int64_t, Deed&) {
            return expect_touch(session, kSetPlan, {plan, tenant}, "tenant " + tenant);
        });
}

Outcome<void> Accounts::remove_tenant(const std::string& name, const Actor& actor, Timestamp now) {
    const auto tenant = this->tenant(name);
    if (!tenant) return std::unexpected(tenant.error());
    if (tenant->zones != 0) {
        return refuse(Kind::Conflict, "the tenant has " + std::to_string(tenant->zones) +
                                          " zones: delete them, or give them another account");
    }
    const auto done = carry_out(
        database_, {.actor = actor, .at = now, .action = "tenant.remove", .subject = name},
        [&](Session& session, int64_t, Deed&) -> DeedAnswer {
            auto removed = session.run(kRemovePeople, {name});
            if (!removed) return std::unexpected(removed.error());
            return expect_touch(session, kRemoveTenant, {name}, "tenant " + name);
        });
    if (!done) return done;
    const auto is_his = [&](const KeyScope& scope) { return scope.tenant == name; };
    if (auto removed = keys_.remove_all(is_his); !removed) return removed;
    return tsig_keys_.remove_all(is_his);
}

// --- People ---

Outcome<std::vector<Person>> Accounts::people(const std::optional<std::string>& tenant) {
    std::vector<Person> people;
    const auto done = database_.read([&](Session& session) {
        people.clear();
        return session.run(kPeople, {}, [&](const Row& row) {
            if (!tenant || row.text(1) == *tenant) people.push_back(person_of(row));
        });
    });
    if (!done) return unavailable(done.error());
    return people;
}

Outcome<Person> Accounts::person(const std::string& name) {
    const auto secrets = secrets_of(name);
    if (!secrets) return std::unexpected(secrets.error());
    if (!*secrets) return refuse(Kind::NotFound, "there is no user " + name);
    return (*secrets)->person;
}

Outcome<void> Accounts::add_person(const Person& person, const std::string& password,
                                   const Actor& actor) {
    if (auto fault = fault_of(password)) return std::unexpected(*fault);
    const auto hash = hash_password(password);
    if (!hash) return refuse(Kind::Unavailable, "there is no memory to hash a password");
    if (!person.tenant.empty()) {
        const auto tenant = this->tenant(person.tenant);
        if (!tenant) return std::unexpected(tenant.error());
    }
    Deed deed{.actor = actor,
              .at = person.created_at,
              .action = "user.create",
              .subject = person.name,
              .detail = person.tenant};
    return carry_out(
        database_, std::move(deed), [&](Session& session, int64_t, Deed&) -> DeedAnswer {
            bool is_there = false;
            auto done = session.run(kSecrets, {person.name}, [&](const Row&) { is_there = true; });
            if (!done) return std::unexpected(done.error());
            if (is_there)
                return Outcome<void>(refuse(Kind::Exists, "there is a user " + person.name));
            done = session.run(kInsertPerson, {person.name, person.tenant, to_text(person.right),
                                               *hash, int64_t{person.created_at.count()}});
            if (!done) return std::unexpected(done.error());
            return Outcome<void>();
        });
}

Outcome<void> Accounts::set_password(const std::string& name, const std::string& password,
                                     const Author& author, Timestamp now) {
    if (auto fault = fault_of(password)) return std::unexpected(*fault);
    const auto hash = hash_password(password);
    if (!hash) return refuse(Kind::Unavailable, "there is no memory to hash a password");
    return carry_out(
        database_, {.actor = author.actor, .at = now, .action = "user.password", .subject = name},
        [&](Session& session, int64_t, Deed&) {
            return change_person(session, kSetPassword, {*hash, name}, {name, author.key_id});
        });
}

Outcome<TotpSecret> Accounts::demand_totp(const std::string& name, const Author& author,
                                          Timestamp now) {
    TotpSecret secret(kTotpSecretSize);
    if (::getentropy(secret.data(), secret.size()) != 0) {
        return refuse(Kind::Unavailable, "the kernel gives no random numbers");
    }
    std::string hex;
    dns::append_hex(sealing_.seal(label_of(name), std::string(secret.begin(), secret.end())), hex);
    const auto done = carry_out(
        database_, {.actor = author.actor, .at = now, .action = "user.totp", .subject = name},
        [&](Session& session, int64_t, Deed&) {
            return change_person(session, kSetTotp, {hex, name}, {name, author.key_id});
        });
    if (!done) return std::unexpected(done.error());
    return secret;
}

Outcome<void> Accounts::remove_person(const std::string& name, const Actor& actor, Timestamp now) {
    const auto done =
        carry_out(database_, {.actor = actor, .at = now, .action = "user.remove", .subject = name},
                  [&](Session& session, int64_t, Deed&) {
                      return expect_touch(session, kRemovePerson, {name}, "user " + name);
                  });
    if (!done) return done;
    return keys_.remove_all([&](const KeyScope& scope) { return scope.person == name; });
}

// --- Logging in ---

Outcome<std::optional<Accounts::Secrets>> Accounts::secrets_of(const std::string& name) {
    std::optional<Secrets> found;
    const auto done = database_.read([&](Session& session) {
        found.reset();
        return session.run(kSecrets, {name}, [&](const Row& row) {
            found = Secrets{person_of(row), row.text(5), row.text(3), row.number(6)};
        });
    });
    if (!done) return unavailable(done.error());
    return found;
}

Outcome<void> Accounts::check_hold(const std::string& name, Timestamp now) {
    Timestamp since{};
    int64_t failures = 0;
    const auto done = database_.read([&](Session& session) {
        failures = 0;
        return session.run(kFailures, {name}, [&](const Row& row) {
            since = Timestamp(row.number(0));
            failures = row.number(1);
        });
    });
    if (!done) return unavailable(done.error());
    if (failures < kFailuresMax || now >= since + kFailurePeriod) return {};
    return hold_off(since + kFailurePeriod - now,
                    "too many wrong passwords for this user; a minute later");
}

ChangeError Accounts::turn_away(const std::string& name, const std::string& source, Timestamp now) {
    const bool is_name = is_account_name(name);  // Nobody is, or comes to be, called otherwise.
    const auto noted = carry_out(
        database_,
        {.actor = {is_name ? "user:" + name : "", source}, .at = now, .action = "login.refused"},
        [&](Session& session, int64_t, Deed&) -> DeedAnswer {
            if (!is_name) return Outcome<void>();
            if (auto done = count_failure(session, name, now); !done) {
                return std::unexpected(done.error());
            }
            return Outcome<void>();
        });
    if (!noted) return noted.error();
    return {Kind::Forbidden, "the user, the password or the code is wrong"};
}

Outcome<bool> Accounts::use_code(const Secrets& secrets, const std::string& code, Timestamp now) {
    if (secrets.sealed_totp.empty()) return true;
    std::vector<uint8_t> sealed;
    dns::HexDecoder decoder;
    const bool is_hex = decoder.feed(secrets.sealed_totp, sealed) && decoder.finish();
    const auto text = sealing_.open(label_of(secrets.person.name), sealed);
    if (!is_hex || !text) {
        return refuse(Kind::Unavailable,
                      "the secret of the phone cannot be opened: is the key "
                      "file that of this database?");
    }
    const TotpSecret secret(text->begin(), text->end());
    const int64_t step = totp_step(std::chrono::floor<std::chrono::seconds>(now));
    const auto used = find_totp_step(secret, code, step, secrets.totp_step);
    if (!used) return false;
    bool is_first = false;
    const auto done = database_.write([&](Session& session) -> Result<void> {
        const auto touched = touches(session, kUseStep, {*used, secrets.person.name, *used});
        if (!touched) return std::unexpected(touched.error());
        is_first = *touched;
        return {};
    });
    if (!done) return unavailable(done.error());
    return is_first;
}

Outcome<std::string> Accounts::log_in(const Credentials& credentials, const std::string& source,
                                      Timestamp now) {
    if (auto free = check_hold(credentials.name, now); !free) {
        return std::unexpected(free.error());
    }
    const auto secrets = secrets_of(credentials.name);
    if (!secrets) return std::unexpected(secrets.error());
    const std::string hash = *secrets ? (*secrets)->hash : "";
    if (!is_password(hash, credentials.password)) {
        return std::unexpected(turn_away(credentials.name, source, now));
    }
    const auto proved = use_code(**secrets, credentials.code, now);
    if (!proved) return std::unexpected(proved.error());
    if (!*proved) return std::unexpected(turn_away(credentials.name, source, now));
    const Person& person = (*secrets)->person;
    auto cleared = keys_.remove_all(
        [&](const KeyScope& scope) { return !scope.person.empty() && scope.expires_at <= now; });
    if (!cleared) return std::unexpected(cleared.error());
    KeyScope scope;
    scope.right = person.right;
    scope.tenant = person.tenant;
    scope.person = person.name;
    scope.expires_at = now + kSessionLife;
    return keys_.create("session", scope, {"user:" + person.name, source}, now);
}

Outcome<void> Accounts::prove(const Credentials& credentials, const std::string& source,
                              Timestamp now) {
    if (auto free = check_hold(credentials.name, now); !free) return free;
    const auto secrets = secrets_of(credentials.name);
    if (!secrets) return std::unexpected(secrets.error());
    if (!*secrets) return refuse(Kind::NotFound, "there is no user " + credentials.name);
    if (!credentials.password.empty()) {
        if (is_password((*secrets)->hash, credentials.password)) return {};
    } else if (!(*secrets)->sealed_totp.empty()) {
        const auto proved = use_code(**secrets, credentials.code, now);
        if (!proved) return std::unexpected(proved.error());
        if (*proved) return {};
    }
    return std::unexpected(turn_away(credentials.name, source, now));
}

}  // namespace nearcast::control
