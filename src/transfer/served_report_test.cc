// SPDX-License-Identifier: Apache-2.0

#include "transfer/served_report.h"

#include <gtest/gtest.h>

namespace nearcast::transfer {
namespace {

const dns::Name kCatalog = *dns::parse_name("catalog.nearcast.");

ServedReport there_and_back(const ServedReport& report) {
    const auto read = read_served_report(write_served_report(report, 7), report.catalog);
    return read.value_or(ServedReport{.catalog = {}});
}

TEST(ServedReport, SaysWhatWasTold) {
    const ServedReport nothing{.catalog = kCatalog};
    EXPECT_EQ(there_and_back(nothing), nothing);
    const ServedReport all{.catalog = kCatalog, .serial = 2026112601};
    EXPECT_EQ(there_and_back(all), all);
    const ServedReport some{
        .catalog = kCatalog,
        .serial = 4'294'967'295,
        .late = {{*dns::parse_name("a.example."), "the primary does not answer"},
                 {*dns::parse_name("b.example."), ""}}};
    EXPECT_EQ(there_and_back(some), some);
}

TEST(ServedReport, FitsInAMessageHoweverLongItIs) {
    ServedReport report{.catalog = kCatalog, .serial = 1};
    const std::string label(63, 'x');
    const auto zone = *dns::parse_name(label + '.' + label + '.' + label + '.');
    report.late.assign(ServedReport::kLateMax, {zone, std::string(1000, 'r')});
    EXPECT_LT(write_served_report(report, 1).size(), 65'000U);
    EXPECT_EQ(there_and_back(report).late.back().reason,
              std::string(ServedReport::kReasonSizeMax, 'r'));
}

TEST(ServedReport, IsRefusedWhenItIsLongerThanItMayBe) {
    ServedReport report{.catalog = kCatalog};
    report.late.assign(ServedReport::kLateMax + 1, {kCatalog, ""});
    EXPECT_FALSE(read_served_report(write_served_report(report, 1), kCatalog));
}

TEST(ServedReport, IsRefusedWhenItIsNotWhole) {
    const ServedReport report{.catalog = kCatalog, .serial = 1, .late = {{kCatalog, "late"}}};
    const std::vector<uint8_t> message = write_served_report(report, 1);
    for (size_t size = 12; size < message.size(); ++size) {
        EXPECT_FALSE(read_served_report(std::span(message).first(size), kCatalog)) << size;
    }
}

}  // namespace
}  // namespace nearcast::transfer
