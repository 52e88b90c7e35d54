// SPDX-License-Identifier: Apache-2.0
//
// The section [cookies] of node.toml, or of a file of settings: which secrets, and how strict.
//
// Files with secrets are read again at each reload; the section itself when the server starts.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "shield/cookie_jar.h"

namespace nearcast::shield {

struct CookieConfig {
    bool is_enabled = true;
    CookiePolicy policy;
    std::vector<CookieSecret> secrets;      // At most one of the two is given.
    std::vector<std::string> secret_files;  // Each with one secret a line; # begins a comment.

    // Without a secret of the operator's, one is drawn at start, which no other server knows.
    [[nodiscard]] bool has_secrets() const { return !secrets.empty() || !secret_files.empty(); }
};

// Reads the section alone: whoever reads the rest of the file finds what is wrong there.
[[nodiscard]] base::Result<CookieConfig> read_cookie_config(const std::string& path);

// The same from memory; `path` is only for messages.
[[nodiscard]] base::Result<CookieConfig> parse_cookie_config(std::string_view text,
                                                             const std::string& path);

// The configured secrets as they are now, the files read. `config` has some.
[[nodiscard]] base::Result<CookieSecretSet> load_cookie_secrets(const CookieConfig& config);

// Publishes them. Where none are configured, one is drawn the first time, and stays. When it fails,
// those that were published stay.
[[nodiscard]] base::Result<void> publish_cookie_secrets(const CookieConfig& config,
                                                        CookieSecrets& secrets);

}  // namespace nearcast::shield
