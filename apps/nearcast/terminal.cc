// SPDX-License-Identifier: Apache-2.0

#include "terminal.h"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace nearcast {

Terminal terminal_of(int fd) {
    Terminal terminal;
    terminal.is_one = ::isatty(fd) == 1;
    if (!terminal.is_one) return terminal;
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0) terminal.width = size.ws_col;
    const char* const no_colour = std::getenv("NO_COLOR");
    const char* const kind = std::getenv("TERM");
    terminal.has_colours = (no_colour == nullptr || *no_colour == '\0') && kind != nullptr &&
                           std::string_view(kind) != "dumb";
    return terminal;
}

std::optional<std::string> ask_person(const std::string& question) {
    std::fflush(stdout);
    std::cerr << question << ' ' << std::flush;
    std::string line;
    if (!std::getline(std::cin, line)) {
        std::cerr << '\n';
        return std::nullopt;
    }
    return line;
}

std::optional<std::string> ask_secret(const std::string& question) {
    termios usual{};
    const bool is_terminal = ::tcgetattr(STDIN_FILENO, &usual) == 0;
    if (!is_terminal) return ask_person(question);
    termios silent = usual;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    auto answer = ask_person(question);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
    std::cerr << '\n';
    return answer;
}

bool is_agreed(const std::string& question) {
    const auto answer = ask_person(question + " [y/N]");
    return answer && (*answer == "y" || *answer == "yes" || *answer == "Y");
}

void put(const std::string& text) { std::fputs(text.c_str(), stdout); }

}  // namespace nearcast
