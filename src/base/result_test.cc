// SPDX-License-Identifier: Apache-2.0

#include "base/result.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace nearcast::base {
namespace {

Result<int> read_line() { return fail("MX needs a host", "MX 10 mail.example.org."); }

Result<int> read_zone() {
    const Result<int> line = read_line();
    if (!line) return within("line 14", line.error());
    return *line;
}

TEST(Error, GathersContextOnItsWayUp) {
    EXPECT_EQ(read_zone().error().message, "line 14: MX needs a host");
}

TEST(Error, ShowsTheWayOutOnALineOfItsOwn) {
    EXPECT_EQ(to_text(read_zone().error()),
              "line 14: MX needs a host\n  try: MX 10 mail.example.org.");
    EXPECT_EQ(to_text({"broken"}), "broken");
}

TEST(Error, NamesTheSystemsReason) {
    EXPECT_EQ(fail_errno("open /x", ENOENT).error().message, "open /x: No such file or directory");
}

}  // namespace
}  // namespace nearcast::base
