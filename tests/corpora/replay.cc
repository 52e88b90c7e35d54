// SPDX-License-Identifier: Apache-2.0

// Replays a fuzzer's corpus without libFuzzer: every file of every folder named on the command line
// goes once through the target, which aborts if its property does not hold.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

size_t replay_folder(const std::filesystem::path& folder) {
    size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        std::ifstream file(entry.path(), std::ios::binary);
        const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
        const std::vector<uint8_t> input(bytes.begin(), bytes.end());
        LLVMFuzzerTestOneInput(input.data(), input.size());
        ++count;
    }
    return count;
}

}  // namespace

int main(int argc, char** argv) {
    size_t count = 0;
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]).starts_with('-')) continue;  // An option of libFuzzer's.
        count += replay_folder(argv[i]);
    }
    std::printf("%zu inputs replayed\n", count);
    return count > 0 ? 0 : 1;  // An empty corpus would test nothing.
}
