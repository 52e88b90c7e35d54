// SPDX-License-Identifier: Apache-2.0
//
// Work over a range, shared by some threads in pieces.

#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace nearcast::signing {

// Names in a piece: some milliseconds of signing, so that threads end together, and few enough
// pieces that a zone of a million names has some hundred.
constexpr size_t kPieceSize = 2048;

[[nodiscard]] inline size_t piece_count(size_t count) {
    return (count + kPieceSize - 1) / kPieceSize;
}

// Calls work(state, piece, begin, end) for each piece of 0..count. Each thread makes a state of its
// own by make(); pieces come in any order, each once. Returns when all are done.
template <typename Make, typename Work>
void for_pieces(size_t count, unsigned thread_count, const Make& make, const Work& work) {
    const size_t pieces = piece_count(count);
    std::atomic<size_t> next = 0;
    const auto run = [&] {
        auto state = make();
        for (size_t piece = next++; piece < pieces; piece = next++) {
            work(state, piece, piece * kPieceSize, std::min(count, (piece + 1) * kPieceSize));
        }
    };
    std::vector<std::jthread> others;
    const size_t threads =
        std::min<size_t>(std::max(1U, thread_count), std::max<size_t>(pieces, 1));
    for (size_t i = 1; i < threads; ++i) others.emplace_back(run);
    run();
}

}  // namespace nearcast::signing
