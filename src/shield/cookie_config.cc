// SPDX-License-Identifier: Apache-2.0

#include "shield/cookie_config.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <fstream>
#include <utility>

#include "base/config_file.h"

namespace nearcast::shield {
namespace {

using base::ConfigFile;
using base::ConfigTable;
using base::Result;

struct Word {
    std::string_view word;
    CookieDemand demand;
};
constexpr std::array kDemands = {Word{"never", CookieDemand::Never},
                                 Word{"under_attack", CookieDemand::UnderAttack},
                                 Word{"always", CookieDemand::Always}};

Result<CookieDemand> parse_demand(std::string_view text) {
    const auto found = std::ranges::find(kDemands, text, &Word::word);
    if (found != kDemands.end()) return found->demand;
    return base::fail("found \"" + std::string(text) + '"',
                      "\"never\", \"under_attack\" or \"always\"");
}

Result<CookieConfig> read_section(ConfigFile file) {
    constexpr std::string_view kSecretExample = R"(["what openssl rand -hex 16 printed"])";
    CookieConfig config;
    ConfigTable root = file.root();
    ConfigTable table = root.table("cookies");
    table.read("enabled", config.is_enabled, "true");
    table.read_as("require", config.policy.demand, parse_demand, "\"under_attack\"");
    uint64_t rate = config.policy.attack_rate;
    table.read_number("attack_rate", rate, {1, UINT32_MAX}, "50000");
    config.policy.attack_rate = static_cast<uint32_t>(rate);
    table.read_list_as("secrets", config.secrets, parse_cookie_secret, kSecretExample);
    table.read("secret_files", config.secret_files, R"(["/etc/nearcast/cookie.secrets"])");
    if (table.has("secrets") && table.has("secret_files")) {
        table.refuse("secrets", "and secret_files are both there", "keep one of the two");
    }
    if (config.secrets.size() > kCookieSecretsMax) {
        table.refuse("secrets", "has more than " + std::to_string(kCookieSecretsMax),
                     "the one in use, and the one to come or the one that was");
    }
    root.leave_rest();
    if (auto done = file.finish(); !done) return std::unexpected(done.error());
    return config;
}

Result<void> append(const CookieSecret& secret, CookieSecretSet& set) {
    if (set.count == kCookieSecretsMax) {
        return base::fail("more than " + std::to_string(kCookieSecretsMax) + " cookie secrets",
                          "keep the one in use, and the one to come or the one that was");
    }
    set.secrets[set.count++] = secret;
    return {};
}

std::string_view trimmed(std::string_view line) {
    line = line.substr(0, line.find('#'));
    const size_t first = line.find_first_not_of(" \t\r");
    if (first == line.npos) return {};
    return line.substr(first, line.find_last_not_of(" \t\r") + 1 - first);
}

Result<void> append_file(const std::string& path, CookieSecretSet& set) {
    std::ifstream file(path);
    if (!file) return base::fail_errno("cannot read " + path, errno);
    std::string line;
    size_t number = 0;
    while (std::getline(file, line)) {
        ++number;
        const std::string_view text = trimmed(line);
        if (text.empty()) continue;
        const Result<CookieSecret> secret = parse_cookie_secret(text);
        const Result<void> done = secret ? append(*secret, set) : std::unexpected(secret.error());
        if (!done) return base::within(path + ":" + std::to_string(number), done.error());
    }
    // A directory opens, but does not read.
    if (file.bad()) return base::fail_errno("cannot read " + path, errno);
    return {};
}

}  // namespace

Result<CookieConfig> read_cookie_config(const std::string& path) {
    auto file = ConfigFile::read(path);
    if (!file) return std::unexpected(file.error());
    return read_section(*std::move(file));
}

Result<CookieConfig> parse_cookie_config(std::string_view text, const std::string& path) {
    auto file = ConfigFile::parse(text, path);
    if (!file) return std::unexpected(file.error());
    return read_section(*std::move(file));
}

Result<CookieSecretSet> load_cookie_secrets(const CookieConfig& config) {
    assert(config.has_secrets());
    CookieSecretSet set;
    for (const CookieSecret& secret : config.secrets) {
        if (const auto done = append(secret, set); !done) return std::unexpected(done.error());
    }
    for (const std::string& path : config.secret_files) {
        if (const auto done = append_file(path, set); !done) {
            return base::within("cookies.secret_files", done.error());
        }
    }
    if (set.count > 0) return set;
    return base::fail("no cookie secret in " + config.secret_files.front(),
                      "openssl rand -hex 16 > " + config.secret_files.front());
}

Result<void> publish_cookie_secrets(const CookieConfig& config, CookieSecrets& secrets) {
    if (config.has_secrets()) {
        const Result<CookieSecretSet> set = load_cookie_secrets(config);
        if (!set) return std::unexpected(set.error());
        secrets.publish(*set);
        return {};
    }
    if (secrets.version() > 0) return {};
    const Result<CookieSecret> drawn = draw_cookie_secret();
    if (!drawn) return std::unexpected(drawn.error());
    secrets.publish({.secrets = {*drawn}, .count = 1});
    return {};
}

}  // namespace nearcast::shield
