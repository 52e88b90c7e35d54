// SPDX-License-Identifier: Apache-2.0

#include "client/contexts.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include <sys/stat.h>

#include "base/config_file.h"
#include "base/secret_file.h"
#include "tls/peer.h"

namespace nearcast::client {
namespace {

namespace fs = std::filesystem;
using base::Result;

constexpr const char* kAddHint =
    "nearcast context add NAME --url https://control.example.net:8053 --key-file FILE";
constexpr const char* kLocalUrl = "https://localhost:8053";

bool is_good_name(const std::string& name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
}

// As a string of TOML. What it holds has no control characters: check() saw to it.
std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + '"';
}

Result<void> check(const Context& context) {
    if (!is_good_name(context.name)) {
        return base::fail('"' + context.name + "\" is no name of a context",
                          "letters, digits, '-', '_' and '.'");
    }
    const Target& target = context.target;
    if (auto url = parse_url(target.url); !url) return std::unexpected(url.error());
    if (!target.pin.empty()) {
        if (auto pin = tls::parse_pin(target.pin); !pin) return std::unexpected(pin.error());
    }
    for (const std::string* text : {&target.url, &target.key, &target.ca}) {
        if (std::ranges::any_of(*text, [](char c) { return static_cast<uint8_t>(c) < ' '; })) {
            return base::fail("a control character in what is said of " + context.name);
        }
    }
    return {};
}

Result<void> check_owner(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0)
        return base::fail_errno("cannot look at " + path, errno);
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
    return base::fail(path + " has keys in it, and others than its owner may read or write it",
                      "chmod 600 " + path);
}

std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

}  // namespace

Result<Contexts> Contexts::read(const std::string& path) {
    Contexts contexts;
    std::error_code error;
    if (!fs::exists(path, error)) return contexts;
    if (auto done = check_owner(path); !done) return std::unexpected(done.error());
    auto file = base::ConfigFile::read(path);
    if (!file) return std::unexpected(file.error());
    base::ConfigTable root = file->root();
    root.read("current", contexts.current_, "\"home\"");
    for (base::ConfigTable& table : root.tables("context")) {
        Context context;
        table.require("name", "\"home\"");
        table.read("name", context.name, "\"home\"");
        table.require("url", "\"https://control.example.net:8053\"");
        table.read("url", context.target.url, "\"https://control.example.net:8053\"");
        table.read("key", context.target.key, "\"...\"");
        table.read("ca", context.target.ca, "\"/home/me/control.pem\"");
        table.read("pin", context.target.pin, "\"sha256/...\"");
        contexts.all_.push_back(std::move(context));
    }
    if (auto done = file->finish(); !done) return std::unexpected(done.error());
    return contexts;
}

Result<void> Contexts::write(const std::string& path) const {
    std::error_code error;
    const fs::path folder = fs::path(path).parent_path();
    fs::create_directories(folder, error);
    if (error) return base::fail("cannot make " + folder.string() + ": " + error.message());
    std::string text = "# Written by nearcast context. It has keys in it: for its owner alone.\n";
    if (!current_.empty()) text += "current = " + quoted(current_) + '\n';
    for (const Context& context : all_) {
        text += "\n[[context]]\nname = " + quoted(context.name) +
                "\nurl = " + quoted(context.target.url) + '\n';
        if (!context.target.key.empty()) text += "key = " + quoted(context.target.key) + '\n';
        if (!context.target.ca.empty()) text += "ca = " + quoted(context.target.ca) + '\n';
        if (!context.target.pin.empty()) text += "pin = " + quoted(context.target.pin) + '\n';
    }
    return base::write_secret_file(path, text);
}

Result<Context> Contexts::find(const std::string& name) const {
    const auto found = std::ranges::find(all_, name, &Context::name);
    if (found != all_.end()) return *found;
    return base::fail("there is no context " + name,
                      all_.empty() ? kAddHint : "nearcast context list");
}

Result<void> Contexts::add(Context context) {
    if (auto done = check(context); !done) return done;
    if (find(context.name)) {
        return base::fail("there is a context " + context.name + " already",
                          "nearcast context remove " + context.name);
    }
    if (all_.empty()) current_ = context.name;
    all_.push_back(std::move(context));
    return {};
}

Result<void> Contexts::remove(const std::string& name) {
    if (auto found = find(name); !found) return std::unexpected(found.error());
    std::erase_if(all_, [&](const Context& each) { return each.name == name; });
    if (current_ == name) current_.clear();
    return {};
}

Result<void> Contexts::use(const std::string& name) {
    if (auto found = find(name); !found) return std::unexpected(found.error());
    current_ = name;
    return {};
}

std::string contexts_path(const char* xdg_config_home, const char* home) {
    const std::string folder = xdg_config_home != nullptr && *xdg_config_home != '\0'
                                   ? xdg_config_home
                                   : std::string(home == nullptr ? "" : home) + "/.config";
    return folder + "/nearcast/contexts.toml";
}

namespace {

// Whoever may not read it has no lab.
std::optional<Context> context_of_lab(const Wish& wish) {
    const auto contexts = Contexts::read(wish.lab_file);
    if (!contexts) return std::nullopt;
    const auto found = contexts->find(wish.name.empty() ? contexts->current() : wish.name);
    return found ? std::optional(*found) : std::nullopt;
}

}  // namespace

Result<Context> choose_context(const Wish& wish) {
    const auto contexts = Contexts::read(wish.contexts_file);
    if (!contexts) return std::unexpected(contexts.error());
    const auto of_lab = context_of_lab(wish);
    const std::string& name = wish.name.empty() ? contexts->current() : wish.name;
    if (!name.empty()) {
        auto found = contexts->find(name);
        return !found && of_lab && !wish.name.empty() ? *of_lab : found;
    }
    Context local{kThisMachine, {.url = kLocalUrl, .key = {}, .ca = {}, .pin = {}}};
    local.target.key = first_line(wish.controller_directory + "/admin.key");
    local.target.ca = wish.controller_directory + "/api.pem";
    if (!local.target.key.empty()) return local;
    if (of_lab && contexts->all().empty()) return *of_lab;
    if (!contexts->all().empty()) {
        return base::fail("which network is meant?", "nearcast context use NAME, or --context");
    }
    return base::fail("no controller is known, and " + wish.controller_directory +
                          "/admin.key, which one on this machine would have, cannot be read",
                      std::string(kAddHint) + "; or on the controller itself: sudo nearcast ...");
}

}  // namespace nearcast::client
