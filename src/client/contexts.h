// SPDX-License-Identifier: Apache-2.0
//
// The networks that an operator works with, each under a name, and which one is meant.
//
// They are kept in one file of their own, nearcast/contexts.toml, which has keys in it: nobody else
// may read it.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "client/target.h"

namespace nearcast::client {

struct Context {
    std::string name;
    Target target;
};

class Contexts {
 public:
    // A file that is not there has none. Fails when others may read it.
    [[nodiscard]] static base::Result<Contexts> read(const std::string& path);
    // Makes its folder too.
    [[nodiscard]] base::Result<void> write(const std::string& path) const;

    [[nodiscard]] const std::vector<Context>& all() const { return all_; }
    // The one that is used when nothing else is said; empty: none.
    [[nodiscard]] const std::string& current() const { return current_; }
    [[nodiscard]] base::Result<Context> find(const std::string& name) const;

    // The first one that is added is current. Fails when the name is taken or odd, or the target
    // cannot be used.
    [[nodiscard]] base::Result<void> add(Context context);
    [[nodiscard]] base::Result<void> remove(const std::string& name);
    [[nodiscard]] base::Result<void> use(const std::string& name);

 private:
    std::vector<Context> all_;  // As they were added.
    std::string current_;
};

// Of two variables of the environment, which may be null.
[[nodiscard]] std::string contexts_path(const char* xdg_config_home, const char* home);

struct Wish {
    std::string contexts_file;
    std::string name;  // --context, or else $NEARCAST_CONTEXT; empty: the current one.
    // Where a controller on this machine keeps its first key and its certificate.
    std::string controller_directory = "/var/lib/nearcast-control";
    // Of the lab that is up on this machine, if one is: root's, and gone with it.
    std::string lab_file = "/run/nearcast/lab/nearcast/contexts.toml";
};

// What the controller on this machine is called, which needs no context.
inline constexpr const char* kThisMachine = "this machine";

// The context of that name, else the current one, else the controller on this machine if its key
// can be read, else the lab's. One of the lab can be named too.
[[nodiscard]] base::Result<Context> choose_context(const Wish& wish);

}  // namespace nearcast::client
