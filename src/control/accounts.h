// SPDX-License-Identifier: Apache-2.0
//
// Who shares this controller (tenants), and the people who log in to it.
//
// A tenant sees the zones whose account is his name, and no others. Who logs in gets a key of the
// API for some hours, which can do what he may: there is one way in for people and programs. Any
// thread.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/api_keys.h"
#include "control/change_error.h"
#include "control/database.h"
#include "control/key_scope.h"
#include "control/model.h"
#include "control/quotas.h"
#include "control/totp.h"
#include "control/tsig_keys.h"
#include "dnssec/seal.h"

namespace nearcast::control {

struct Tenant {
    std::string name = {};
    std::string plan = {};
    uint64_t zones = 0;
    uint64_t records = 0;
    Timestamp created_at{};
};

struct Person {
    std::string name = {};
    std::string tenant = {};  // Empty: of whoever runs the controller.
    Right right = Right::Manage;
    bool has_totp = false;
    Timestamp created_at{};
};

struct Credentials {
    std::string name = {};
    std::string password = {};
    std::string code = {};  // Of TOTP, from who has it.
};

// Who changes what somebody logs in with.
struct Author {
    Actor actor = {};
    int64_t key_id = 0;  // That he came with.
};

class Accounts {
 public:
    static constexpr size_t kNameSizeMax = 63;
    static constexpr std::chrono::hours kSessionLife{12};
    // Wrong passwords for one name within a minute, from wherever and at whatever controller: then
    // nobody is let in under it.
    static constexpr unsigned kFailuresMax = 10;
    static constexpr std::chrono::seconds kFailurePeriod{60};

    // Secrets of phones are kept sealed under that key. All outlive it.
    Accounts(Database& database, ApiKeys& keys, TsigKeys& tsig_keys, const Quotas& quotas,
             const dnssec::SealingKey& sealing)
        : database_(database),
          keys_(keys),
          tsig_keys_(tsig_keys),
          quotas_(quotas),
          sealing_(sealing) {}
    Accounts(const Accounts&) = delete;
    Accounts& operator=(const Accounts&) = delete;

    [[nodiscard]] Outcome<std::vector<Tenant>> tenants();
    [[nodiscard]] Outcome<Tenant> tenant(const std::string& name);
    // Zones that have his name as their account are his from then on.
    [[nodiscard]] Outcome<void> add_tenant(const Tenant& tenant, const Actor& actor);
    [[nodiscard]] Outcome<void> set_plan(const std::string& tenant, const std::string& plan,
                                         const Actor& actor, Timestamp now);
    // Conflict while he has zones. His people and keys go with him.
    [[nodiscard]] Outcome<void> remove_tenant(const std::string& name, const Actor& actor,
                                              Timestamp now);

    // Of one tenant; of all for nothing.
    [[nodiscard]] Outcome<std::vector<Person>> people(const std::optional<std::string>& tenant);
    [[nodiscard]] Outcome<Person> person(const std::string& name);
    [[nodiscard]] Outcome<void> add_person(const Person& person, const std::string& password,
                                           const Actor& actor);
    // Both end his sessions but that of the author: whoever has learned what was good so far is
    // out.
    [[nodiscard]] Outcome<void> set_password(const std::string& name, const std::string& password,
                                             const Author& author, Timestamp now);
    // From now on his password is not enough. The secret is not told again.
    [[nodiscard]] Outcome<TotpSecret> demand_totp(const std::string& name, const Author& author,
                                                  Timestamp now);
    // Whether who has his session is he: by his password, or by a code if one is there. Forbidden
    // otherwise; wrong ones count as those of a login do.
    [[nodiscard]] Outcome<void> prove(const Credentials& credentials, const std::string& source,
                                      Timestamp now);
    // With the sessions that he has.
    [[nodiscard]] Outcome<void> remove_person(const std::string& name, const Actor& actor,
                                              Timestamp now);

    // A key for who he says he is, if he proves it; `source` is where he comes from. Forbidden
    // otherwise, in the same words whatever is wrong.
    [[nodiscard]] Outcome<std::string> log_in(const Credentials& credentials,
                                              const std::string& source, Timestamp now);

 private:
    struct Secrets {
        Person person = {};
        std::string hash = {};
        std::string sealed_totp = {};  // In hex; empty: the password is enough.
        int64_t totp_step = 0;
    };
    [[nodiscard]] Outcome<std::optional<Secrets>> secrets_of(const std::string& name);
    // Whether the code is good, once; in the transaction that uses it up.
    [[nodiscard]] Outcome<bool> use_code(const Secrets& secrets, const std::string& code,
                                         Timestamp now);
    [[nodiscard]] Outcome<void> check_hold(const std::string& name, Timestamp now);
    // Counts and tells it; what there is to say.
    [[nodiscard]] ChangeError turn_away(const std::string& name, const std::string& source,
                                        Timestamp now);

    Database& database_;
    ApiKeys& keys_;
    TsigKeys& tsig_keys_;
    const Quotas& quotas_;
    const dnssec::SealingKey& sealing_;
};

// Of a tenant or a person: lower case letters, digits, '-', '_', '.' and '@'.
[[nodiscard]] bool is_account_name(std::string_view text);

}  // namespace nearcast::control
