// SPDX-License-Identifier: Apache-2.0

#include "zone/compile.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>

#include "base/side_by_side.h"
#include "dns/zone_file.h"
#include "zone/block_stock.h"
#include "zone/draft.h"
#include "zone/huge_pages.h"
#include "zone/image_builder.h"
#include "zone/zone_folder.h"

namespace nearcast::zone {
namespace {

// Read within a few milliseconds: many for a large file, and each worth the way to another core.
constexpr size_t kPieceSize = size_t{128} << 10;

// A std::string, or one in a stock.
template <typename Text>
base::Result<Text> read_whole(const std::string& path, Text text) {
    // Asked before it is opened: opening a pipe waits for a writer, and a directory has the size
    // of the largest number.
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
        return base::fail("cannot read " + path + ": it is not a regular file",
                          "a file with the records of the zone");
    }
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) return base::fail_errno("cannot open " + path, errno);
    const std::streamoff size = file.tellg();
    if (size < 0) return base::fail_errno("cannot read " + path, errno);
    file.seekg(0);
    reserve_in_huge_pages(text, static_cast<size_t>(size));
    text.resize_and_overwrite(static_cast<size_t>(size), [&file](char* to, size_t count) {
        file.read(to, static_cast<std::streamsize>(count));
        return static_cast<size_t>(file.gcount());
    });
    if (file) return text;
    return base::fail("cannot read " + path + ": it became shorter while it was read",
                      "write a new file beside it and rename that over it");
}

// Wherever links lead.
bool is_beside(const std::string& path, const std::string& file) {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::path folder = fs::weakly_canonical(fs::absolute(file, error), error).parent_path();
    if (error) return false;
    const fs::path target = fs::weakly_canonical(fs::absolute(path, error), error);
    return !error && std::ranges::mismatch(folder, target).in1 == folder.end();
}

// The zone that a file is named for, if its name is one.
std::optional<dns::Name> zone_named_by(const std::string& path) {
    std::string stem = std::filesystem::path(path).filename().string();
    if (stem.ends_with(kFileEnding)) stem.resize(stem.size() - kFileEnding.size());
    if (stem == "root") return dns::Name();
    const dns::Name root;
    const auto name = dns::parse_name(stem, &root);
    return name ? std::optional(*name) : std::nullopt;
}

Diagnostic unnamed(const std::string& path) {
    return {.file = path,
            .message = "the file is named for no zone: its name is none that a zone can have",
            .hint = "name it after its zone, as in example.org.zone",
            .check = "file-name"};
}

class Compiler {
 public:
    explicit Compiler(dns::Name origin, bool includes_only_beside = false)
        : origin_(std::move(origin)), includes_only_beside_(includes_only_beside) {
        zone_.apex = origin_;
    }

    void read_file(const std::string& path);
    void parse(std::string_view text, const std::string& file);
    void arrange();
    void finish();
    // Tells what is likely a mistake in a zone that is only read.
    void doubt();
    CompiledZone take() { return std::move(zone_); }

    // Tells a zone that is not called as its file is, or not as was asked for.
    void compare_name(const std::optional<dns::Name>& file_name, const std::string& path);
    void require_name(const dns::Name& name, const std::string& path);
    std::optional<ZoneDraft> take_draft();

 private:
    void take_record(const dns::Record& record, const dns::ZoneFilePlace& place);
    void add(const dns::Record& record, SourceLine source);
    void begin_draft(const dns::Name& apex);
    SourceLine source_of(const dns::ZoneFilePlace& place);
    void tell(Finding finding);

    dns::Name origin_;
    const bool includes_only_beside_;
    CompiledZone zone_;
    // Of the text, and of the draft that comes from it.
    std::shared_ptr<BlockStock> stock_ = std::make_shared<BlockStock>();
    std::optional<ZoneDraft> draft_;
    // Records in front of the SOA, which says what the zone is called. Mostly none.
    std::vector<std::pair<dns::Record, SourceLine>> early_;
    std::vector<std::string> sources_;  // Files by their numbers in SourceLine.
    size_t text_size_ = 0;
    size_t outside_count_ = 0;
    bool has_error_ = false;
};

void Compiler::tell(Finding finding) {
    has_error_ |= finding.severity == Severity::Error;
    const SourceLine source = finding.source;
    zone_.diagnostics.push_back({.severity = finding.severity,
                                 .file = source.line == 0 ? std::string() : sources_[source.file],
                                 .line = source.line,
                                 .column = source.column,
                                 .message = std::move(finding.message),
                                 .hint = std::move(finding.hint),
                                 .check = finding.check});
}

SourceLine Compiler::source_of(const dns::ZoneFilePlace& place) {
    auto file = sources_.end();
    if (!sources_.empty() && sources_.back() == place.file) {
        --file;
    } else {
        // Back from an included file, mostly: it is one of the last.
        file = std::ranges::find(sources_, place.file);
        if (file == sources_.end()) file = sources_.emplace(file, place.file);
    }
    return {static_cast<uint32_t>(place.line), static_cast<uint16_t>(file - sources_.begin()),
            static_cast<uint16_t>(place.column <= UINT16_MAX ? place.column : 0)};
}

void Compiler::begin_draft(const dns::Name& apex) {
    zone_.apex = apex;
    draft_.emplace(apex, stock_);
    draft_->expect(text_size_);
    for (const auto& [record, source] : early_) add(record, source);
    early_.clear();
}

void Compiler::add(const dns::Record& record, SourceLine source) {
    if (draft_->add(record, source)) return;
    if (outside_count_++ == kFindingsMax) return;
    tell({Severity::Error, source, "out-of-zone",
          dns::to_text(record.owner) + " is not in the zone " + dns::to_text(zone_.apex),
          "end the name without a dot to make it relative, or move it to its own zone"});
}

void Compiler::take_record(const dns::Record& record, const dns::ZoneFilePlace& place) {
    const SourceLine source = source_of(place);
    if (!draft_) {
        if (record.type == dns::RRType::SOA) {
            begin_draft(record.owner);
        } else {
            early_.emplace_back(record, source);
            return;
        }
    }
    add(record, source);
}

void Compiler::parse(std::string_view text, const std::string& file) {
    text_size_ = text.size();
    dns::ZoneFileOptions options;
    options.file = file;
    options.origin = origin_;
    if (base::usable_cores() > 1) options.piece_size = kPieceSize;
    options.read_file = [this, &file](const std::string& path) -> base::Result<std::string> {
        if (includes_only_beside_ && !is_beside(path, file)) {
            return base::fail("is not in the folder of the zone's file",
                              "--allow-include, if whoever wrote the file may have that one read");
        }
        zone_.files.push_back(FileStamp::of(path));
        return read_whole(path, std::string());
    };
    const auto errors = dns::parse_zone_file(
        text, options, [this](const dns::Record& record, const dns::ZoneFilePlace& place) {
            take_record(record, place);
        });
    for (const dns::ZoneFileError& error : errors) {
        has_error_ = true;
        zone_.diagnostics.push_back({.file = error.file,
                                     .line = error.line,
                                     .column = error.column,
                                     .message = error.reason,
                                     .hint = error.hint});
    }
}

void Compiler::read_file(const std::string& path) {
    zone_.files.push_back(FileStamp::of(path));
    const auto text = read_whole(path, StockString(stock_));
    if (text) {
        parse(*text, path);
        return;
    }
    has_error_ = true;
    zone_.diagnostics.push_back(
        {.message = text.error().message, .hint = text.error().hint, .check = "unreadable"});
}

void Compiler::compare_name(const std::optional<dns::Name>& file_name, const std::string& path) {
    if (has_error_ || (file_name && *file_name == zone_.apex)) return;
    const std::string name = dns::to_text(zone_.apex);
    const std::string stem = zone_.apex.is_root() ? "root" : name.substr(0, name.size() - 1);
    zone_.diagnostics.push_back({.severity = Severity::Warning,
                                 .file = path,
                                 .message = "the file is not named for its zone, which is " + name,
                                 .hint = "rename it to " + stem + std::string(kFileEnding),
                                 .check = "file-name"});
}

void Compiler::require_name(const dns::Name& name, const std::string& path) {
    if (has_error_ || name == zone_.apex) return;
    zone_.image = {};
    has_error_ = true;
    zone_.diagnostics.push_back(
        {.file = path,
         .message = "the zone is " + dns::to_text(zone_.apex) + ", not " + dns::to_text(name),
         .hint = "--origin " + dns::to_text(zone_.apex),
         .check = "file-name"});
}

void Compiler::arrange() {
    if (!draft_) begin_draft(origin_);
    zone_.record_count = draft_->record_count();
    draft_->arrange();
}

std::optional<ZoneDraft> Compiler::take_draft() {
    return has_error_ ? std::nullopt : std::move(draft_);
}

void Compiler::finish() {
    if (has_error_) return;
    arrange();
    for (Finding& finding : check_zone(*draft_)) {
        tell(std::move(finding));
    }
    if (has_error_) return;
    auto image = build_image(*draft_);
    if (image) {
        zone_.image = *std::move(image);
    } else {
        tell({Severity::Error, {}, "too-large", image.error().message, image.error().hint});
    }
}

void Compiler::doubt() {
    if (has_error_ || !draft_) return;
    for (Finding& finding : check_zone(*draft_)) {
        if (finding.severity == Severity::Warning) tell(std::move(finding));
    }
}

}  // namespace

std::string Diagnostic::place() const {
    std::string text = file;
    if (line > 0) text += ':' + std::to_string(line);
    if (line > 0 && column > 0) text += ':' + std::to_string(column);
    return text;
}

std::string Diagnostic::to_text() const {
    std::string text = severity == Severity::Error ? "error: " : "warning: ";
    if (!file.empty()) text += place() + ": ";
    text += message;
    if (!hint.empty()) text += "\n  try: " + hint;
    return text;
}

CompiledZone compile_zone_file(const std::string& path, const CompileOptions& options) {
    const auto file_name = zone_named_by(path);
    const auto origin = options.origin ? options.origin : file_name;
    if (!origin) {
        CompiledZone nothing;
        nothing.is_named = false;
        nothing.diagnostics.push_back(unnamed(path));
        return nothing;
    }
    Compiler compiler(*origin, options.includes_only_beside);
    compiler.read_file(path);
    compiler.finish();
    if (options.origin) {
        compiler.require_name(*options.origin, path);
    } else {
        compiler.compare_name(file_name, path);
    }
    return compiler.take();
}

CompiledZone compile_zone_text(const dns::Name& origin, std::string_view text) {
    Compiler compiler(origin);
    compiler.parse(text, "");
    compiler.finish();
    return compiler.take();
}

ZoneFileRecords read_zone_file(const std::string& path, const CompileOptions& options) {
    const auto origin = options.origin ? options.origin : zone_named_by(path);
    if (!origin) return {.draft = {}, .diagnostics = {unnamed(path)}};
    Compiler compiler(*origin, options.includes_only_beside);
    compiler.read_file(path);
    compiler.arrange();
    if (options.tells_doubts) compiler.doubt();
    ZoneFileRecords records{.draft = compiler.take_draft(), .diagnostics = {}};
    records.diagnostics = compiler.take().diagnostics;
    return records;
}

}  // namespace nearcast::zone
