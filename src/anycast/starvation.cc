// SPDX-License-Identifier: Apache-2.0

#include "anycast/starvation.h"

#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"

namespace nearcast::anycast {
namespace {

// Longer than the line ever is: 52 numbers, and a name of 15 bytes.
constexpr size_t kLineMax = 2048;

}  // namespace

std::optional<ThreadState> look_at_thread(pid_t process, pid_t thread) {
    const std::string path =
        "/proc/" + std::to_string(process) + "/task/" + std::to_string(thread) + "/stat";
    const base::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, kLineMax> line;
    const ssize_t size = file ? read(file.get(), line.data(), line.size() - 1) : -1;
    if (size <= 0) return std::nullopt;
    line[static_cast<size_t>(size)] = 0;

    // The name is in parentheses and may hold some itself: what follows begins behind the last one.
    const std::string_view text(line.data(), static_cast<size_t>(size));
    const size_t name_end = text.rfind(')');
    if (name_end == std::string_view::npos) return std::nullopt;
    char state = 0;
    unsigned long user = 0;
    unsigned long system = 0;
    // Field 3 is the state, 14 and 15 are the times.
    const int found =
        std::sscanf(line.data() + name_end + 1,
                    " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &state, &user, &system);
    if (found != 3) return std::nullopt;
    static const long ticks_per_second = sysconf(_SC_CLK_TCK);
    const auto milliseconds = (user + system) * 1000 / static_cast<unsigned long>(ticks_per_second);
    return ThreadState{state == 'R', std::chrono::milliseconds(milliseconds)};
}

bool StarvationMeter::is_starved(pid_t process, pid_t thread) {
    const auto state = look_at_thread(process, thread);
    if (!state) return false;
    const bool has_seen_it = std::exchange(thread_, thread) == thread;
    const auto before = std::exchange(cpu_time_, state->cpu_time);
    return has_seen_it && state->is_runnable && state->cpu_time == before;
}

}  // namespace nearcast::anycast
