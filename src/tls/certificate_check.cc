// SPDX-License-Identifier: Apache-2.0

#include "tls/certificate_check.h"

#include <chrono>
#include <utility>

#include "base/clock.h"

namespace nearcast::tls {

base::Result<void> check_certificate(const ServerSettings& settings,
                                     std::vector<base::Error>& doubts) {
    const auto context = TlsContext::for_server(settings);
    if (!context) return std::unexpected(context.error());
    const auto now = std::chrono::floor<std::chrono::seconds>(base::unix_now());
    if (auto trouble = context->untimely(now)) doubts.push_back(*std::move(trouble));
    return {};
}

void check_profiles(std::span<const ClientSettings> profiles, std::vector<base::Error>& doubts) {
    for (const ClientSettings& profile : profiles) {
        const auto context = TlsContext::for_client(profile);
        if (!context) doubts.push_back(context.error());
    }
}

}  // namespace nearcast::tls
