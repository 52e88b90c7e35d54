// SPDX-License-Identifier: Apache-2.0

#include "lab/watch.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <sstream>

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab/files.h"
#include "lab/lab_state.h"
#include "lab/prober.h"
#include "lab/status.h"
#include "lab/table.h"

#include <nlohmann/json.hpp>

namespace nearcast::lab {

namespace {

using base::Result;
using namespace std::chrono_literals;

// Longer than the way round the world and back, so that a late answer is not taken for a lost one.
constexpr auto kRound = 330ms;
constexpr int kRoundsOfAFrame = 3;
constexpr size_t kEventsShown = 5;
constexpr size_t kRowsAround = 10;  // Headings, spaces and events around the two lists.

constexpr const char* kBold = "\x1b[1m";
constexpr const char* kDim = "\x1b[2m";
constexpr const char* kRed = "\x1b[31m";
constexpr const char* kGreen = "\x1b[32m";
constexpr const char* kYellow = "\x1b[33m";
constexpr const char* kPlain = "\x1b[0m";

std::string padded(const std::string& text, size_t width) {
    const size_t used = width_of(text);
    return used < width ? text + std::string(width - used, ' ') : text + ' ';
}

const char* colour_of(std::string_view state) {
    if (state == "announced") return kGreen;
    return state == "drained" || state == "last resort" ? kYellow : kRed;
}

std::string pop_line(const Plan& plan, const WatchView& view, const PopState& state) {
    size_t cities = 0;
    for (const auto& [city, glances] : view.glances) {
        cities += !glances.empty() && glances.back().pop == state.pop ? 1U : 0U;
    }
    std::string bar;
    for (size_t i = 0; i < cities; ++i) bar += "█";
    const Router& pop = plan.router(state.pop);
    return "  " + padded(pop.name, 13) + padded(pop.city, 22) + colour_of(state.word()) +
           padded(std::string(state.word()), 13) + kPlain + bar + ' ' + std::to_string(cities) +
           '\n';
}

std::string city_line(const Plan& plan, size_t city, const std::deque<Glance>& glances) {
    std::string dots;
    std::optional<size_t> last;
    for (const Glance& glance : glances) {
        const bool has_moved = last && glance.pop && glance.pop != last;
        if (!glance.pop) {
            dots += std::string(kRed) + "×" + kPlain;
        } else if (has_moved) {
            dots += std::string(kYellow) + "→" + kPlain;
        } else {
            dots += "·";
        }
        if (glance.pop) last = glance.pop;
    }
    const bool is_answered = !glances.empty() && glances.back().pop.has_value();
    const std::string who =
        is_answered ? plan.router(*glances.back().pop).name : std::string("nobody");
    const std::string time = is_answered ? milliseconds(glances.back().rtt_ms) : "-";
    return "  " + padded(plan.router(city).city, 20) + (is_answered ? "" : kRed) + padded(who, 13) +
           kPlain + padded(time, 11) + dots + '\n';
}

std::string clock_text() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    std::array<char, 16> text{};
    std::strftime(text.data(), text.size(), "%H:%M:%S", &local);
    return text.data();
}

std::vector<std::string> last_events() {
    std::istringstream lines(read_text(paths::kEvents).value_or(""));
    std::vector<std::string> events;
    for (std::string line; std::getline(lines, line);) events.push_back(line);
    if (events.size() > kEventsShown) events.erase(events.begin(), events.end() - kEventsShown);
    return events;
}

// Looks at the lab all the time and keeps what a frame shows.
class Watcher {
 public:
    static Result<Watcher> open(const Plan& plan) {
        auto prober = Prober::open(plan, dns_address(plan.service, false));
        if (!prober) return std::unexpected(prober.error());
        return Watcher(plan, *std::move(prober));
    }

    // Asks every city once, and takes a while.
    void look() {
        prober_.forget();
        prober_.ask_all();
        prober_.listen(base::now() + kRound, false);
        for (const Probe& probe : prober_.probes()) {
            auto& glances = view_.glances[probe.city];
            glances.push_back(probe.answered ? Glance{probe.pop, probe.rtt_ms()} : Glance{});
            if (glances.size() > kGlancesMax) glances.pop_front();
        }
    }

    const WatchView& view() {
        view_.pops = inspect_pops(plan_);
        view_.events = last_events();
        view_.clock = clock_text();
        return view_;
    }

 private:
    Watcher(const Plan& plan, Prober prober) : plan_(plan), prober_(std::move(prober)) {
        view_.cities = prober_.cities();
    }

    const Plan& plan_;
    Prober prober_;
    WatchView view_;
};

// While it lives keys come at once and unseen, and the screen that was there is kept.
class Screen {
 public:
    Screen() {
        ::tcgetattr(STDIN_FILENO, &before_);
        termios raw = before_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
        ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
        std::fputs("\x1b[?1049h\x1b[?25l", stdout);
    }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen() {
        std::fputs("\x1b[?25h\x1b[?1049l", stdout);
        std::fflush(stdout);
        ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }

    [[nodiscard]] static size_t rows() {
        winsize size{};
        const bool is_known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
        return is_known ? size.ws_row : 24;
    }

    // Each line clears what stood behind it; nothing flickers.
    static void show(const std::string& text) {
        std::string out = "\x1b[H";
        for (const char byte : text) {
            if (byte == '\n') out += "\x1b[K\r";
            out += byte;
        }
        out += "\x1b[J";
        std::fputs(out.c_str(), stdout);
        std::fflush(stdout);
    }

    [[nodiscard]] static bool wants_to_quit() {
        constexpr char kControlC = 3;
        pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
        char key = 0;
        while (::poll(&input, 1, 0) == 1) {
            if (::read(STDIN_FILENO, &key, 1) != 1) return true;
            if (key == 'q' || key == kControlC) return true;
        }
        return false;
    }

 private:
    termios before_{};
};

}  // namespace

std::string frame(const Plan& plan, const WatchView& view, size_t rows) {
    std::string text = std::string(kBold) + " Nearcast lab" + kPlain + "   " + view.clock + "   " +
                       kDim + "each city asks three times a second   q quits" + kPlain + "\n\n" +
                       kDim + "  " + padded("PoP", 13) + padded("city", 22) + padded("state", 13) +
                       "cities it answers" + kPlain + '\n';
    const size_t room = rows > kRowsAround + 2 ? rows - kRowsAround : 2;
    const size_t pops = std::min(view.pops.size(), std::max<size_t>(1, room / 2));
    for (size_t i = 0; i < pops; ++i) text += pop_line(plan, view, view.pops[i]);
    text += std::string("\n") + kDim + "  " + padded("city", 20) + padded("answered by", 13) +
            padded("in", 11) + "· answered  → moved  × lost" + kPlain + '\n';
    const size_t cities = std::min(view.cities.size(), room - std::min(room, pops));
    for (size_t i = 0; i < cities; ++i) {
        const auto glances = view.glances.find(view.cities[i]);
        if (glances != view.glances.end()) {
            text += city_line(plan, view.cities[i], glances->second);
        }
    }
    if (cities < view.cities.size()) {
        text += "  … and " + std::to_string(view.cities.size() - cities) + " more cities\n";
    }
    text += '\n';
    for (const std::string& event : view.events) text += std::string("  ") + event + '\n';
    return text;
}

Result<void> watch(const Plan& plan) {
    if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) {
        return base::fail("watch draws on a terminal, and this is none",
                          "nearcast lab watch --json");
    }
    auto watcher = Watcher::open(plan);
    if (!watcher) return std::unexpected(watcher.error());
    const Screen screen;
    for (int round = 0; !Screen::wants_to_quit(); ++round) {
        if (round % kRoundsOfAFrame == 0) {
            Screen::show(frame(plan, watcher->view(), Screen::rows()));
        }
        watcher->look();
    }
    return {};
}

Result<void> watch_as_json(const Plan& plan) {
    auto watcher = Watcher::open(plan);
    if (!watcher) return std::unexpected(watcher.error());
    while (std::ferror(stdout) == 0) {
        for (int i = 0; i < kRoundsOfAFrame; ++i) watcher->look();
        const WatchView& view = watcher->view();
        nlohmann::json pops = nlohmann::json::object();
        for (const PopState& pop : view.pops) pops[plan.router(pop.pop).name] = pop.word();
        nlohmann::json cities = nlohmann::json::object();
        for (const auto& [city, glances] : view.glances) {
            const auto& pop = glances.back().pop;
            cities[plan.router(city).name] =
                pop ? nlohmann::json(plan.router(*pop).name) : nlohmann::json(nullptr);
        }
        std::puts(nlohmann::json({{"time", view.clock}, {"pops", pops}, {"cities", cities}})
                      .dump()
                      .c_str());
        std::fflush(stdout);
    }
    return {};
}

}  // namespace nearcast::lab
