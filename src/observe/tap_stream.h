// SPDX-License-Identifier: Apache-2.0
//
// A Frame Streams connection to a reader of dnstap, or a file in the same form: the one place that
// names the library.
//
// Waits for the reader, but never longer than a limit, and not at all once it is told to end.

#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "observe/tap_config.h"

namespace nearcast::observe {

class TapStream {
 public:
    // Connects and greets, or creates the file. `is_ending` outlives the stream. Used by one
    // thread.
    [[nodiscard]] static base::Result<std::unique_ptr<TapStream>> open(
        const TapConfig& config, const std::atomic<bool>& is_ending);
    TapStream(const TapStream&) = delete;
    TapStream& operator=(const TapStream&) = delete;
    // Says good-bye, as long as the reader listens.
    ~TapStream();

    // False when the reader has gone, or takes nothing: the stream is then of no more use.
    [[nodiscard]] bool write(std::span<const uint8_t> frame);

 private:
    struct Library;

    explicit TapStream(std::unique_ptr<Library> library);

    std::unique_ptr<Library> library_;
};

}  // namespace nearcast::observe
