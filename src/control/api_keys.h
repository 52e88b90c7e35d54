// SPDX-License-Identifier: Apache-2.0
//
// Keys of programs that use the API: shown once, kept as digests.
//
// A key is 256 bits that nobody can guess, so a digest is enough to keep it from those who read the
// database. Any thread.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/change_error.h"
#include "control/database.h"
#include "control/key_scope.h"
#include "control/model.h"

namespace nearcast::control {

struct ApiKey {
    int64_t id = 0;
    std::string name;
    KeyScope scope;
    Timestamp created_at{};
};

class ApiKeys {
 public:
    // `database` outlives it.
    explicit ApiKeys(Database& database) : database_(database) {}

    // The text of a new key, which is not kept.
    [[nodiscard]] Outcome<std::string> create(const std::string& name, const KeyScope& scope,
                                              const Actor& actor, Timestamp now);
    [[nodiscard]] Outcome<std::vector<ApiKey>> list();
    // From then on it is nobody's. NotFound when there is none of that number.
    [[nodiscard]] Outcome<void> remove(int64_t id, const Actor& actor, Timestamp now);

    // Those whose scopes are such, as a part of something else that the audit log tells.
    [[nodiscard]] Outcome<void> remove_all(const std::function<bool(const KeyScope&)>& is_such);
    // The sessions of a person but the one of that number, in the transaction of `session`.
    [[nodiscard]] static base::Result<void> end_sessions(Session& session,
                                                         const std::string& person, int64_t but);

    // Puts into the audit log that somebody came with a key that is none.
    [[nodiscard]] Outcome<void> note_refusal(const Actor& actor, Timestamp now);

    // Whose key that is; nothing when it is nobody's.
    [[nodiscard]] Outcome<std::optional<ApiKey>> find(std::string_view text);

 private:
    Database& database_;
};

}  // namespace nearcast::control
