// SPDX-License-Identifier: Apache-2.0

#include "zone/zone_folder.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace nearcast::zone {
namespace {

namespace fs = std::filesystem;

TEST(ZoneFileNames, LeaveOutWhatIsHidden) {
    EXPECT_TRUE(is_zone_file("example.org.zone"));
    EXPECT_TRUE(is_zone_file("example..org.zone"));  // It is told what is the matter with it.
    for (const std::string_view name : {".zone", ".#example.org.zone", "._example.org.zone",
                                        "example.org.zone~", "example.org"}) {
        EXPECT_FALSE(is_zone_file(name)) << name;
    }
}

TEST(ZoneFilesIn, ListsTheFilesOfZonesByTheirNames) {
    const fs::path folder =
        fs::path(testing::TempDir()) / ("zone_folder_test." + std::to_string(::getpid()));
    fs::create_directories(folder / "more.zone" / "below.zone");
    for (const char* name : {"b.zone", "a.zone", "a-b.zone", "notes", ".c.zone"}) {
        std::ofstream(folder / name) << "text";
    }
    const std::string start = folder.string() + '/';
    const std::vector<std::string> expected = {start + "a-b.zone", start + "a.zone",
                                               start + "b.zone", start + "more.zone"};
    EXPECT_EQ(zone_files_in(folder.string()).value_or(std::vector<std::string>()), expected);
    EXPECT_EQ(zone_files_in(start).value_or(std::vector<std::string>()), expected);
    fs::remove_all(folder);

    const auto gone = zone_files_in(folder.string());
    ASSERT_FALSE(gone);
    EXPECT_TRUE(gone.error().message.contains(folder.string())) << gone.error().message;
    EXPECT_NE(gone.error().hint, "");
}

}  // namespace
}  // namespace nearcast::zone
