// SPDX-License-Identifier: Apache-2.0

#include "control_process.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include "authority/certificate.h"
#include "authority/fetch_metrics.h"
#include "authority/zone_service.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pulse.h"
#include "control/api/api.h"
#include "control/api/http_server.h"
#include "control/consumer_zones.h"
#include "control/key_desk.h"
#include "control/leadership.h"
#include "control/node_desk.h"
#include "control/parent_servers.h"
#include "control/publisher.h"
#include "control/receipts.h"
#include "control/wall_clock.h"
#include "control_metrics.h"
#include "first_start.h"
#include "network_start.h"
#include "observe/metrics_endpoint.h"
#include "observe/statistics.h"
#include "serve/listen_address.h"
#include "serve/worker.h"
#include "tls/reloadable_context.h"

namespace nearcast::control_app {
namespace {

using base::Error;
using base::Result;
namespace log = base::log;

// That who sent an update waits until it is served, where that takes so long.
constexpr std::chrono::milliseconds kAwaitLimit{1000};

sigset_t server_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&signals, signal);
    return signals;
}

void raise_file_limit() {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

std::chrono::seconds unix_seconds() {
    return std::chrono::floor<std::chrono::seconds>(base::unix_now());
}

// All that is alive while the controller runs, each before what uses it.
class Controller {
 public:
    explicit Controller(ControlConfig config) : config_(std::move(config)) {}
    Controller(const Controller&) = delete;
    Controller& operator=(const Controller&) = delete;
    // From the outside in: no request, no change, no transfer.
    ~Controller() {
        if (receipts_) receipts_->end_waits();
        metrics_.reset();
        api_server_.reset();
        publisher_.store(nullptr);
        is_stopping_ = true;
        if (leadership_) leadership_->stop();
        consumers_.store(nullptr);
        if (following_) following_->stop();
        if (publishing_) publishing_->stop();
        if (incoming_) incoming_->stop();
        if (service_) service_->stop();
        for (const auto& worker : workers_) worker->stop();
        // Its threads wait for what the publisher serves.
        workers_.clear();
        answerers_.clear();
        service_.reset();
        receipts_.reset();
    }

    Result<void> open() {
        if (auto done = prepare(); !done) return done;
        if (auto done = open_database(); !done) return done;
        if (auto done = open_primary(); !done) return done;
        if (auto done = publish(); !done) return done;
        if (auto done = open_api(); !done) return done;
        offer_metrics();
        log::info("serving", {{"zones", std::to_string(table_.size())},
                              {"api", to_text(config_.api_listen)},
                              {"tls", config_.has_tls ? "yes" : "no"}});
        return {};
    }

    void reload() {
        for (const auto& context : {tls_.get(), api_tls_.get()}) {
            if (context != nullptr && context->current()) {
                (void)authority::reload_certificate(*context, unix_seconds());
            }
        }
    }

 private:
    Result<void> prepare() {
        if (auto done = check_token(config_.signing); !done) return done;
        std::error_code failed;
        std::filesystem::create_directories(config_.directory, failed);
        if (failed) {
            return base::fail("cannot make " + config_.directory + ": " + failed.message(),
                              "directory in [control], writable for the user who runs this");
        }
        if (auto done = provide_certificate(config_); !done) return done;
        auto joining = provide_network(config_);
        if (!joining) return std::unexpected(joining.error());
        joining_ = *std::move(joining);
        tls_ = std::make_unique<tls::ReloadableContext>(config_.transfers.tls.server);
        if (!config_.transfers.tls.has_server()) return {};
        return authority::load_certificate(*tls_, unix_seconds());
    }

    Result<void> open_database() {
        auto database = control::Database::open({.connection = config_.database});
        if (!database) return std::unexpected(database.error());
        database_ = *std::move(database);
        keys_ = std::make_unique<control::ApiKeys>(*database_);
        quotas_ = std::make_unique<control::Quotas>(config_.plans);
        network_ = std::make_unique<control::Network>(*database_);
        if (auto read = network_->refresh(); !read) return base::fail(read.error().message);
        leadership_ = std::make_unique<control::Leadership>(*database_);
        receipts_ = std::make_unique<control::Receipts>(*database_, *network_, control::wall_now);
        receipts_->on_news([this] {
            if (auto* const publisher = publisher_.load()) publisher->look_at_servers();
        });
        node_desk_ =
            std::make_unique<control::NodeDesk>(*network_, *receipts_, config_.network.catalog);
        const auto told = [this](uint64_t sequence) {
            if (auto* publisher = publisher_.load()) publisher->wake(sequence);
        };
        changes_ = std::make_unique<control::ChangeLog>(
            *database_,
            control::ChangeLogOptions{
                .now = {}, .primary = config_.primary, .quotas = quotas_.get(), .on_commit = told});
        signing_keys_ = std::make_unique<control::DatabaseKeys>(*database_);
        auto sealing_key = provide_sealing_key(config_, *signing_keys_);
        if (!sealing_key) return std::unexpected(sealing_key.error());
        sealing_key_.emplace(*sealing_key);
        tsig_keys_ =
            std::make_unique<control::TsigKeys>(*database_, *sealing_key_, config_.transfers.keys);
        if (auto read = tsig_keys_->refresh(); !read) return base::fail(read.error().message);
        accounts_ = std::make_unique<control::Accounts>(*database_, *keys_, *tsig_keys_, *quotas_,
                                                        *sealing_key_);
        answers_ = std::make_unique<control::KeptAnswers>(*database_, *sealing_key_);
        key_desk_ = std::make_unique<control::KeyDesk>(key_desk_parts());
        return provide_key(config_, *keys_);
    }

    control::KeyDesk::Parts key_desk_parts() {
        using Served = control::KeyDesk::Served;
        return {.changes = *changes_,
                .keys = *tsig_keys_,
                .served = [this](int64_t zone_id) -> std::optional<Served> {
                    auto* const publisher = publisher_.load();
                    const auto served = publisher ? publisher->served_zone(zone_id) : std::nullopt;
                    if (!served) return std::nullopt;
                    return Served{served->serial, served->sequence};
                },
                .await =
                    [this](int64_t zone_id, uint64_t sequence) {
                        auto* const publisher = publisher_.load();
                        if (publisher) (void)publisher->wait_for(zone_id, sequence, kAwaitLimit);
                    },
                .now = control::wall_now};
    }

    control::Publisher::Signing signing() {
        const SigningConfig& config = config_.signing;
        if (!config.resolvers.empty()) {
            parents_ = std::make_unique<control::ParentServers>(
                config.resolvers, is_stopping_,
                control::ParentLimits{.port = static_cast<uint16_t>(config.parent_port)});
        }
        return {.keys = *signing_keys_,
                .zones = {.signer = {.store = *signing_keys_,
                                     .sealing_key = *sealing_key_,
                                     .token = config.token,
                                     .thread_count = static_cast<unsigned>(config.threads)},
                          .usual = config.usual,
                          .now = [] { return unix_seconds().count(); },
                          .leads = [this] { return leadership_->leads(); }},
                .parent = parents_.get(),
                .parent_pause = config.parent_pause};
    }

    answer::ResponderOptions responder_options() const {
        answer::PrivateZones catalogs;
        for (const dns::Name& catalog : config_.transfers.catalogs()) catalogs.add(catalog);
        return {.identity = {.pop = "", .node = config_.name, .version = NEARCAST_VERSION},
                .udp_payload_max = config_.serve.udp_payload_max,
                .private_zones = catalogs,
                .more_private_zones = &private_zones_};
    }

    Result<void> open_primary() {
        if (auto free = serve::check_are_free(config_.listen, config_.serve.tls_listen); !free) {
            return free;
        }
        for (size_t i = 0; i < config_.threads && has_listeners(); ++i) {
            auto worker = serve::Worker::open({.listen = config_.listen,
                                               .tcp = config_.serve.tcp,
                                               .tls_listen = config_.serve.tls_listen,
                                               .tls = tls_.get()});
            if (!worker) return std::unexpected(worker.error());
            workers_.push_back(*std::move(worker));
        }
        const std::string directory = config_.store.directory.empty() ? config_.directory + "/zones"
                                                                      : config_.store.directory;
        auto ledger = zone::ZoneLedger::open(directory, table_, config_.store.limits);
        if (!ledger) return std::unexpected(ledger.error());
        ledger_ = *std::move(ledger);
        ledger_->on_trouble(zone::log_store_trouble);
        auto incoming = control::IncomingZones::open(
            {.changes = *changes_,
             .transfers = config_.transfers,
             .directory = config_.directory + "/incoming",
             .limits = config_.store.limits,
             .find_key = [this](const dns::Name& name) { return find_key(name); }});
        if (!incoming) return std::unexpected(incoming.error());
        incoming_ = *std::move(incoming);
        incoming_->listen({.renewed =
                               [this](int64_t zone_id) {
                                   if (auto* publisher = publisher_.load()) {
                                       publisher->renew(zone_id);
                                   }
                               },
                           .cut =
                               [this](int64_t zone_id) {
                                   if (auto* publisher = publisher_.load()) {
                                       publisher->note_cut(zone_id);
                                   }
                               }});
        // One more than there are workers: for the threads that may wait, together.
        statistics_ =
            std::make_unique<observe::Statistics>(workers_.size() + 1, config_.metrics, table_);
        statistics_->add_source([this](std::vector<observe::Metric>& metrics) {
            add_control_metrics(*network_, *receipts_, leadership_->leads(), metrics);
            authority::add_fetch_metrics(incoming_->secondaries().tallies(), metrics);
        });
        service_ = std::make_unique<authority::ZoneService>(
            config_.transfers, table_, *ledger_, responder_options(),
            statistics_->worker(workers_.size()), network_hands());
        return {};
    }

    // Of those that come and go while it runs.
    [[nodiscard]] std::shared_ptr<const transfer::TsigKey> find_key(const dns::Name& name) const {
        transfer::LiveKeyring::Seen seen;
        tsig_keys_->keyring().refresh(seen);
        const transfer::TsigKey* const key = seen.keys->find(name);
        return {seen.keys, key};
    }

    // Receipts are of the catalog that nodes follow.
    authority::NetworkHands network_hands() {
        authority::NetworkHands hands{.members = node_desk_.get(),
                                      .updates = key_desk_.get(),
                                      .keys = &tsig_keys_->keyring(),
                                      .grants = key_desk_.get(),
                                      .incoming = &incoming_->secondaries(),
                                      .private_zones = &private_zones_};
        if (joining_) hands.notify_key = joining_->settings.key.name;
        hands.marked = [this](const transfer::Catalogs::Marked& told) {
            if (!(told.catalog == config_.network.catalog)) return;
            receipts_->note_version(told.serial, told.mark, told.notes);
        };
        if (database_->is_shared()) {
            hands.ask_catalog_serial = [this] {
                if (auto* const publisher = publisher_.load()) publisher->ask_catalog_serial();
            };
        }
        return hands;
    }

    [[nodiscard]] bool has_listeners() const {
        return !config_.listen.empty() || !config_.serve.tls_listen.empty();
    }

    // Nodes tell what they have; of those who may have the zone otherwise nobody knows.
    control::Publisher::Servers servers() {
        return {.versions = [this] { return service_->catalog_notes(); },
                .everywhere = [this] { return receipts_->notes_everywhere(); },
                .is_doubtful =
                    [this](const dns::Name& zone) {
                        const auto& policy = config_.transfers.policy_for(zone);
                        return !policy.allow.empty() || !policy.notify.empty() ||
                               receipts_->is_late(zone);
                    }};
    }

    // What was served of catalogs may be of another database, or of one that was restored. Where
    // nobody knows what it was, the time is later.
    Result<void> raise_catalog_serials() {
        if (!database_->is_shared()) return {};
        const int64_t now = unix_seconds().count();
        std::vector<uint32_t> served;
        for (const dns::Name& catalog : config_.transfers.catalogs()) {
            const auto stored = ledger_->state(catalog);
            served.push_back(stored ? stored->serial : static_cast<uint32_t>(now));
            if (stored && stored->lost_serial) served.push_back(*stored->lost_serial);
        }
        return database_->write([now, &served](control::Session& session) {
            return control::raise_catalog_serial(session, now, served);
        });
    }

    Result<void> publish() {
        publishing_ = std::make_unique<control::Publisher>(
            control::Publisher::Served{*database_, *changes_, table_, *ledger_, incoming_.get(),
                                       &private_zones_},
            config_.name, config_.transfers.catalogs(), signing());
        publishing_->ask_servers(servers());
        publisher_.store(publishing_.get());
        leadership_->start([this] {
            if (auto* const publisher = publisher_.load()) publisher->take_lead();
            if (auto* const consumers = consumers_.load()) consumers->take_lead();
        });
        publishing_->on_follow([this](const control::Publisher::Followed& followed) {
            receipts_->note_changes(followed.changes);
            if (auto* const consumers = consumers_.load()) consumers->note(followed.changes);
            service_->mark_catalogs(followed.position, followed.catalog_serial);
        });
        publishing_->on_delay([this](const control::Publisher::Delay& delay) {
            if (delay.is_over) {
                receipts_->release(delay.zone, delay.until, service_->catalog_notes());
            } else {
                receipts_->hold(delay.zone, delay.after, delay.reason);
            }
        });
        if (auto done = raise_catalog_serials(); !done) return done;
        if (auto done = publishing_->start(); !done) return done;
        follow_catalogs();
        service_->start_catalogs();
        pulses_ = std::make_unique<base::Pulse[]>(workers_.size());
        for (size_t i = 0; i < workers_.size(); ++i) {
            answer::ResponderOptions options = responder_options();
            options.worker_index = static_cast<uint16_t>(i);
            answerers_.push_back(service_->make_answerer(
                options, {.counters = statistics_->worker(i), .note = std::nullopt}));
            workers_[i]->start(*answerers_[i], pulses_[i]);
        }
        return {};
    }

    void follow_catalogs() {
        following_ = std::make_unique<control::ConsumerZones>(control::ConsumerZones::Parts{
            .changes = *changes_,
            .database = *database_,
            .incoming = *incoming_,
            .catalogs = private_zones_,
            .leads = [this] { return leadership_->leads(); },
            .is_others = [this](const dns::Name& name) { return publishing_->is_others(name); }});
        consumers_.store(following_.get());
        following_->take_lead();  // What was gained, or noted, before is looked at now.
    }

    Result<void> open_api() {
        api_ = std::make_unique<control_api::Api>(control_api::Partners{
            .changes = *changes_,
            .keys = *keys_,
            .tsig_keys = *tsig_keys_,
            .database = *database_,
            .accounts = *accounts_,
            .answers = *answers_,
            .quotas = *quotas_,
            .network = *network_,
            .publisher = *publishing_,
            .incoming = *incoming_,
            .receipts = *receipts_,
            .joining = joining_.get(),
            .published_serial =
                [this](const control::Zone& zone) {
                    const bool is_coming = publishing_->trouble(zone.id).empty();
                    return publishing_->published_serial(zone.id).value_or(is_coming ? zone.serial
                                                                                     : 0);
                },
            .notify = [this](const dns::Name& zone) { service_->notify(zone); },
            .version = NEARCAST_VERSION});
        control_api::HttpOptions options{.listen = config_.api_listen,
                                         .limits = {.per_source_max = config_.api_connections}};
        if (config_.has_tls) {
            api_tls_ = std::make_unique<tls::ReloadableContext>(tls::ServerSettings{
                .certificate = config_.certificate, .key = config_.key, .protocol = "http/1.1"});
            if (auto done = authority::load_certificate(*api_tls_, unix_seconds()); !done) {
                return done;
            }
            options.tls = api_tls_.get();
        }
        auto server = control_api::HttpServer::open(
            options, [this](const control_api::Request& head) { return api_->admit(head); });
        if (!server) return std::unexpected(server.error());
        api_server_ = *std::move(server);
        return {};
    }

    // Whether anybody can watch decides nothing about serving.
    void offer_metrics() {
        if (!config_.metrics.listen) return;
        auto endpoint = observe::MetricsEndpoint::open(*config_.metrics.listen,
                                                       [this] { return statistics_->collect(); });
        if (endpoint) {
            metrics_ = *std::move(endpoint);
        } else {
            log::error("metrics_not_offered", {{"reason", endpoint.error().message}});
        }
    }

    ControlConfig config_;
    std::unique_ptr<control_api::Joining> joining_;    // Null: no server can join.
    std::unique_ptr<tls::ReloadableContext> tls_;      // Of the hidden primary.
    std::unique_ptr<tls::ReloadableContext> api_tls_;  // Null: the API goes without.
    zone::ZoneTable table_;
    zone::LiveNames private_zones_;  // Those of kind Producer and Consumer.
    std::unique_ptr<control::Database> database_;
    std::unique_ptr<zone::ZoneLedger> ledger_;
    std::atomic<control::Publisher*> publisher_ = nullptr;  // For changes that come meanwhile.
    std::unique_ptr<control::ApiKeys> keys_;
    std::unique_ptr<control::Quotas> quotas_;
    std::unique_ptr<control::Network> network_;
    std::unique_ptr<control::Leadership> leadership_;
    std::unique_ptr<control::Receipts> receipts_;
    std::unique_ptr<control::NodeDesk> node_desk_;
    std::unique_ptr<control::ChangeLog> changes_;
    std::unique_ptr<control::IncomingZones> incoming_;
    std::unique_ptr<control::DatabaseKeys> signing_keys_;
    std::optional<dnssec::SealingKey> sealing_key_;
    std::unique_ptr<control::TsigKeys> tsig_keys_;
    std::unique_ptr<control::Accounts> accounts_;
    std::unique_ptr<control::KeptAnswers> answers_;
    std::unique_ptr<control::KeyDesk> key_desk_;
    std::atomic<bool> is_stopping_ = false;
    std::unique_ptr<control::ParentServers> parents_;
    std::unique_ptr<observe::Statistics> statistics_;
    std::unique_ptr<authority::ZoneService> service_;
    std::unique_ptr<control::Publisher> publishing_;
    std::unique_ptr<control::ConsumerZones> following_;
    std::atomic<control::ConsumerZones*> consumers_ = nullptr;
    std::vector<std::unique_ptr<serve::Answerer>> answerers_;
    std::unique_ptr<base::Pulse[]> pulses_;
    std::vector<std::unique_ptr<serve::Worker>> workers_;
    std::unique_ptr<control_api::Api> api_;
    std::unique_ptr<control_api::HttpServer> api_server_;
    std::unique_ptr<observe::MetricsEndpoint> metrics_;
};

int cannot_start(const Error& error) {
    std::fprintf(stderr, "nearcast-control: %s\n", to_text(error).c_str());
    return 1;
}

}  // namespace

int run_control(ControlConfig config) {
    std::signal(SIGPIPE, SIG_IGN);
    const sigset_t signals = server_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    raise_file_limit();
    Controller controller(std::move(config));
    if (auto opened = controller.open(); !opened) return cannot_start(opened.error());
    for (;;) {
        int signal = 0;
        if (sigwait(&signals, &signal) != 0) continue;
        if (signal != SIGHUP) break;
        controller.reload();
    }
    log::info("stopping");
    return 0;
}

}  // namespace nearcast::control_app
