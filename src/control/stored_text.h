// SPDX-License-Identifier: Apache-2.0
//
// The text columns of the database, which a person can read there: the records and comments of an
// RRset, settings, and the diff of a change.
//
// One line an item. A line of records begins with '+' for one that is served and '-' for one that
// is disabled; its data are as they were sent, which is without line ends. In comments and settings
// a newline, a tab or a backslash is escaped (\n, \t, \\).

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/model.h"

namespace nearcast::control {

[[nodiscard]] std::string encode_records(const std::vector<RecordText>& records);
[[nodiscard]] std::vector<RecordText> decode_records(std::string_view text);

[[nodiscard]] std::string encode_comments(const std::vector<Comment>& comments);
[[nodiscard]] std::vector<Comment> decode_comments(std::string_view text);

// Settings that are as in ZoneSettings{} are left out.
[[nodiscard]] std::string encode_settings(const ZoneSettings& settings);
// A line that this program does not know is left alone: a newer one may have written it.
[[nodiscard]] ZoneSettings decode_settings(std::string_view text);

//     @ www.example.org. A
//     - 300
//     -+192.0.2.1
//     + 600
//     ++192.0.2.1
//     +#1700000000 TAB account TAB content     (a comment)
//     -$kind=Native                            (a line of the settings)
[[nodiscard]] std::string encode_diff(const Diff& diff);
// Nothing when it is no such text: the row was damaged.
[[nodiscard]] std::optional<Diff> decode_diff(std::string_view text);

}  // namespace nearcast::control
