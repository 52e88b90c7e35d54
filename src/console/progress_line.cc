// SPDX-License-Identifier: Apache-2.0

#include "console/progress_line.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "console/table.h"

namespace nearcast::console {
namespace {

constexpr size_t kBarWidthMax = 40;
constexpr size_t kBarWidthMin = 5;
// Before that an estimate says more of the start than of the rest.
constexpr std::chrono::milliseconds kEstimateFrom{1'000};

std::string rest_of(const Progress& progress) {
    if (progress.done == 0 || progress.taken < kEstimateFrom || progress.done >= progress.total) {
        return {};
    }
    const auto rest = progress.taken * (progress.total - progress.done) / progress.done;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(rest).count();
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), ", %lld:%02lld left",
                  static_cast<long long>(seconds / 60), static_cast<long long>(seconds % 60));
    return text.data();
}

}  // namespace

std::string progress_line(const Progress& progress, const std::string& what, size_t width) {
    std::string text = std::to_string(progress.done) + " of " + counted(progress.total, what);
    if (progress.failed > 0) text += ", " + std::to_string(progress.failed) + " failed";
    text += rest_of(progress);
    const size_t taken = width_of(text) + 3;  // Two brackets and a space.
    if (width < taken + kBarWidthMin) return cut(text, width);
    const size_t bar = std::min(width - taken, kBarWidthMax);
    const size_t full = progress.total == 0 ? bar : bar * progress.done / progress.total;
    return '[' + std::string(full, '#') + std::string(bar - full, '.') + "] " + text;
}

}  // namespace nearcast::console
