// SPDX-License-Identifier: Apache-2.0

#include "start_check.h"

#include <filesystem>
#include <string_view>

#include "base/is_there.h"
#include "base/writable.h"
#include "control/database.h"
#include "control/database_keys.h"
#include "first_start.h"
#include "tls/certificate_check.h"

namespace nearcast::control_app {
namespace {

namespace fs = std::filesystem;
using base::is_there;
using base::Result;
using Doubts = std::vector<base::Error>;

// What is not there the first start makes.
Result<void> check_api_certificate(const ControlConfig& config, Doubts& doubts) {
    if (!config.certificate.empty()) {
        return tls::check_certificate({.certificate = config.certificate, .key = config.key},
                                      doubts);
    }
    const auto is_made = has_own_certificate(config);
    if (!is_made) return std::unexpected(is_made.error());
    if (!*is_made) return {};
    const tls::SelfSignedFiles made = own_certificate(config);
    return tls::check_certificate({.certificate = made.certificate, .key = made.key}, doubts);
}

// A start makes it anew where a part is missing.
Result<void> check_primary_certificate(const std::string& base, Doubts& doubts) {
    const tls::ServerSettings made{.certificate = base + ".pem", .key = base + ".key"};
    if (!is_there(made.certificate) || !is_there(made.key)) return {};
    return tls::check_certificate(made, doubts);
}

Result<void> check_certificates(const ControlConfig& config, Doubts& doubts) {
    Result<void> done;
    if (auto lacking = find_lacking_names(config)) doubts.push_back(*std::move(lacking));
    if (config.has_tls) done = check_api_certificate(config, doubts);
    if (done && config.transfers.tls.has_server()) {
        done = tls::check_certificate(config.transfers.tls.server, doubts);
    }
    if (done && !config.network.url.empty()) {
        done = check_primary_certificate(config.directory + "/primary", doubts);
    }
    tls::check_profiles(config.transfers.tls.profiles, doubts);
    return done;
}

Result<void> check_folders(const ControlConfig& config) {
    const std::string zones =
        config.store.directory.empty() ? config.directory + "/zones" : config.store.directory;
    for (const std::string& folder : {config.directory, zones, config.directory + "/incoming"}) {
        if (auto done = base::check_writable(folder); !done) return done;
    }
    return {};
}

bool lies_in(std::string_view connection, const std::string& folder) {
    constexpr std::string_view kSqlite = "sqlite:";
    if (!connection.starts_with(kSqlite)) return false;
    const fs::path file = connection.substr(kSqlite.size());
    return base::plain_folder(file.parent_path()) == base::plain_folder(folder);
}

// The folder of the controller is made by its start, and with it the database there.
Result<void> check_database(const ControlConfig& config) {
    if (lies_in(config.database, config.directory) && !is_there(config.directory)) {
        return check_sealing_key(config, nullptr);
    }
    const auto database = control::Database::inspect(config.database);
    if (!database) return std::unexpected(database.error());
    if (*database == nullptr) return check_sealing_key(config, nullptr);
    control::DatabaseKeys keys(**database);
    return check_sealing_key(config, &keys);
}

}  // namespace

Result<Doubts> check_start(const ControlConfig& config) {
    Doubts doubts;
    Result<void> done = check_token(config.signing);
    if (done) done = check_folders(config);
    if (done) done = check_certificates(config, doubts);
    if (done) done = check_database(config);
    if (auto open = find_open_key_file(config)) doubts.push_back(*std::move(open));
    if (!done) return std::unexpected(done.error());
    return doubts;
}

}  // namespace nearcast::control_app
