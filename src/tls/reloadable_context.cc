// SPDX-License-Identifier: Apache-2.0

#include "tls/reloadable_context.h"

#include <array>
#include <iterator>
#include <utility>

#include "base/read_file.h"
#include "tls/openssl.h"

namespace nearcast::tls {
namespace {

using Digest = std::array<uint8_t, 32>;

// A file that cannot be read counts as an empty one: making the context tells what is wrong.
Digest digest_of(const ServerSettings& settings) {
    const std::unique_ptr<EVP_MD_CTX, base::FreeWith<EVP_MD_CTX_free>> hash(EVP_MD_CTX_new());
    EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr);
    for (const std::string& path : {settings.certificate, settings.key, settings.client_ca}) {
        std::string text = base::read_file(path).value_or("");
        EVP_DigestUpdate(hash.get(), text.data(), text.size());
        EVP_DigestUpdate(hash.get(), "", 1);  // An end, so that nothing moves between the files.
        OPENSSL_cleanse(text.data(), text.size());
    }
    Digest digest{};
    EVP_DigestFinal_ex(hash.get(), digest.data(), nullptr);
    return digest;
}

}  // namespace

base::Result<bool> ReloadableContext::refresh(std::chrono::seconds now) {
    // First the digest: a file that changes in between is seen the next time.
    const Digest digest = digest_of(settings_);
    const auto present = current();
    if (present && digest == digest_) return false;
    auto context = TlsContext::for_server(settings_);
    if (!context) return std::unexpected(context.error());
    // Better an untimely one than none: not everybody checks.
    if (auto trouble = context->untimely(now); trouble && present && !present->untimely(now)) {
        return std::unexpected(*std::move(trouble));
    }
    auto next = std::make_shared<const TlsContext>(*std::move(context));
    digest_ = digest;
    const std::lock_guard lock(mutex_);
    current_.swap(next);
    return true;
}

std::shared_ptr<const TlsContext> ReloadableContext::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

}  // namespace nearcast::tls
