// SPDX-License-Identifier: Apache-2.0

// Engines are deprecated in OpenSSL 3 in favour of providers; Debian 12 has the engine alone.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "dnssec/token_key.h"

#include <mutex>

#include <openssl/engine.h>
#include <openssl/ui.h>

#include "dnssec/openssl_types.h"

namespace nearcast::dnssec {
namespace {

constexpr const char* kInstallHint = "apt install libengine-pkcs11-openssl";

// A process has one library of tokens, which libp11 keeps in globals of its own: hence the one
// object here. Opened once and kept to the end of the process: sessions lie behind it.
class TokenEngine {
 public:
    base::Result<ENGINE*> open(const std::string& module);

 private:
    std::mutex mutex_;
    std::string module_;
    ENGINE* engine_ = nullptr;
};

base::Result<ENGINE*> TokenEngine::open(const std::string& module) {
    const std::lock_guard lock(mutex_);
    if (engine_ != nullptr) {
        if (module == module_) return engine_;
        return base::fail(
            "cannot use the token library " + module + ": " + module_ + " is in use already",
            "keep all keys in tokens of one library");
    }
    ENGINE* const engine = ENGINE_by_id("pkcs11");
    if (engine == nullptr) return fail_openssl("cannot load OpenSSL's engine pkcs11", kInstallHint);
    if (ENGINE_ctrl_cmd_string(engine, "MODULE_PATH", module.c_str(), 0) != 1 ||
        // It would write to stderr what it tells by errors too.
        ENGINE_ctrl_cmd_string(engine, "QUIET", nullptr, 0) != 1 || ENGINE_init(engine) != 1) {
        ENGINE_free(engine);
        return fail_openssl("cannot use the token library " + module);
    }
    engine_ = engine;
    module_ = module;
    return engine;
}

TokenEngine& token_engine() {
    static TokenEngine engine;
    return engine;
}

}  // namespace

base::Result<evp_pkey_st*> load_token_key(const std::string& module, const std::string& uri) {
    const auto engine = token_engine().open(module);
    if (!engine) return std::unexpected(engine.error());
    // UI_null() asks nobody: a URI without its PIN fails instead of waiting at a terminal.
    EVP_PKEY* const key =
        ENGINE_load_private_key(*engine, uri.c_str(), const_cast<UI_METHOD*>(UI_null()), nullptr);
    if (key == nullptr) {
        return fail_openssl("cannot find the private key in the token",
                            "pkcs11:token=...;object=...;pin-source=file:/...");
    }
    return key;
}

}  // namespace nearcast::dnssec
