// SPDX-License-Identifier: Apache-2.0

#include "control/edit_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/stored_text.h"

namespace nearcast::control {
namespace {

using dns::RRType;
using testing::HasSubstr;
using Kind = RrsetEdit::Kind;

dns::Name name(std::string_view text) {
    const auto apex = *dns::parse_name("example.org.");
    return *dns::parse_name(text, &apex);
}

std::vector<RecordText> records(const std::vector<std::string>& contents) {
    std::vector<RecordText> list;
    for (const std::string& content : contents) list.push_back({content, false});
    return list;
}

RrsetEdit edit(Kind kind, std::string_view owner, RRType type,
               const std::vector<std::string>& contents = {}) {
    return {kind, name(owner), type, 300, records(contents), std::nullopt};
}

class PlanEdits : public testing::Test {
 protected:
    void given(std::string_view owner, RRType type, const std::vector<std::string>& contents) {
        current_[dns::key_of(name(owner))].push_back(
            {name(owner), type, 300, records(contents), {}});
    }

    // The diff as text, or the first fault.
    std::string plan(const std::vector<RrsetEdit>& edits) {
        const auto planned = plan_edits(name("@"), current_, edits);
        if (!planned) return to_text(planned.error().front());
        return encode_diff({.rrsets = *planned, .settings_before = {}, .settings_after = {}});
    }

    RrsetsByName current_;
};

TEST_F(PlanEdits, ReplacesAWholeSet) {
    given("www", RRType::A, {"192.0.2.1", "192.0.2.2"});
    EXPECT_EQ(plan({edit(Kind::Replace, "WWW", RRType::A, {"192.0.2.3"})}),
              "@ www.example.org. A\n- 300\n-+192.0.2.1\n-+192.0.2.2\n+ 300\n++192.0.2.3\n");
    EXPECT_EQ(plan({edit(Kind::Replace, "new", RRType::A, {"192.0.2.3"})}),
              "@ new.example.org. A\n+ 300\n++192.0.2.3\n");
}

TEST_F(PlanEdits, KeepsTheTtlOfASetWhereThatIsWanted) {
    given("www", RRType::A, {"192.0.2.1"});
    RrsetEdit kept = edit(Kind::Replace, "www", RRType::A, {"192.0.2.3"});
    kept.ttl = 60;
    kept.keeps_ttl = true;
    EXPECT_EQ(plan({kept}), "@ www.example.org. A\n- 300\n-+192.0.2.1\n+ 300\n++192.0.2.3\n");
    kept.owner = name("new");
    EXPECT_EQ(plan({kept}), "@ new.example.org. A\n+ 60\n++192.0.2.3\n");
}

TEST_F(PlanEdits, RemovesASet) {
    given("www", RRType::A, {"192.0.2.1"});
    const std::string gone = "@ www.example.org. A\n- 300\n-+192.0.2.1\n";
    EXPECT_EQ(plan({edit(Kind::Delete, "www", RRType::A)}), gone);
    EXPECT_EQ(plan({edit(Kind::Replace, "www", RRType::A)}), gone);
    EXPECT_EQ(plan({edit(Kind::Prune, "www", RRType::A, {"192.0.2.1"})}), gone);
}

TEST_F(PlanEdits, FindsNothingToDo) {
    given("www", RRType::A, {"192.0.2.1"});
    EXPECT_EQ(plan({edit(Kind::Replace, "www", RRType::A, {"192.0.2.1"})}), "");
    EXPECT_EQ(plan({edit(Kind::Delete, "none", RRType::A)}), "");
    EXPECT_EQ(plan({edit(Kind::Delete, "elsewhere.example.", RRType::A)}), "");
    EXPECT_EQ(plan({edit(Kind::Prune, "www", RRType::A, {"192.0.2.9"})}), "");
    // Of what adds nothing no TTL is read either.
    RrsetEdit none = edit(Kind::Extend, "www", RRType::A);
    none.ttl = 0;
    EXPECT_EQ(plan({none}), "");
}

TEST_F(PlanEdits, ExtendsAndPrunesByTheDataOfRecords) {
    given("@", RRType::MX, {"10 Mail.example.org."});
    EXPECT_EQ(plan({edit(Kind::Extend, "@", RRType::MX, {"20 other.example.org."})}),
              "@ example.org. MX\n- 300\n-+10 Mail.example.org.\n"
              "+ 300\n++10 Mail.example.org.\n++20 other.example.org.\n");
    EXPECT_EQ(plan({edit(Kind::Prune, "@", RRType::MX, {"10 mail.EXAMPLE.org."})}),
              "@ example.org. MX\n- 300\n-+10 Mail.example.org.\n");
}

TEST_F(PlanEdits, RefusesANameInUnicode) {
    given("@", RRType::MX, {"10 mäil.example.org."});
    EXPECT_THAT(plan({edit(Kind::Replace, "www", RRType::CNAME, {"bücher.example."})}),
                HasSubstr("xn--bcher-kva"));
    EXPECT_THAT(plan({edit(Kind::Replace, "www", RRType::TXT, {"\"bücher\""})}),
                HasSubstr("++\"bücher\""));
    // Of one that is there more may be had, or it may go.
    EXPECT_THAT(plan({edit(Kind::Extend, "@", RRType::MX, {"20 mail.example.org."})}),
                HasSubstr("++20 mail"));
}

TEST_F(PlanEdits, JudgesTheNameAsItIsInTheEnd) {
    given("www", RRType::A, {"192.0.2.1"});
    const RrsetEdit alias = edit(Kind::Replace, "www", RRType::CNAME, {"example.net."});
    EXPECT_THAT(plan({alias}),
                "RRset www.example.org. IN CNAME: Conflicts with pre-existing RRset");
    EXPECT_THAT(plan({edit(Kind::Delete, "www", RRType::A), alias}), HasSubstr("++example.net."));
    EXPECT_THAT(plan({alias, edit(Kind::Delete, "www", RRType::A)}), HasSubstr("++example.net."));
}

TEST_F(PlanEdits, KeepsRecordsWhenOnlyCommentsAreGiven) {
    given("www", RRType::A, {"192.0.2.1"});
    RrsetEdit comments = edit(Kind::Replace, "www", RRType::A);
    comments.records.reset();
    comments.comments = {{"why\nnot", "me", std::chrono::seconds(5)}};
    EXPECT_EQ(plan({comments}),
              "@ www.example.org. A\n- 300\n-+192.0.2.1\n"
              "+ 300\n++192.0.2.1\n+#5\tme\twhy\\nnot\n");
}

TEST_F(PlanEdits, RefusesWhatCannotBe) {
    given("@", RRType::SOA, {"ns1.example.org. hostmaster.example.org. 1 2 3 4 5"});
    EXPECT_EQ(plan({edit(Kind::Replace, "a.other.", RRType::A, {"192.0.2.1"})}),
              "RRset a.other. IN A: Name is out of zone");
    EXPECT_EQ(plan({edit(Kind::Replace, "a", RRType::CNAME, {"b.example.org"})}),
              "Record a.example.org./CNAME 'b.example.org': Not in expected format (parsed as "
              "'b.example.org.')");
    EXPECT_EQ(plan({edit(Kind::Replace, "a", RRType::TXT, {"unquoted"})}),
              "Record a.example.org./TXT 'unquoted': Not in expected format (parsed as "
              "'\"unquoted\"')");
    EXPECT_THAT(plan({edit(Kind::Replace, "a", RRType::A, {"192.0.2.1 ; x"})}), HasSubstr("';'"));
    EXPECT_THAT(plan({edit(Kind::Replace, "a", RRType::A, {"192.0.2.1\nb A 192.0.2.2"})}),
                HasSubstr("Not one line"));
    EXPECT_THAT(plan({edit(Kind::Replace, "a", RRType::A, {"192.0.2.1", "192.0.2.1"})}),
                HasSubstr("Duplicate record in RRset"));
    EXPECT_THAT(plan({edit(Kind::Replace, "a", RRType::A, {"192.0.2.1"}),
                      edit(Kind::Replace, "A", RRType::A, {"192.0.2.1"})}),
                HasSubstr("Duplicate RRset"));
    EXPECT_THAT(plan({edit(Kind::Replace, "a", RRType::CNAME, {"b.example.", "c.example."})}),
                HasSubstr("Only one"));
    EXPECT_THAT(plan({edit(Kind::Delete, "@", RRType::SOA)}), HasSubstr("needs its SOA"));
    EXPECT_THAT(plan({edit(Kind::Replace, "a", RRType::NSEC, {"b.example. A"})}),
                HasSubstr("not for clients"));
}

TEST_F(PlanEdits, RefusesWhatNoMessageCanHold) {
    std::vector<std::string> addresses;
    for (int i = 0; i < 3750; ++i) {
        addresses.push_back("10.0." + std::to_string(i / 250) + '.' + std::to_string(i % 250));
    }
    EXPECT_THAT(plan({edit(Kind::Replace, "a", RRType::A, addresses)}), HasSubstr("++10.0.14.249"));
    addresses.push_back("192.0.2.1");
    EXPECT_THAT(plan({edit(Kind::Replace, "a", RRType::A, addresses)}), HasSubstr("too large"));
    addresses.pop_back();
    given("b", RRType::A, addresses);
    EXPECT_THAT(plan({edit(Kind::Extend, "b", RRType::A, {"192.0.2.1"})}), HasSubstr("too large"));
}

TEST_F(PlanEdits, RefusesACutAndADnameAtOneName) {
    const std::string conflict = "Conflicts with pre-existing RRset";
    given("moved", RRType::DNAME, {"example.net."});
    EXPECT_THAT(plan({edit(Kind::Replace, "moved", RRType::NS, {"ns1.example.net."})}),
                HasSubstr(conflict));
    given("cut", RRType::NS, {"ns1.example.net."});
    EXPECT_THAT(plan({edit(Kind::Replace, "cut", RRType::DNAME, {"example.net."})}),
                HasSubstr(conflict));
    EXPECT_THAT(plan({edit(Kind::Delete, "moved", RRType::DNAME),
                      edit(Kind::Replace, "moved", RRType::NS, {"ns1.example.net."})}),
                HasSubstr("++ns1"));
}

TEST_F(PlanEdits, TakesWhatClientsWrite) {
    for (const auto& [type, content] : std::vector<std::pair<RRType, std::string>>{
             {RRType::TXT, R"("semi\; colon")"},
             {RRType::TXT, R"("with ; within")"},
             {RRType::HTTPS, "1 . alpn=h2,h3"},
             {RRType::LOC, "31 58 52.100 S 115 49 11.700 E 20.00m 10.00m 10.00m 2.00m"},
             {RRType::SRV, "0 5 5060 mail.example.org."}}) {
        EXPECT_THAT(plan({edit(Kind::Replace, "a", type, {content})}), HasSubstr("++" + content));
    }
}

TEST_F(PlanEdits, RevertsOnlyWhatIsAsTheChangeLeftIt) {
    given("www", RRType::A, {"192.0.2.2"});
    const Rrset before{name("www"), RRType::A, 300, records({"192.0.2.1"}), {}};
    const Rrset after{name("www"), RRType::A, 300, records({"192.0.2.2"}), {}};
    const auto back = plan_revert(name("@"), current_, {.rrsets = {{before, after}}});
    ASSERT_TRUE(back);
    EXPECT_EQ(encode_diff({.rrsets = *back}),
              "@ www.example.org. A\n- 300\n-+192.0.2.2\n+ 300\n++192.0.2.1\n");
    const auto stale = plan_revert(name("@"), current_, {.rrsets = {{after, before}}});
    ASSERT_FALSE(stale);
    EXPECT_EQ(stale.error().front().reason, "Has changed since");
}

TEST(StoredText, ComesBackAsItWas) {
    Diff diff;
    diff.settings_before = ZoneSettings{};
    diff.settings_after = ZoneSettings{.kind = ZoneKind::Slave, .masters = {"192.0.2.1", "::1"}};
    diff.rrsets.push_back({Rrset{name("a b"),
                                 RRType::TXT,
                                 5,
                                 {{"\"tab\t\"", true}},
                                 {{"two\nlines", "x\\y", std::chrono::seconds(9)}}},
                           std::nullopt});
    const std::string text = encode_diff(diff);
    const auto read = decode_diff(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(encode_diff(*read), text);
    EXPECT_EQ(*read->settings_after, *diff.settings_after);
    EXPECT_EQ(read->rrsets[0].before->comments, diff.rrsets[0].before->comments);
    EXPECT_TRUE(read->rrsets[0].before->records[0].is_disabled);
    EXPECT_FALSE(decode_diff("x\n"));
    EXPECT_FALSE(decode_diff("++192.0.2.1\n"));
}

}  // namespace
}  // namespace nearcast::control
