// SPDX-License-Identifier: Apache-2.0

#include "control/bootstrap_signals.h"

#include <gtest/gtest.h>

namespace nearcast::control {
namespace {

dns::Name name(const std::string& text) { return *dns::parse_name(text); }

TEST(SignallingName, IsThatOfTheRfc) {
    const auto of = [](const std::string& zone, const std::string& server) -> std::string {
        const auto found = signalling_name(name(zone), name(server));
        return found ? dns::to_text(*found) : "none";
    };
    EXPECT_EQ(of("example.co.uk.", "ns1.example.net."),
              "_dsboot.example.co.uk._signal.ns1.example.net.");
    EXPECT_EQ(of("example.org.", "ns1.example.org."), "none");
    const std::string label(60, 'a');
    EXPECT_EQ(of(label + "." + label + "." + label + ".", label + ".test."), "none");
    // Both would be _dsboot.a._signal.b._signal.c.
    EXPECT_EQ(of("a._signal.b.", "c."), "none");
    EXPECT_EQ(of("a.", "b._SIGNAL.c."), "none");
}

TEST(SignallingName, IsKnownAsOne) {
    EXPECT_TRUE(is_signalling_name(name("_dsboot.example._signal.ns1.example.net.")));
    EXPECT_FALSE(is_signalling_name(name("_signal.ns1.example.net.")));
    EXPECT_FALSE(is_signalling_name(name("_dsboot.example.net.")));
    EXPECT_FALSE(is_signalling_name(name("www.example.net.")));
}

class Signals : public testing::Test {
 protected:
    [[nodiscard]] std::vector<std::string> put(const std::string& zone, const std::string& account,
                                               const std::vector<std::string>& servers,
                                               const std::string& cds) {
        BootstrapSignal signal{.account = account};
        for (const std::string& server : servers) signal.servers.push_back(name(server));
        if (!cds.empty()) {
            signal.sets = {{name(zone), dns::RRType::CDS, 300, {{cds, false}}, {}}};
        }
        std::vector<std::string> touched;
        for (const dns::Name& each : signals.put(name(zone), signal)) {
            touched.push_back(dns::to_text(each));
        }
        return touched;
    }
    [[nodiscard]] std::vector<std::string> below(const std::string& apex,
                                                 const std::string& account = "") {
        std::vector<std::string> found;
        for (const Rrset& set : signals.below(name(apex), account)) {
            found.push_back(dns::to_text(set.owner) + " " + set.records.front().content);
        }
        return found;
    }
    using Texts = std::vector<std::string>;
    BootstrapSignals signals;
};

TEST_F(Signals, TellWhereTheyAreOtherThanBefore) {
    const std::string one = "_dsboot.a.test._signal.ns1.prov.test.";
    const std::string two = "_dsboot.a.test._signal.ns2.prov.test.";
    EXPECT_EQ(put("a.test.", "", {"ns1.prov.test.", "ns.a.test."}, "1 13 2 AA"), Texts{one});
    EXPECT_EQ(put("a.test.", "", {"ns1.prov.test."}, "1 13 2 AA"), Texts{});
    EXPECT_EQ(put("a.test.", "", {"ns1.prov.test.", "ns2.prov.test."}, "1 13 2 AA"), Texts{two});
    EXPECT_EQ(put("a.test.", "", {"ns1.prov.test.", "ns2.prov.test."}, "2 13 2 BB"),
              (Texts{one, two}));
    EXPECT_EQ(put("a.test.", "", {"ns2.prov.test."}, "2 13 2 BB"), Texts{one});
    EXPECT_EQ(below("prov.test."), Texts{two + " 2 13 2 BB"});
    EXPECT_EQ(put("a.test.", "", {"ns2.prov.test."}, ""), Texts{two});
    EXPECT_EQ(below("prov.test."), Texts{});
}

TEST_F(Signals, StandBelowTheZoneOfTheNameServerAlone) {
    EXPECT_FALSE(put("a.test.", "", {"NS1.Prov.test."}, "1 13 2 AA").empty());
    EXPECT_EQ(below("prov.test.").size(), 1U);
    EXPECT_EQ(below("ns1.prov.test.").size(), 1U);
    EXPECT_EQ(below("_signal.ns1.prov.test.").size(), 1U);
    EXPECT_EQ(below("ns2.prov.test.").size(), 0U);
    EXPECT_EQ(below("provider.test.").size(), 0U);
}

TEST_F(Signals, AreOfTheSameTenantOrInAZoneOfTheOperator) {
    EXPECT_FALSE(put("a.test.", "anna", {"ns1.prov.test."}, "1 13 2 AA").empty());
    EXPECT_FALSE(put("b.test.", "", {"ns1.prov.test."}, "2 13 2 BB").empty());
    EXPECT_EQ(below("prov.test.", "").size(), 2U);
    EXPECT_EQ(below("prov.test.", "anna").size(), 1U);
    EXPECT_EQ(below("prov.test.", "berta").size(), 0U);
}

}  // namespace
}  // namespace nearcast::control
