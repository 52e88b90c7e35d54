// SPDX-License-Identifier: Apache-2.0

#include "control/kept_answers.h"

#include <utility>
#include <vector>

#include "control/zone_rows.h"
#include "dns/encoding.h"

namespace nearcast::control {
namespace {

using base::Result;
using Kind = ChangeError::Kind;

constexpr Timestamp kAge = std::chrono::hours(24);

constexpr Sql kFind{"SELECT request, answer FROM kept_answer WHERE asker = :a AND name = :b", "tt",
                    "tt"};
constexpr Sql kBegin{
    "INSERT INTO kept_answer (asker, name, request, answer, at) VALUES (:a, :b, :c, '', :d)",
    "tttn", ""};
constexpr Sql kKeep{"UPDATE kept_answer SET answer = :a WHERE asker = :b AND name = :c", "ttt", ""};
constexpr Sql kForget{"DELETE FROM kept_answer WHERE asker = :a AND name = :b", "tt", ""};
constexpr Sql kForgetOld{"DELETE FROM kept_answer WHERE at < :a", "n", ""};

struct Kept {
    std::string request;
    std::string answer;  // In hex; empty: there is none yet.
};

std::string label_of(const KeptAnswers::Question& question) {
    return "answer to " + question.asker + ' ' + question.name;
}

Outcome<void> told(const Result<void>& done) {
    if (!done) return unavailable(done.error());
    return {};
}

}  // namespace

Outcome<std::optional<std::string>> KeptAnswers::begin(const Question& question, Timestamp now) {
    std::optional<Kept> kept;
    const auto done = database_.write([&](Session& session) -> Result<void> {
        kept.reset();
        // One after the other: the second finds what the first began.
        if (auto turn = take_sequences(session, 0); !turn) return std::unexpected(turn.error());
        auto ran = session.run(kForgetOld, {int64_t{(now - kAge).count()}});
        if (!ran) return ran;
        ran = session.run(kFind, {question.asker, question.name},
                          [&](const Row& row) { kept = Kept{row.text(0), row.text(1)}; });
        if (!ran || kept) return ran;
        return session.run(kBegin,
                           {question.asker, question.name, question.request, int64_t{now.count()}});
    });
    if (!done) return unavailable(done.error());
    if (!kept) return std::nullopt;
    if (kept->request != question.request) {
        return refuse(Kind::Invalid, "the idempotency key was used for another request");
    }
    if (kept->answer.empty()) {
        return refuse(Kind::Exists,
                      "the request under this idempotency key is being answered, or the controller "
                      "ended meanwhile: look whether it was done");
    }
    auto answer = open(question, kept->answer);
    if (!answer) return std::unexpected(answer.error());
    return *std::move(answer);
}

Outcome<void> KeptAnswers::keep(const Question& question, const std::string& answer) {
    std::string hex;
    dns::append_hex(sealing_.seal(label_of(question), answer), hex);
    return told(database_.write([&](Session& session) {
        return session.run(kKeep, {hex, question.asker, question.name});
    }));
}

Outcome<void> KeptAnswers::forget(const Question& question) {
    return told(database_.write(
        [&](Session& session) { return session.run(kForget, {question.asker, question.name}); }));
}

Outcome<std::string> KeptAnswers::open(const Question& question, const std::string& hex) const {
    std::vector<uint8_t> sealed;
    dns::HexDecoder decoder;
    const bool is_hex = decoder.feed(hex, sealed) && decoder.finish();
    auto answer = sealing_.open(label_of(question), sealed);
    if (is_hex && answer) return *std::move(answer);
    return refuse(Kind::Unavailable,
                  "the kept answer cannot be opened: is the key file that of this database?");
}

}  // namespace nearcast::control
