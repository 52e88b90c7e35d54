// SPDX-License-Identifier: Apache-2.0

#include "client/contexts.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "tls/test_keys.h"

namespace nearcast::client {
namespace {

namespace fs = std::filesystem;

class ContextsTest : public testing::Test {
 protected:
    static Context context(const std::string& name) {
        return {name,
                {.url = "https://" + name + ".example:8053",
                 .key = "key \"of\" \\" + name,
                 .ca = "/etc/" + name + ".pem",
                 .pin = std::string(tls::kServerPin)}};
    }
    [[nodiscard]] Wish wish(const std::string& name = "") const {
        const fs::path folder = fs::path(path_).parent_path();
        return {path_, name, folder / "controller", folder / "lab.toml"};
    }
    void write(const std::vector<std::string>& names) {
        Contexts contexts;
        for (const std::string& name : names) ASSERT_TRUE(contexts.add(context(name)));
        ASSERT_TRUE(contexts.write(path_));
    }

    tls::TestFolder folder_;
    std::string path_ =
        contexts_path(fs::path(folder_.write("mark", "")).parent_path().c_str(), "");
};

TEST_F(ContextsTest, AreReadAsTheyWereWritten) {
    write({"home", "lab"});
    const auto contexts = Contexts::read(path_);
    ASSERT_TRUE(contexts) << contexts.error().message;
    EXPECT_EQ(contexts->current(), "home");
    ASSERT_EQ(contexts->all().size(), 2U);
    EXPECT_EQ(contexts->all()[1].name, "lab");
    EXPECT_EQ(contexts->all()[1].target, context("lab").target);
}

TEST_F(ContextsTest, AreForTheirOwnerAlone) {
    write({"home"});
    EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    fs::permissions(path_, fs::perms::group_read, fs::perm_options::add);
    const auto contexts = Contexts::read(path_);
    ASSERT_FALSE(contexts);
    EXPECT_EQ(contexts.error().hint, "chmod 600 " + path_);
}

TEST_F(ContextsTest, AreToldOfMistakes) {
    Contexts contexts;
    EXPECT_FALSE(contexts.add(context("a name")));
    Context wrong = context("home");
    wrong.target.url = "home";
    EXPECT_FALSE(contexts.add(wrong));
    wrong = context("home");
    wrong.target.pin = "sha256/none";
    EXPECT_FALSE(contexts.add(wrong));
    wrong = context("home");
    wrong.target.key = "two\nlines";
    EXPECT_FALSE(contexts.add(wrong));
    EXPECT_TRUE(contexts.all().empty());
    ASSERT_TRUE(contexts.add(context("home")));
    EXPECT_FALSE(contexts.add(context("home")));
    EXPECT_FALSE(contexts.use("lab"));
    EXPECT_FALSE(contexts.remove("lab"));
    EXPECT_TRUE(contexts.remove("home"));
    EXPECT_EQ(contexts.current(), "");
}

TEST_F(ContextsTest, TheOneWishedForComesBeforeTheCurrentOne) {
    write({"home", "lab"});
    EXPECT_EQ(choose_context(wish())->name, "home");
    EXPECT_EQ(choose_context(wish("lab"))->name, "lab");
    EXPECT_FALSE(choose_context(wish("moon")));
}

TEST_F(ContextsTest, WithoutAnyTheControllerOnThisMachineIsMeant) {
    const auto none = choose_context(wish());
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().hint.find("nearcast context add"), std::string::npos);
    fs::create_directories(wish().controller_directory);
    (void)folder_.write("nearcast/controller/admin.key", "secret\n");
    const auto local = choose_context(wish());
    ASSERT_TRUE(local);
    EXPECT_EQ(local->target.key, "secret");
    EXPECT_EQ(local->target.url, "https://localhost:8053");
    EXPECT_EQ(local->target.ca, wish().controller_directory + "/api.pem");
}

TEST_F(ContextsTest, TheLabIsMeantWhenNothingElseIsThere) {
    Contexts lab;
    ASSERT_TRUE(lab.add(context("lab")));
    ASSERT_TRUE(lab.write(wish().lab_file));
    EXPECT_EQ(choose_context(wish())->name, "lab");
    write({"home"});
    EXPECT_EQ(choose_context(wish())->name, "home");
    EXPECT_EQ(choose_context(wish("lab"))->name, "lab");
    EXPECT_FALSE(choose_context(wish("moon")));
    write({"home", "lab"});
    EXPECT_EQ(choose_context(wish("lab"))->target, context("lab").target) << "one's own first";
}

TEST(ContextsPath, FollowsTheEnvironment) {
    EXPECT_EQ(contexts_path("/x", "/home/me"), "/x/nearcast/contexts.toml");
    EXPECT_EQ(contexts_path(nullptr, "/home/me"), "/home/me/.config/nearcast/contexts.toml");
    EXPECT_EQ(contexts_path("", "/home/me"), "/home/me/.config/nearcast/contexts.toml");
}

}  // namespace
}  // namespace nearcast::client
