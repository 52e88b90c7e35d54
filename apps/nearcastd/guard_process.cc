// SPDX-License-Identifier: Apache-2.0

#include "guard_process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "anycast/guard.h"
#include "anycast/guard_watch.h"
#include "anycast/heartbeat_page.h"
#include "anycast/node_config.h"
#include "anycast/node_setup.h"
#include "anycast/process.h"
#include "base/account.h"
#include "base/log.h"
#include "base/writable.h"
#include "check_command.h"
#include "privileges.h"
#include "serve/listen_address.h"
#include "server_process.h"
#include "server_sections.h"

namespace nearcast::app {
namespace {

using anycast::Inheritance;
using anycast::NodeConfig;
using anycast::SharedPage;
using base::Fd;
using base::Result;
namespace log = base::log;

int cannot_start(const base::Error& error) {
    std::fprintf(stderr, "nearcastd: %s\n", to_text(error).c_str());
    return 1;
}

void choose_log_format() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before there is a second thread.
    if (std::getenv("JOURNAL_STREAM") != nullptr) log::use_journal_format();
}

Result<std::string> absolute_path(const std::string& path) {
    std::array<char, PATH_MAX> room{};
    if (realpath(path.c_str(), room.data()) != nullptr) return std::string(room.data());
    return base::fail_errno("cannot read " + path, errno);
}

// The node runs by the file as it was when it started, also a guard that is restarted years later
// while somebody is editing it.
Result<Fd> keep_text(const std::string& path) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    Fd copy(memfd_create("nearcast-config", MFD_CLOEXEC));
    if (!file || !copy) return base::fail_errno("cannot read " + path, errno);
    std::array<char, 4096> room{};
    ssize_t size = 0;
    while ((size = read(file.get(), room.data(), room.size())) > 0) {
        if (write(copy.get(), room.data(), static_cast<size_t>(size)) != size) {
            return base::fail_errno("cannot keep " + path, errno);
        }
    }
    return copy;
}

std::string kept_text(const Fd& copy) {
    std::string text;
    std::array<char, 4096> room{};
    ssize_t size = 0;
    while ((size = pread(copy.get(), room.data(), room.size(), static_cast<off_t>(text.size()))) >
           0) {
        text.append(room.data(), static_cast<size_t>(size));
    }
    return text;
}

// Held by guard and server alike, so it is free only when both are gone.
Result<Fd> take_lock(const NodeConfig& config) {
    const std::string path = config.run_directory + "/node.lock";
    Fd lock(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!lock) {
        auto failed = base::fail_errno("cannot open " + path, errno);
        failed.error().hint = "start as root, or give the directory to the user " + config.user;
        return failed;
    }
    if (flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
    return base::fail("this node is running already: " + path + " is locked",
                      "nearcast node status --config " + config.path);
}

void warn_of_missing_addresses(const NodeConfig& config) {
    for (const base::SocketAddress& address : config.service_addresses()) {
        const Fd probe(socket(address.ip.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
        const base::NativeAddress native({address.ip, 0});
        if (!probe || bind(probe.get(), native.data(), native.size()) == 0) continue;
        const std::string text = to_text(address.ip);
        log::warning(
            "service_address_missing",
            {{"address", text},
             {"try", "ip address add " + text + (address.ip.is_v6 ? "/128" : "/32") + " dev lo"}});
    }
}

// A client that BGP carries to another PoP, or to another node of this one, keeps its cookie.
void warn_of_own_cookies(const NodeConfig& config, const shield::CookieConfig& cookies) {
    if (!cookies.is_enabled || cookies.has_secrets() || config.prefixes.empty()) return;
    log::warning("cookie_secret_missing",
                 {{"reason", "no other node of the prefix will take the cookies of this one"},
                  {"try", "secret_files in [cookies] of " + config.path + ", alike on all nodes"}});
}

Result<Inheritance> prepare(const NodeConfig& config) {
    if (geteuid() == 0) {
        if (auto done = anycast::prepare_node(config); !done) return std::unexpected(done.error());
    }
    auto lock = take_lock(config);
    if (!lock) return std::unexpected(lock.error());
    auto text = keep_text(config.path);
    if (!text) return std::unexpected(text.error());
    auto page = SharedPage::create();
    if (!page) return std::unexpected(page.error());
    return Inheritance{config.path, Fd(dup(page->fd())), std::move(*lock), std::move(*text)};
}

// AF_XDP locks the memory of its frames. Only root may lift it; systemd may have done so.
void lift_memory_limit() {
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    (void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

int run_guard(const NodeConfig& config, Inheritance inheritance, SharedPage page) {
    const auto question = anycast::ProbeQuestion::for_zone(config.probe_zone);
    if (!question) return cannot_start(question.error());
    return anycast::Guard(config, *question, std::move(inheritance), std::move(page)).run();
}

void set_symptom(anycast::HeartbeatPage& page, anycast::ServerSymptom symptom, bool is_there) {
    if (is_there) {
        page.server_symptoms |= symptom;
    } else {
        page.server_symptoms &= ~uint32_t{symptom};
    }
}

int run_guarded_server(const NodeConfig& config, ServerOptions options, Inheritance inheritance,
                       const SharedPage& page) {
    block_server_signals();
    // Before the watch may start another guard, which would not see that there is a server.
    page->server_state = anycast::ServerState::Starting;
    const anycast::GuardWatch watch(*page, std::move(inheritance),
                                    config.guard.guard_silence_limit);
    warn_of_own_cookies(config, options.cookies);
    options.zones_directory = config.zones_directory;
    options.is_empty_allowed = true;
    options.listen = config.listen;
    options.threads = config.threads;
    options.node = config.name;
    options.pop = config.pop;
    options.pulses = page->pulses;
    options.probe_token = page->probe_token;
    options.control_socket = config.run_directory + "/server.sock";
    options.linger = config.guard.linger;
    options.on_serving = [&page, count = worker_count(config.threads)] {
        page->worker_count = count;
        page->server_state = anycast::ServerState::Ready;
    };
    options.on_loaded = [&page](size_t behind) {
        set_symptom(*page, anycast::kSymptomZoneLoadFailed, behind > 0);
    };
    options.on_zone_health = [&page](const zone::ZoneHealth& health) {
        set_symptom(*page, anycast::kSymptomZoneStale, health.has_stale());
        set_symptom(*page, anycast::kSymptomSignaturesExpiring, health.has_expiring());
    };
    options.signature_warning = config.signature_warning;
    options.on_store_trouble = [&page](bool is_failing) {
        set_symptom(*page, anycast::kSymptomStoreFailed, is_failing);
    };
    if (options.store.directory.empty()) {
        options.store.directory = config.state_directory + "/store";
    }
    return run_server(options);
}

// What root makes for a node before it becomes its user. Anybody else may be looking at what root
// is to start.
Result<void> check_node_setup(const NodeConfig& config) {
    if (geteuid() != 0) return {};
    if (const auto account = base::find_account(config.user); !account) {
        return std::unexpected(account.error());
    }
    for (const std::string& path : {config.run_directory, config.state_directory}) {
        if (auto done = base::check_writable(path); !done) return done;
    }
    return {};
}

// A start by root gives the state folder to the node's user: only then can that one be asked what
// is in it. Another folder of [store] is as it is. Who is not root is not the one that will write.
StoreCheck store_check(const NodeConfig& config, const std::string& store) {
    if (geteuid() != 0) return StoreCheck::Left;
    if (!store.empty()) return StoreCheck::Wanted;
    const auto account = base::find_account(config.user);
    struct stat found{};
    const bool is_his = account && stat(config.state_directory.c_str(), &found) == 0 &&
                        found.st_uid == account->uid;
    return is_his ? StoreCheck::Wanted : StoreCheck::Left;
}

}  // namespace

int run_node(const std::string& config_path) {
    choose_log_format();
    const auto path = absolute_path(config_path);
    if (!path) return cannot_start(path.error());
    const auto config = anycast::read_node_config(*path);
    if (!config) return cannot_start(config.error());
    ServerOptions options;
    if (const auto read = read_sections(*path, options); !read) return cannot_start(read.error());
    const auto inheritance = prepare(*config);
    if (!inheritance) return cannot_start(inheritance.error());
    // The server attaches XDP whenever it starts, long after root is gone.
    const bool has_xdp = !options.serve.xdp.empty();
    if (has_xdp) lift_memory_limit();
    const Rights rights = has_xdp ? Rights::PortsAndXdp : Rights::Ports;
    if (const auto user = drop_privileges(config->user, rights); !user) {
        return cannot_start(user.error());
    }
    warn_of_missing_addresses(*config);
    return cannot_start(anycast::become_process(anycast::Role::Guard, *inheritance));
}

int check_node(const std::string& config_path) {
    const auto config = anycast::read_node_config(config_path);
    if (!config) return refuse_settings(config.error());
    const auto question = anycast::ProbeQuestion::for_zone(config->probe_zone);
    if (!question) return refuse_settings(question.error());
    ServerOptions options;
    if (auto read = read_sections(config_path, options); !read) {
        return refuse_settings(read.error());
    }
    const auto distinct = serve::check_are_distinct(config->listen, options.serve.tls_listen);
    if (!distinct) return refuse_settings(distinct.error());
    if (auto done = check_node_setup(*config); !done) return refuse_settings(done.error());
    options.zones_directory = config->zones_directory;
    options.user = config->user;
    const StoreCheck store = store_check(*config, options.store.directory);
    if (options.store.directory.empty()) {
        options.store.directory = config->state_directory + "/store";
    }
    return check_server(options, store);
}

int run_role(const std::string& role, const std::string& config_path) {
    choose_log_format();
    std::signal(SIGPIPE, SIG_IGN);
    auto inheritance = anycast::inherit(config_path);
    if (!inheritance) return cannot_start(inheritance.error());
    const std::string text = kept_text(inheritance->config);
    const auto config = anycast::parse_node_config(text, config_path);
    if (!config) return cannot_start(config.error());
    auto page = SharedPage::adopt(Fd(fcntl(inheritance->page.get(), F_DUPFD_CLOEXEC, 0)));
    if (!page) return cannot_start(page.error());
    if (role == "guard") return run_guard(*config, std::move(*inheritance), std::move(*page));
    ServerOptions options;
    if (const auto read = parse_sections(text, config_path, options); !read) {
        return cannot_start(read.error());
    }
    return run_guarded_server(*config, std::move(options), std::move(*inheritance), *page);
}

}  // namespace nearcast::app
