// SPDX-License-Identifier: Apache-2.0

#include "first_start.h"

#include <cerrno>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "control/wall_clock.h"
#include "tls/self_signed.h"

namespace nearcast::control_app {
namespace {

using base::Result;
namespace log = base::log;

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

Result<void> write_secret(const std::string& path, const std::string& text) {
    const std::string made = path + ".new";
    {
        const base::Fd file(
            ::open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
        if (!file) return base::fail_errno("cannot make " + made, errno);
        const auto size = static_cast<ssize_t>(text.size());
        if (::write(file.get(), text.data(), text.size()) != size || ::fsync(file.get()) != 0) {
            return base::fail_errno("cannot write " + made, errno);
        }
    }
    if (::rename(made.c_str(), path.c_str()) != 0) {
        return base::fail_errno("cannot rename " + made, errno);
    }
    return {};
}

Result<void> provide_certificate(ControlConfig& config) {
    if (!config.has_tls || !config.certificate.empty()) return {};
    config.certificate = config.directory + "/api.pem";
    config.key = config.directory + "/api.key";
    if (is_there(config.certificate) && is_there(config.key)) return {};
    std::vector<std::string> names = config.api_names;
    names.insert(names.end(), {"localhost", "127.0.0.1", "::1"});
    const auto fingerprint = tls::make_self_signed({config.certificate, config.key}, names);
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
    if (auto done = write_secret(path, *text + "\n"); !done) return done;
    log::info("api_key_made", {{"file", path}, {"name", "admin"}});
    return {};
}

}  // namespace nearcast::control_app
