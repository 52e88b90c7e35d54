// SPDX-License-Identifier: Apache-2.0

#include "authority/certificate.h"

#include "base/log.h"

namespace nearcast::authority {

namespace log = base::log;

std::string CertificateTrouble::consequence() const {
    return is_used ? "it is used all the same, and who checks it does not connect"
                   : "the last good one goes on";
}

base::Result<void> load_certificate(tls::ReloadableContext& tls, std::chrono::seconds now) {
    if (const auto read = tls.refresh(now); !read) return std::unexpected(read.error());
    (void)judge_certificate(*tls.current(), now);
    return {};
}

std::optional<CertificateTrouble> reload_certificate(tls::ReloadableContext& tls,
                                                     std::chrono::seconds now) {
    const base::Result<bool> changed = tls.refresh(now);
    if (!changed) {
        const CertificateTrouble trouble{.error = changed.error()};
        log::error("certificate_failed", {{"reason", trouble.error.message},
                                          {"try", trouble.error.hint},
                                          {"next", trouble.consequence()}});
        return trouble;
    }
    if (*changed) {
        log::info("certificate_loaded", {{"file", tls.settings().certificate},
                                         {"expires", std::to_string(tls.current()->expires_at())}});
    }
    return judge_certificate(*tls.current(), now);
}

std::optional<CertificateTrouble> judge_certificate(const tls::TlsContext& context,
                                                    std::chrono::seconds now) {
    const auto error = context.untimely(now);
    if (!error) return std::nullopt;
    const CertificateTrouble trouble{.error = *error, .is_used = true};
    log::error("certificate_untimely", {{"reason", trouble.error.message},
                                        {"try", trouble.error.hint},
                                        {"next", trouble.consequence()}});
    return trouble;
}

}  // namespace nearcast::authority
