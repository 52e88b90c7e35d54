// SPDX-License-Identifier: Apache-2.0
//
// A small CA of our own: it signs certificates for keys that stay where they were made.
//
// Its key lies in a file that its owner alone can read. Only read once made: any thread.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "tls/peer.h"
#include "tls/self_signed.h"

namespace nearcast::tls {

class Authority {
 public:
    struct Issued {
        std::string certificate;  // PEM.
        SpkiPin pin{};            // Of its key.
    };

    // The one in these files, in PEM; when neither is there it is made.
    [[nodiscard]] static base::Result<Authority> open(const SelfSignedFiles& files,
                                                      const std::string& common_name);
    Authority(Authority&&) noexcept;
    Authority& operator=(Authority&&) noexcept;
    ~Authority();

    // A certificate for whoever has the private key of `public_key`, in PEM. Refuses what is no key
    // that TLS can be spoken with. `names` are host names and addresses, at least one.
    [[nodiscard]] base::Result<Issued> issue(const std::string& public_key,
                                             const std::vector<std::string>& names) const;

    // Its own certificate, PEM.
    [[nodiscard]] const std::string& certificate() const;

 private:
    struct State;

    explicit Authority(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

struct KeyPair {
    std::string private_key;  // PEM, like the other.
    std::string public_key;
};

// ECDSA P-256.
[[nodiscard]] base::Result<KeyPair> make_key_pair();

// Of the first certificate in a PEM file.
[[nodiscard]] base::Result<SpkiPin> pin_of_file(const std::string& path);

}  // namespace nearcast::tls
