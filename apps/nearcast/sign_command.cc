// SPDX-License-Identifier: Apache-2.0

#include "sign_command.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/side_by_side.h"
#include "command.h"
#include "dns/rdata.h"
#include "dns/zone_writer.h"
#include "dnssec/seal.h"
#include "signing/plan_signer.h"
#include "signing/sign_zone.h"
#include "zone/compile.h"
#include "zone_report.h"

#include <CLI/CLI.hpp>

namespace nearcast {
namespace {

struct Options {
    std::string path;
    std::string origin;
    std::string key_path;
    std::string output_path;
    std::string algorithm = "ECDSAP256SHA256";
    bool uses_nsec3 = false;
    bool opts_out = false;
    bool has_digest = false;
    unsigned thread_count = 0;
};

base::Result<std::string> read_text(const std::string& path) {
    const std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) return base::fail("cannot read " + path);
    return text.str();
}

// Never over a file that is there, and for its owner alone.
base::Result<void> write_secret(const std::string& path, const std::string& text) {
    const base::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return base::fail_errno("cannot make " + path, errno);
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(file.get()) != 0) {
        return base::fail_errno("cannot write " + path, errno);
    }
    return {};
}

// The key in the file, which is made when it is not there.
base::Result<dnssec::PrivateKey> key_of(const Options& options) {
    const auto algorithm = dnssec::parse_algorithm(options.algorithm);
    if (!algorithm) {
        return base::fail("--algorithm: no zone is signed with " + options.algorithm,
                          "ECDSAP256SHA256, ECDSAP384SHA384, ED25519, ED448, RSASHA256, RSASHA512");
    }
    const bool is_new = !std::filesystem::exists(options.key_path);
    auto key = base::Result<dnssec::PrivateKey>();
    std::string pem;
    if (is_new) {
        key = dnssec::PrivateKey::generate(*algorithm);
        auto text = key ? key->to_pem() : std::unexpected(key.error());
        if (!text) return std::unexpected(text.error());
        pem = *std::move(text);
        const auto done = write_secret(options.key_path, pem);
        if (!done) key = std::unexpected(done.error());
    } else {
        auto text = read_text(options.key_path);
        if (!text) return std::unexpected(text.error());
        pem = *std::move(text);
        key = dnssec::PrivateKey::from_pem(*algorithm, pem);
        if (!key) key = base::within(options.key_path, key.error());
    }
    dnssec::wipe(pem);
    return key;
}

signing::SigningPlan plan_for(const zone::Version& zone, const dnssec::ZoneKey& key,
                              const Options& options) {
    signing::SigningPlan plan;
    plan.keys = {{.key = key, .signs_keys = true, .signs_zone = true}};
    plan.dnskeys = {{key.dnskey().begin(), key.dnskey().end()}};
    plan.cdnskeys = plan.dnskeys;
    plan.cds = {dnssec::ds_rdata(zone.apex().owner(), key.dnskey(), dnssec::DsDigest::Sha256)};
    plan.denial.uses_nsec3 = options.uses_nsec3 || options.opts_out;
    plan.denial.opts_out = options.opts_out;
    plan.serial = zone.serial();
    if (options.has_digest) plan.zonemd = dnssec::DigestKind::Sha384;
    plan.thread_count = options.thread_count != 0 ? options.thread_count : base::usable_cores();
    uint32_t ttl = 0;
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(base::unix_now());
    constexpr uint32_t kTtlMax = 7 * 86400;  // Resolvers keep nothing for longer by default.
    plan.times = signing::times_for({}, zone::soa_rdata(zone, ttl), kTtlMax,
                                    static_cast<uint32_t>(now.count()));
    return plan;
}

// Writes the zone with what signing it adds to each name.
class SignedWriter {
 public:
    SignedWriter(const zone::Changeset& changes, std::FILE* file)
        : added_(changes.added()), writer_({}, dns::ZoneFileStyle::Absolute), file_(file) {
        advance();
    }

    bool write(const zone::Version& zone) {
        const auto apex = zone.apex().owner();
        write_added();  // The SOA.
        zone::NodeWalk nodes(zone);
        for (zone::Node node = nodes.next(); node; node = nodes.next()) {
            const bool is_apex = node.owner().size() == apex.size();
            zone::NodeRecords records(node);
            zone::RecordView record;
            while (records.next(record)) {
                const bool is_replaced = record.type == dns::RRType::SOA ||
                                         signing::is_made_by_signer(record.type, is_apex);
                if (!is_replaced) put(record);
            }
            while (has_next_ && std::ranges::equal(next_.owner, node.owner())) write_added();
        }
        while (has_next_) write_added();  // NSEC3 records, whose names the unsigned zone has not.
        flush();
        return is_written_;
    }

 private:
    static constexpr size_t kBufferSize = size_t{1} << 20;

    void advance() { has_next_ = added_.next(next_); }
    void write_added() {
        put(next_);
        advance();
    }
    void put(const zone::RecordView& record) {
        writer_.write({record.owner, record.type, dns::RRClass::IN, record.ttl, record.rdata},
                      text_);
        if (text_.size() >= kBufferSize) flush();
    }
    void flush() {
        is_written_ &= std::fwrite(text_.data(), 1, text_.size(), file_) == text_.size();
        text_.clear();
    }

    zone::RecordSequence added_;
    zone::RecordView next_;
    bool has_next_ = false;
    dns::ZoneWriter writer_;
    std::FILE* file_;
    std::string text_;
    bool is_written_ = true;
};

base::Result<void> write_zone(const zone::Version& zone, const zone::Changeset& changes,
                              const std::string& path) {
    std::FILE* const file = path.empty() ? stdout : std::fopen(path.c_str(), "we");
    if (file == nullptr) return base::fail_errno("cannot make " + path, errno);
    bool is_written = SignedWriter(changes, file).write(zone);
    is_written &= (path.empty() ? std::fflush(file) : std::fclose(file)) == 0;
    if (!is_written) return base::fail_errno("cannot write the signed zone", errno);
    return {};
}

int sign(const Options& options) {
    zone::CompileOptions compile;
    if (!options.origin.empty()) {
        const dns::Name root;
        const auto origin = dns::parse_name(options.origin, &root);
        if (!origin) return tell({"--origin: " + origin.error().message, "--origin example.org"});
        compile.origin = *origin;
    }
    const zone::CompiledZone compiled = zone::compile_zone_file(options.path, compile);
    for (const zone::Diagnostic& finding : compiled.diagnostics) {
        std::fputs(finding_text(finding).c_str(), stderr);
    }
    if (!compiled.image) return 1;
    const auto private_key = key_of(options);
    if (!private_key) return tell(private_key.error());
    const dnssec::ZoneKey key(*private_key, dnssec::kZoneKeyFlag | dnssec::kSepFlag);
    const zone::Version zone(compiled.image.image());
    const auto plan = plan_for(zone, key, options);
    const auto changes = signing::sign_zone(zone, plan);
    if (!changes) return tell(changes.error());
    if (const auto done = write_zone(zone, *changes, options.output_path); !done) {
        return tell(done.error());
    }
    std::fprintf(stderr, "for the parent: %s DS %s\n", dns::to_text(compiled.apex).c_str(),
                 dns::rdata_to_text(dns::RRType::DS, plan.cds.front()).c_str());
    return 0;
}

}  // namespace

void add_sign_command(CLI::App& zone, int& status) {
    const auto options = std::make_shared<Options>();
    CLI::App* signed_zone = zone.add_subcommand(
        "sign",
        "Sign a zone file with one key and print the signed zone, for those who run no controller, "
        "which signs by itself. The parent's DS record goes to stderr. Signatures end: sign it "
        "again each week. Exit 0: signed; 1: not");
    signed_zone->add_option("FILE", options->path, "A zone file")->required();
    signed_zone
        ->add_option(
            "--key", options->key_path,
            "The private key in PEM; made, for your eyes only, where there is no such file")
        ->required()
        ->type_name("FILE");
    signed_zone
        ->add_option("--origin", options->origin,
                     "The zone's name (default: the file's name without .zone)")
        ->type_name("NAME");
    signed_zone->add_option("--output", options->output_path, "Write there in place of stdout")
        ->type_name("FILE");
    signed_zone->add_option("--algorithm", options->algorithm, "Of the key (ECDSAP256SHA256)")
        ->type_name("NAME");
    signed_zone->add_flag("--nsec3", options->uses_nsec3,
                          "Deny with hashed names: 0 iterations, no salt (RFC 9276)");
    signed_zone->add_flag("--opt-out", options->opts_out,
                          "The same, and leave out delegations that are not signed: for zones that "
                          "are mostly such");
    signed_zone->add_flag("--zonemd", options->has_digest,
                          "Put a digest of the whole zone at its apex (RFC 8976)");
    signed_zone->add_option("--threads", options->thread_count, "(all cores)")->type_name("NUMBER");
    signed_zone->callback([options, &status] { status = sign(*options); });
}

}  // namespace nearcast
