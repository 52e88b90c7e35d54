// SPDX-License-Identifier: Apache-2.0

#include "control/password.h"

#include <array>
#include <cstdint>
#include <semaphore>

#include <argon2.h>
#include <unistd.h>

namespace nearcast::control {
namespace {

// The second choice of RFC 9106 §4.
constexpr uint32_t kPasses = 3;
constexpr uint32_t kMemoryKib = 64 * 1024;
constexpr uint32_t kLanes = 1;
constexpr size_t kSaltSize = 16;
constexpr size_t kHashSize = 32;
constexpr size_t kTextSizeMax = 256;

std::counting_semaphore<kPasswordChecksAtOnceMax>& turns() {
    static std::counting_semaphore<kPasswordChecksAtOnceMax> turns(kPasswordChecksAtOnceMax);
    return turns;
}

class Turn {
 public:
    Turn() { turns().acquire(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { turns().release(); }
};

}  // namespace

std::optional<std::string> hash_password(std::string_view password) {
    std::array<uint8_t, kSaltSize> salt{};
    if (::getentropy(salt.data(), salt.size()) != 0) return std::nullopt;
    std::array<char, kTextSizeMax> text{};
    const Turn turn;
    const int failed =
        argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, password.data(), password.size(),
                              salt.data(), salt.size(), kHashSize, text.data(), text.size());
    return failed == ARGON2_OK ? std::optional(std::string(text.data())) : std::nullopt;
}

bool is_password(const std::string& hash, std::string_view password) {
    if (password.size() > kPasswordSizeMax) return false;
    if (hash.empty()) {
        (void)hash_password(password);
        return false;
    }
    const Turn turn;
    return argon2id_verify(hash.c_str(), password.data(), password.size()) == ARGON2_OK;
}

}  // namespace nearcast::control
