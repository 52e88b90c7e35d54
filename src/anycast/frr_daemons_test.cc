// SPDX-License-Identifier: Apache-2.0

#include "anycast/frr_daemons.h"

#include <gtest/gtest.h>

namespace nearcast::anycast {
namespace {

TEST(FrrDaemons, AreSwitchedOnWhereTheyAreOff) {
    EXPECT_EQ(with_frr_daemons("# bgpd=no\nbgpd=no\nospfd=no\nbfdd=no\nbgpd_options=\" -A ::1\"\n"),
              "# bgpd=no\nbgpd=yes\nospfd=no\nbfdd=yes\nbgpd_options=\" -A ::1\"\n");
}

TEST(FrrDaemons, AreAddedWhereTheyAreMissing) {
    EXPECT_EQ(with_frr_daemons("vtysh_enable=yes"), "vtysh_enable=yes\nbgpd=yes\nbfdd=yes\n");
    EXPECT_EQ(with_frr_daemons(""), "bgpd=yes\nbfdd=yes\n");
}

TEST(FrrDaemons, ThatRunStayAsTheyAre) {
    const std::string text = "bgpd=yes\nbfdd=yes\n";
    EXPECT_EQ(with_frr_daemons(text), text);
}

}  // namespace
}  // namespace nearcast::anycast
