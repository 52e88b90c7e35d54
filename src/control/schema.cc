// SPDX-License-Identifier: Apache-2.0

#include "control/schema.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/stored_text.h"
#include "control/zone_rows.h"

namespace nearcast::control {
namespace {

using base::Result;

// {text} is text that is compared byte by byte; {big} a number of 64 bits.
constexpr std::array kSteps{
    // 1: zones, what is in them, and how they came to be so.
    //   counter     the last sequence given away; its row is the lock that orders all writes
    //   zone        settings as in stored_text.h
    //   rrset       the current state of each set; owner absolute and in lower case
    //   change      one row a change, never altered. The current state follows from it
    //   repetition  what was done under an idempotency key
    R"(CREATE TABLE counter (name {text} PRIMARY KEY, value {big} NOT NULL);
INSERT INTO counter (name, value) VALUES ('change', 0);
CREATE TABLE zone (
    id {big} PRIMARY KEY,
    name {text} NOT NULL UNIQUE,
    settings {text} NOT NULL,
    serial {big} NOT NULL,
    sequence {big} NOT NULL,
    created_at {big} NOT NULL);
CREATE TABLE rrset (
    zone_id {big} NOT NULL,
    owner {text} NOT NULL,
    type {big} NOT NULL,
    ttl {big} NOT NULL,
    records {text} NOT NULL,
    comments {text} NOT NULL,
    PRIMARY KEY (zone_id, owner, type));
CREATE TABLE change (
    sequence {big} PRIMARY KEY,
    zone_id {big} NOT NULL,
    zone {text} NOT NULL,
    kind {big} NOT NULL,
    actor {text} NOT NULL,
    source {text} NOT NULL,
    at {big} NOT NULL,
    comment {text} NOT NULL,
    old_serial {big} NOT NULL,
    new_serial {big} NOT NULL,
    reverts {big},
    diff {text} NOT NULL);
CREATE INDEX change_of_zone ON change (zone, sequence);
CREATE TABLE repetition (
    actor {text} NOT NULL,
    name {text} NOT NULL,
    request {text} NOT NULL,
    sequence {big} NOT NULL,
    old_serial {big} NOT NULL,
    new_serial {big} NOT NULL,
    at {big} NOT NULL,
    PRIMARY KEY (actor, name));
CREATE INDEX repetition_by_age ON repetition (at);
)",
    // 2: up to which change each zone is published by which controller, and with which serial.
    R"(CREATE TABLE publication (
    controller {text} NOT NULL,
    zone_id {big} NOT NULL,
    sequence {big} NOT NULL,
    serial {big} NOT NULL,
    PRIMARY KEY (controller, zone_id));
)",
    // 3: keys of programs, as digests.
    R"(CREATE TABLE api_key (
    id {big} PRIMARY KEY,
    name {text} NOT NULL,
    digest {text} NOT NULL UNIQUE,
    scope {text} NOT NULL,
    created_at {big} NOT NULL);
)",
    // 4: what was done and by whom, each entry linked to the one before (audit.h).
    R"(CREATE TABLE audit (
    sequence {big} PRIMARY KEY,
    at {big} NOT NULL,
    actor {text} NOT NULL,
    source {text} NOT NULL,
    action {text} NOT NULL,
    subject {text} NOT NULL,
    detail {text} NOT NULL,
    link {text} NOT NULL);
)",
    // 5: the places of the network, their servers, and who may become one (network.h); which change
    // each server served when (receipts.h).
    //   pop          neighbors are text of the API's
    //   node         pin: of the key of its certificate; revoked_at 0: it is one
    //   join_token   used_at 0: it may still be used
    //   receipt      up to which change a node served all zones from then on
    //   receipt_gap  but for this zone: from that change on, until it had caught up (0: not yet)
    R"(CREATE TABLE pop (
    id {big} PRIMARY KEY,
    name {text} NOT NULL UNIQUE,
    city {text} NOT NULL,
    asn {big} NOT NULL,
    neighbors {text} NOT NULL,
    created_at {big} NOT NULL);
CREATE TABLE node (
    id {big} PRIMARY KEY,
    name {text} NOT NULL,
    pop_id {big} NOT NULL,
    pin {text} NOT NULL,
    address {text} NOT NULL,
    joined_at {big} NOT NULL,
    revoked_at {big} NOT NULL);
CREATE INDEX node_by_name ON node (name);
CREATE TABLE join_token (
    id {big} PRIMARY KEY,
    digest {text} NOT NULL UNIQUE,
    node {text} NOT NULL,
    pop_id {big} NOT NULL,
    expires_at {big} NOT NULL,
    used_at {big} NOT NULL);
CREATE TABLE receipt (
    node_id {big} NOT NULL,
    sequence {big} NOT NULL,
    at {big} NOT NULL,
    PRIMARY KEY (node_id, sequence));
CREATE INDEX receipt_by_age ON receipt (at);
CREATE TABLE receipt_gap (
    node_id {big} NOT NULL,
    zone {text} NOT NULL,
    after_sequence {big} NOT NULL,
    until_sequence {big} NOT NULL,
    ended_at {big} NOT NULL,
    PRIMARY KEY (node_id, zone, after_sequence));
)",
    // 6: keys that sign zones, sealed (key_store.h), by the zone's name: a zone that was deleted
    // and comes back needs the keys that its parent still trusts. `step` counts all that is saved.
    R"(INSERT INTO counter (name, value) VALUES ('signing_key', 0);
INSERT INTO counter (name, value) VALUES ('signing_step', 0);
CREATE TABLE signing_key (
    number {big} PRIMARY KEY,
    zone {text} NOT NULL,
    algorithm {big} NOT NULL,
    role {big} NOT NULL,
    sealed {text} NOT NULL,
    token_label {text} NOT NULL);
CREATE INDEX signing_key_of_zone ON signing_key (zone);
CREATE TABLE signing_state (
    zone {text} PRIMARY KEY,
    rollover {text} NOT NULL,
    step {big} NOT NULL);
CREATE INDEX signing_state_by_step ON signing_state (step);
)",
    // 7: who shares the controller, and the people who log in. A zone is its account's.
    //   tenant   records: of all its zones together
    //   person   tenant empty: of whoever runs the controller; totp: sealed; empty: the password is
    //   enough;
    //            totp_step: the last whose code was used
    R"(ALTER TABLE zone ADD COLUMN account {text} NOT NULL DEFAULT '';
CREATE INDEX zone_of_account ON zone (account, name);
CREATE TABLE tenant (
    name {text} PRIMARY KEY,
    plan {text} NOT NULL,
    records {big} NOT NULL,
    created_at {big} NOT NULL);
CREATE TABLE person (
    name {text} PRIMARY KEY,
    tenant {text} NOT NULL,
    access {text} NOT NULL,
    password {text} NOT NULL,
    totp {text} NOT NULL,
    totp_step {big} NOT NULL,
    created_at {big} NOT NULL);
)",
    // 8: the greatest serial that each controller ever served under a name, and with which change:
    // what comes back, or is made anew without what was stored, must be later.
    R"(CREATE TABLE served_serial (
    controller {text} NOT NULL,
    zone {text} NOT NULL,
    serial {big} NOT NULL,
    sequence {big} NOT NULL,
    PRIMARY KEY (controller, zone));
INSERT INTO served_serial (controller, zone, serial, sequence)
    SELECT controller, name, publication.serial, publication.sequence
    FROM publication JOIN zone ON id = zone_id;
)",
    // 9: answers that are told again (kept_answers.h). answer: sealed; empty: there is none yet
    R"(CREATE TABLE kept_answer (
    asker {text} NOT NULL,
    name {text} NOT NULL,
    request {text} NOT NULL,
    answer {text} NOT NULL,
    at {big} NOT NULL,
    PRIMARY KEY (asker, name));
CREATE INDEX kept_answer_by_age ON kept_answer (at);
)",
    // 10: keys that sign DNS messages (tsig_keys.h), sealed. The counter counts all that is saved.
    R"(INSERT INTO counter (name, value) VALUES ('tsig_key', 0);
CREATE TABLE tsig_key (
    id {big} PRIMARY KEY,
    name {text} NOT NULL UNIQUE,
    algorithm {text} NOT NULL,
    sealed {text} NOT NULL,
    scope {text} NOT NULL,
    created_at {big} NOT NULL);
)",
    // 11: how many records the copy of a zone has that is fetched: they are in no table, and its
    // tenant's all the same.
    R"(ALTER TABLE zone ADD COLUMN copy_records {big} NOT NULL DEFAULT 0;
)",
    // 12: where the name stands in the tree, as place_of() writes it: what is below it is one
    // range.
    R"(ALTER TABLE zone ADD COLUMN place {text} NOT NULL DEFAULT '';
CREATE INDEX zone_by_place ON zone (place);
)",
    // 13: what the serials of catalogs are beyond the sequence (catalog_serial.h); 0: not known yet
    R"(INSERT INTO counter (name, value) VALUES ('catalog', 0);
)",
    // 14: what all controllers count together, each in the minute that began then.
    //   tenant         his changes
    //   login_failure  wrong passwords under a name, whether there is such a person or not
    R"(ALTER TABLE tenant ADD COLUMN paced_since {big} NOT NULL DEFAULT 0;
ALTER TABLE tenant ADD COLUMN paced {big} NOT NULL DEFAULT 0;
CREATE TABLE login_failure (
    name {text} PRIMARY KEY,
    since {big} NOT NULL,
    failures {big} NOT NULL);
CREATE INDEX login_failure_by_age ON login_failure (since);
)"};

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
        text.replace(at, what.size(), with);
    }
}

Result<void> take_step(Session& session, Database::Dialect dialect, std::string text) {
    const bool is_sqlite = dialect == Database::Dialect::Sqlite;
    replace_all(text, "{text}", is_sqlite ? "TEXT" : "TEXT COLLATE \"C\"");
    replace_all(text, "{big}", is_sqlite ? "INTEGER" : "BIGINT");
    size_t begin = 0;
    for (size_t end = text.find(";\n"); end != std::string::npos; end = text.find(";\n", begin)) {
        if (auto done = session.run_once(text.substr(begin, end - begin)); !done) return done;
        begin = end + 2;
    }
    return {};
}

// Of zones that are older than the column.
constexpr int64_t kAccountStep = 7;
constexpr Sql kReadSettings{"SELECT id, settings FROM zone", "", "nt"};
constexpr Sql kSetAccount{"UPDATE zone SET account = :a WHERE id = :b", "tn", ""};

Result<void> fill_accounts(Session& session) {
    std::vector<std::pair<int64_t, std::string>> accounts;
    auto done = session.run(kReadSettings, {}, [&](const Row& row) {
        const std::string account = decode_settings(row.text(1)).account;
        if (!account.empty()) accounts.emplace_back(row.number(0), account);
    });
    for (const auto& [id, account] : accounts) {
        if (done) done = session.run(kSetAccount, {account, id});
    }
    return done;
}

constexpr int64_t kPlaceStep = 12;
constexpr int64_t kPlacesAtOnce = 1000;

Result<void> fill_places(Session& session) {
    std::vector<Zone> zones;
    std::string after;
    do {
        zones.clear();
        auto done = list_zones(session, after, kPlacesAtOnce,
                               [&](Zone zone) { zones.push_back(std::move(zone)); });
        if (done) done = put_places(session, zones);
        if (!done) return done;
        if (!zones.empty()) after = row_name(zones.back().name);
    } while (!zones.empty());
    return {};
}

// Two controllers that start at the same time take the steps one after the other.
Result<void> take_turn(Session& session, Database::Dialect dialect) {
    if (dialect == Database::Dialect::Sqlite) return {};  // The transaction is the only one.
    return session.run_once("SELECT pg_advisory_xact_lock(7023517)");
}

Result<int64_t> read_last_step(Session& session) {
    static constexpr Sql kLast{"SELECT COALESCE(MAX(number), 0) FROM schema_step", "", "n"};
    int64_t last = 0;
    auto done = session.run(kLast, {}, [&](const Row& row) { last = row.number(0); });
    if (!done) return std::unexpected(done.error());
    if (last <= schema_version()) return last;
    return base::fail("the database was made by a newer version of this program (step " +
                          std::to_string(last) + ", known are " + std::to_string(schema_version()) +
                          ")",
                      "start the newer version, or restore the backup made before it");
}

}  // namespace

int64_t schema_version() { return static_cast<int64_t>(kSteps.size()); }

Result<int64_t> taken_steps(Session& session, Database::Dialect dialect) {
    static constexpr Sql kFindInSqlite{
        "SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_step'", "", "n"};
    static constexpr Sql kFindInPostgresql{
        "SELECT CASE WHEN to_regclass('schema_step') IS NULL THEN 0 ELSE 1 END", "", "n"};
    const bool is_sqlite = dialect == Database::Dialect::Sqlite;
    int64_t count = 0;
    auto done = session.run(is_sqlite ? kFindInSqlite : kFindInPostgresql, {},
                            [&](const Row& row) { count = row.number(0); });
    if (!done) return std::unexpected(done.error());
    return count == 0 ? Result<int64_t>(0) : read_last_step(session);
}

Result<void> migrate(Session& session, Database::Dialect dialect) {
    auto done = take_turn(session, dialect);
    if (done) {
        done =
            session.run_once("CREATE TABLE IF NOT EXISTS schema_step (number BIGINT PRIMARY KEY)");
    }
    if (!done) return done;
    const auto found = read_last_step(session);
    if (!found) return std::unexpected(found.error());
    const int64_t last = *found;
    static constexpr Sql kTaken{"INSERT INTO schema_step (number) VALUES (:a)", "n", ""};
    for (int64_t step = last; done && step < schema_version(); ++step) {
        done = take_step(session, dialect, kSteps[static_cast<size_t>(step)]);
        if (done) done = session.run(kTaken, {Value(step + 1)});
    }
    if (done && last < kAccountStep) done = fill_accounts(session);
    if (done && last < kPlaceStep) done = fill_places(session);
    return done;
}

}  // namespace nearcast::control
