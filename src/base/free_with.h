// SPDX-License-Identifier: Apache-2.0
//
// Ownership of what a C library allocates: std::unique_ptr<BIO, base::FreeWith<BIO_free_all>>.

#pragma once

namespace nearcast::base {

// `kFree` is the library's function; what it returns is dropped.
template <auto kFree>
struct FreeWith {
    template <typename T>
    void operator()(T* object) const {
        static_cast<void>(kFree(object));
    }
};

}  // namespace nearcast::base
