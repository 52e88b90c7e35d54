// SPDX-License-Identifier: Apache-2.0

#include "first_start.h"

#include <cerrno>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "base/is_there.h"
#include "base/log.h"
#include "base/read_file.h"
#include "base/secret_file.h"
#include "control/wall_clock.h"

namespace nearcast::control_app {
namespace {

using base::is_there;
using base::Result;
namespace log = base::log;

constexpr const char* kBringBack = "bring it back from its backup, or from the other controller";

std::string sealing_key_path(const ControlConfig& config) {
    return config.signing.key_file.empty() ? config.directory + "/signing.key"
                                           : config.signing.key_file;
}

Result<dnssec::SealingKey> read_sealing_key(const std::string& path) {
    auto text = base::read_file(path);
    if (!text) return std::unexpected(text.error());
    auto key = dnssec::SealingKey::from_text(*text);
    dnssec::wipe(*text);
    return key ? key : base::within(path, key.error());
}

// The same where the database has keys that are to be opened with it: no other will do.
Result<dnssec::SealingKey> read_sealing_key(const std::string& path, control::DatabaseKeys& keys) {
    auto key = read_sealing_key(path);
    if (!key) {
        return base::fail(key.error().message + ", and keys in the database are sealed under it",
                          kBringBack);
    }
    const auto fits = keys.has_sealed_keys(*key);
    if (!fits) return std::unexpected(fits.error());
    if (*fits) return key;
    return base::fail(
        path + " opens none of the keys in the database: they are sealed under another",
        kBringBack);
}

// The key that is there; none: one is to be made.
Result<std::optional<dnssec::SealingKey>> find_sealing_key(const std::string& path,
                                                           control::DatabaseKeys& keys) {
    const auto are_sealed = keys.has_sealed_keys();
    if (!are_sealed) return std::unexpected(are_sealed.error());
    if (is_there(path)) {
        return *are_sealed ? read_sealing_key(path, keys) : read_sealing_key(path);
    }
    if (!*are_sealed) return std::nullopt;
    return base::fail("there is no " + path + ", and keys in the database are sealed under it",
                      kBringBack);
}

}  // namespace

std::optional<base::Error> find_lacking_names(const ControlConfig& config) {
    const std::string own = own_certificate(config).certificate;
    const bool is_own = config.certificate.empty() || config.certificate == own;
    if (!config.has_tls || !is_own || !is_there(own)) return std::nullopt;
    const auto lacking = tls::names_lacking_in(own, config.api_names);
    if (!lacking || lacking->empty()) return std::nullopt;
    std::string names;
    for (const std::string& name : *lacking) names += (names.empty() ? "" : ", ") + name;
    return base::Error{own + " was made at the first start and does not bear " + names,
                       "remove it and api.key beside it, and start again: a new one is made, with "
                       "another pin for those who pinned it"};
}

Result<void> provide_certificate(ControlConfig& config) {
    if (!config.has_tls || !config.certificate.empty()) return {};
    if (const auto lacking = find_lacking_names(config)) {
        log::warning("api_certificate_lacks_names",
                     {{"reason", lacking->message}, {"try", lacking->hint}});
    }
    const tls::SelfSignedFiles own = own_certificate(config);
    config.certificate = own.certificate;
    config.key = own.key;
    const auto is_made = has_own_certificate(config);
    if (!is_made) return std::unexpected(is_made.error());
    if (*is_made) return {};
    std::vector<std::string> names = config.api_names;
    names.insert(names.end(), {"localhost", "127.0.0.1", "::1"});
    const auto fingerprint = tls::make_self_signed(own, names);
    if (!fingerprint) return std::unexpected(fingerprint.error());
    log::info("api_certificate_made", {{"file", config.certificate}, {"sha256", *fingerprint}});
    return {};
}

Result<void> provide_key(const ControlConfig& config, control::ApiKeys& keys) {
    const auto known = keys.list();
    if (!known) return base::fail(known.error().message);
    if (!known->empty()) return {};
    const auto now = control::wall_now();
    const auto text = keys.create("admin", {}, {"first start", ""}, now);
    if (!text) return base::fail(text.error().message);
    const std::string path = config.directory + "/admin.key";
    if (auto done = base::write_secret_file(path, *text + "\n"); !done) return done;
    log::info("api_key_made", {{"file", path}, {"name", "admin"}});
    return {};
}

Result<std::string> make_admin_key(const ControlConfig& config) {
    const auto database = control::Database::open({.connection = config.database});
    if (!database) return std::unexpected(database.error());
    control::ApiKeys keys(**database);
    const auto text = keys.create("admin", {}, {"operator", ""}, control::wall_now());
    if (!text) return base::fail(text.error().message);
    return *text;
}

Result<dnssec::SealingKey> provide_sealing_key(const ControlConfig& config,
                                               control::DatabaseKeys& keys) {
    const std::string path = sealing_key_path(config);
    if (const auto open = find_open_key_file(config)) {
        log::warning("signing_key_file_open", {{"reason", open->message}, {"try", open->hint}});
    }
    const auto found = find_sealing_key(path, keys);
    if (!found) return std::unexpected(found.error());
    if (*found) return **found;
    auto key = dnssec::SealingKey::generate();
    std::string text = key.to_text() + "\n";
    auto written = base::write_secret_file(path, text);
    dnssec::wipe(text);
    if (!written) return std::unexpected(written.error());
    log::info("signing_key_file_made", {{"file", path}, {"next", "keep a copy in a safe place"}});
    return key;
}

std::optional<base::Error> find_open_key_file(const ControlConfig& config) {
    const std::string path = sealing_key_path(config);
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0) return std::nullopt;
    if ((found.st_mode & (S_IRWXO | S_IWGRP)) == 0) return std::nullopt;
    return base::Error{path + " can be read or changed by others than its user",
                       "chmod 600 " + path};
}

Result<void> check_sealing_key(const ControlConfig& config, control::DatabaseKeys* keys) {
    const std::string path = sealing_key_path(config);
    if (keys != nullptr) {
        const auto found = find_sealing_key(path, *keys);
        return found ? Result<void>() : std::unexpected(found.error());
    }
    if (!is_there(path)) return {};
    const auto key = read_sealing_key(path);
    return key ? Result<void>() : base::fail(key.error().message, kBringBack);
}

tls::SelfSignedFiles own_certificate(const ControlConfig& config) {
    return {.certificate = config.directory + "/api.pem", .key = config.directory + "/api.key"};
}

Result<bool> has_own_certificate(const ControlConfig& config) {
    const auto [certificate, key] = own_certificate(config);
    if (is_there(certificate) == is_there(key)) return is_there(key);
    const auto& [found, gone] =
        is_there(key) ? std::pair(key, certificate) : std::pair(certificate, key);
    return base::fail(found + " is there, and " + gone + " is not",
                      "bring it back from its backup; or remove the other too, and start again: "
                      "both are made anew, with another pin for those who pinned it");
}

}  // namespace nearcast::control_app
