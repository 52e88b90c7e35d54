// SPDX-License-Identifier: Apache-2.0
//
// The log: an event name that never changes, then facts, one line each on stderr.
//
//   log::info("zone_loaded", {{"zone", "example.org"}, {"serial", "2026112301"}});
//   2026-11-23T01:50:00.123Z info zone_loaded zone=example.org serial=2026112301
//
// Safe from any thread. Hardly waits: while nobody reads stderr, lines are dropped, and the next
// that gets through says how many. Never called for a single query: the query path counts instead.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nearcast::base::log {

// A value with a space, a quote or a control character is printed quoted and escaped.
using Fact = std::pair<std::string_view, std::string>;
using Facts = std::initializer_list<Fact>;

void info(std::string_view event, Facts facts = {});
void warning(std::string_view event, Facts facts = {});
void error(std::string_view event, Facts facts = {});

// How often each event was logged, with those whose lines were dropped. Events beyond the first 256
// are counted together, as "other": they are names in this program, of which there are fewer.
[[nodiscard]] std::vector<std::pair<std::string, uint64_t>> event_counts();

// Under systemd a line carries no time of its own, but its priority ("<4>"), for the journal.
void use_journal_format();

}  // namespace nearcast::base::log
