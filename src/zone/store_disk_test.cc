// SPDX-License-Identifier: Apache-2.0

// The store on a real file system, with things in its directory that are not its own.

#include "zone/store_disk.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "zone/ledger.h"
#include "zone/zone_fixture.h"

namespace nearcast::zone {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const dns::Name kApex = *dns::parse_name("example.org.");

std::string soa(uint32_t serial) {
    return "@ 60 SOA n. h. " + std::to_string(serial) + " 2 3 4 5\n";
}

class StoreDirectory : public testing::Test {
 protected:
    StoreDirectory() {
        std::string pattern = testing::TempDir() + "store_disk_test.XXXXXX";
        folder_ = mkdtemp(pattern.data());
    }
    ~StoreDirectory() override {
        ledger_.reset();
        fs::remove_all(folder_);
    }

    [[nodiscard]] fs::path store() const { return folder_ / "store"; }
    // Of the number in hexadecimal digits.
    [[nodiscard]] fs::path segment(const std::string& digits) const {
        return store() / ("segment-00000000000000" + digits);
    }

    void start() {
        ledger_.reset();
        table_ = std::make_unique<ZoneTable>();
        auto opened = ZoneLedger::open(store(), *table_);
        ASSERT_TRUE(opened) << opened.error().message;
        ledger_ = *std::move(opened);
    }
    void load_file(uint32_t serial) {
        ASSERT_TRUE(ledger_->replace(kApex, image_of(soa(serial) + "@ 60 NS n.\n"),
                                     {.kind = ZoneOrigin::Kind::File}));
    }
    base::Result<void> update(uint32_t serial) {
        return ledger_->apply(
            kApex, change_of(soa(serial - 1),
                             soa(serial) + "s" + std::to_string(serial) + " 60 A 192.0.2.1\n"));
    }
    std::optional<uint32_t> served() {
        const auto pinned = table_->pin(kApex);
        return pinned ? std::optional(pinned->version().serial()) : std::nullopt;
    }

    fs::path folder_;
    std::unique_ptr<ZoneTable> table_;
    std::unique_ptr<ZoneLedger> ledger_;
};

TEST_F(StoreDirectory, WorksOnBesideThingsThatAreNoSegments) {
    start();
    load_file(7);
    ASSERT_TRUE(update(8));
    fs::create_directory(segment("02"));
    fs::create_symlink(segment("01"), segment("03"));
    ASSERT_EQ(::mkfifo(segment("04").c_str(), 0600), 0);
    std::ofstream(segment("05")) << "not what it is called";
    fs::create_directory(store() / "segment-0000000000000006.new");
    start();
    EXPECT_THAT(ledger_->damages(), testing::UnorderedElementsAre(
                                        HasSubstr("0002 is no file"), HasSubstr("0003 is no file"),
                                        HasSubstr("0004 is no file"), HasSubstr("heads is whole")));
    EXPECT_TRUE(ledger_->restore(kApex));
    EXPECT_EQ(served(), 8U);
    EXPECT_TRUE(update(9));
    for (const char* const digits : {"02", "03", "04"}) fs::remove(segment(digits));
    start();
    EXPECT_THAT(ledger_->damages(), testing::IsEmpty());
    EXPECT_TRUE(ledger_->restore(kApex));
    EXPECT_EQ(served(), 9U);
}

TEST_F(StoreDirectory, TakesNothingThatNoStartWouldFind) {
    start();
    load_file(7);
    ASSERT_TRUE(update(8));
    std::vector<std::string> told;
    ledger_->on_trouble([&](const std::optional<base::Error>& trouble) {
        told.push_back(trouble ? trouble->hint : "over");
    });
    fs::rename(store(), folder_ / "elsewhere");
    EXPECT_FALSE(ledger_->sync());
    for (int i = 0; i < 2; ++i) {
        const auto refused = update(9);
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().message, HasSubstr(store().string() + " was moved"));
        // Another one in its place is not this one.
        fs::create_directory(store());
    }
    EXPECT_THAT(told, testing::ElementsAre(HasSubstr("put it back")));
    EXPECT_EQ(served(), 8U);
    fs::remove(store());
    fs::rename(folder_ / "elsewhere", store());
    EXPECT_TRUE(update(9));
    EXPECT_EQ(told.back(), "over");
    start();
    EXPECT_TRUE(ledger_->restore(kApex));
    EXPECT_EQ(served(), 9U);
}

TEST_F(StoreDirectory, SaysTheWayOutWhenItCannotBeOpened) {
    std::ofstream(store()) << "a file in its place";
    ZoneTable table;
    const auto opened = ZoneLedger::open(store(), table);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, HasSubstr("zone store " + store().string()));
    EXPECT_THAT(opened.error().hint, HasSubstr("a directory"));
}

}  // namespace
}  // namespace nearcast::zone
