// SPDX-License-Identifier: Apache-2.0

#include "transfer/served_reporter.h"

#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "transfer/primary_client.h"

namespace nearcast::transfer {

namespace log = base::log;

ServedReporter::ServedReporter(const FollowedCatalog& config, const TsigKeyring& keys,
                               zone::ZoneTable& table, SecondaryZones& secondaries)
    : config_(config),
      keys_(keys),
      table_(table),
      secondaries_(secondaries),
      report_{.catalog = config.catalog.zone} {}

void ServedReporter::start() {
    thread_ = std::thread([this] { run(); });
}

void ServedReporter::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_.store(true);
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void ServedReporter::begin(uint32_t serial, uint64_t number) {
    const std::lock_guard lock(mutex_);
    is_told_void_ |= progress_.begin(serial, number);
}

// It is expected first and looked for then: a zone that comes in between is not missed.
void ServedReporter::expect(const dns::Name& zone, uint32_t serial, bool may_be_back) {
    {
        const std::lock_guard lock(mutex_);
        progress_.expect(zone, serial, may_be_back);
    }
    look_at(zone, "", /*is_confirmed=*/false);
}

void ServedReporter::forget(const dns::Name& zone) {
    const std::lock_guard lock(mutex_);
    progress_.forget(zone);
}

void ServedReporter::finish() {
    {
        const std::lock_guard lock(mutex_);
        progress_.finish();
        has_news_ = true;
    }
    wake_.notify_all();
}

std::optional<uint32_t> ServedReporter::served_serial(const dns::Name& zone) const {
    const auto pinned = table_.pin(zone);
    if (!pinned || pinned->version().is_unavailable()) return std::nullopt;
    return pinned->version().serial();
}

void ServedReporter::note(const dns::Name& zone, const std::string& problem) {
    look_at(zone, problem, problem.empty());
}

void ServedReporter::look_at(const dns::Name& zone, const std::string& problem, bool is_confirmed) {
    const auto serial = served_serial(zone);
    {
        const std::lock_guard lock(mutex_);
        if (!problem.empty()) progress_.fail(zone, problem);
        if (serial) progress_.attain(zone, *serial, is_confirmed);
        has_news_ = true;
    }
    wake_.notify_all();
}

std::optional<ServedReport> ServedReporter::wait_for_news() {
    std::unique_lock lock(mutex_);
    for (;;) {
        const auto is_due = [this] { return is_stopping_.load() || has_news_; };
        if (next_at_ == base::Instant::max()) {
            wake_.wait(lock, is_due);
        } else {
            wake_.wait_until(lock, next_at_, is_due);
        }
        if (is_stopping_.load()) return std::nullopt;
        wake_.wait_for(lock, kPause, [this] { return is_stopping_.load(); });
        has_news_ = false;
        if (std::exchange(is_told_void_, false)) told_.reset();
        progress_.tell(report_);
        if (report_ != told_ || base::now() >= next_at_) return report_;
    }
}

std::optional<ServedReport> ServedReporter::wait_until_served(base::Instant deadline) {
    ServedReport report{.catalog = catalog()};
    std::unique_lock lock(mutex_);
    if (!wake_.wait_until(lock, deadline, [this] { return progress_.is_settled(); })) {
        return std::nullopt;
    }
    progress_.tell(report_);  // First: it may have to be told that all went back.
    progress_.tell(report);
    return report;
}

base::Result<void> ServedReporter::tell(const ServedReport& report) {
    const SecondaryConfig& source = config_.catalog;
    const TsigKey* const key = source.key ? keys_.find(*source.key) : nullptr;
    // Serials are those of the primary that the catalog came from: no other knows them.
    const base::SocketAddress primary = secondaries_.source_of(source.zone);
    PrimaryClient client(source.zone, primary, key, is_stopping_);
    if (source.tls) client.use_tls(secondaries_.links(), *source.tls);
    const uint16_t id = source.tls ? secondaries_.links().next_id() : base::random_u16();
    const auto rcode = client.tell(write_served_report(report, id));
    if (!rcode) return std::unexpected(rcode.error());
    if (*rcode == dns::Rcode::NoError) return {};
    return base::fail(base::to_text(primary) + " answered " + dns::to_text(*rcode));
}

void ServedReporter::run() {
    bool is_failing = false;
    while (const auto report = wait_for_news()) {
        const auto done = tell(*report);
        next_at_ = base::now() + (done ? base::Duration(kBeat) : base::Duration(kRetryPause));
        if (done) told_ = *report;
        if (!done && !is_failing && !is_stopping_.load()) {
            log::warning("report_failed", {{"catalog", dns::to_text(catalog())},
                                           {"reason", done.error().message},
                                           {"next", "it is told again until it arrives"}});
        }
        is_failing = !done;
        if (!is_failing) continue;
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, kRetryPause, [this] { return is_stopping_.load(); });
    }
}

}  // namespace nearcast::transfer
