// SPDX-License-Identifier: Apache-2.0

#include "base/config_file.h"

#include <gtest/gtest.h>

namespace nearcast::base {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kExample = R"(name = "sin1"
delay = "20ms"

[serve]
threads = 4
listen = ["192.0.2.53:53"]

[[neighbor]]
asn = 65001
[[neighbor]]
asn = 65002
)";

ConfigFile parsed(std::string_view text) { return *ConfigFile::parse(text, "node.toml"); }

// Reads what kExample holds out of `text`, and returns the error as the operator sees it.
std::string problem_of(std::string_view text) {
    auto file = ConfigFile::parse(text, "node.toml");
    if (!file) return file.error().message;
    std::string name;
    std::chrono::milliseconds delay{};
    uint64_t number = 0;
    std::vector<std::string> listen;
    file->root().require("name", "\"sin1\"");
    file->root().read("name", name, "\"sin1\"");
    file->root().read("delay", delay, "\"20ms\"");
    ConfigTable serve = file->root().table("serve");
    serve.read_number("threads", number, {0, 64}, "4");
    serve.read("listen", listen, "[\"192.0.2.53:53\"]");
    for (ConfigTable each : file->root().tables("neighbor")) {
        each.read_number("asn", number, {1, UINT32_MAX}, "65001");
    }
    const auto done = file->finish();
    return done ? "" : to_text(done.error());
}

TEST(ConfigFile, WhatIsLeftToSomebodyElseIsNotUnknown) {
    ConfigFile file = parsed("[theirs]\nkey = 1\n");
    file.root().leave("theirs");
    file.root().leave("absent");
    EXPECT_TRUE(file.finish().has_value());
}

TEST(ConfigFile, LeavesTheRestToOthersButNotInWhatItReads) {
    ConfigFile file = parsed("[theirs]\nkey = 1\n[ours]\nkey = 1\n");
    (void)file.root().table("ours");
    file.root().leave_rest();
    const auto done = file.finish();
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().message.contains("unknown key \"key\"")) << done.error().message;
}

TEST(ConfigFile, ReadsWhatIsThereAndKeepsDefaultsElsewhere) {
    ConfigFile file = parsed(kExample);
    std::string name = "unset";
    std::string absent = "default";
    std::chrono::milliseconds delay{};
    file.root().read("name", name, "");
    file.root().read("absent", absent, "");
    file.root().read("delay", delay, "");
    EXPECT_EQ(name, "sin1");
    EXPECT_EQ(absent, "default");
    EXPECT_EQ(delay, 20ms);
    EXPECT_EQ(file.root().tables("neighbor").size(), 2U);
}

TEST(ConfigFile, IsContentWhenEveryKeyWasAskedFor) { EXPECT_EQ(problem_of(kExample), ""); }

TEST(ConfigFile, NamesTheLineTheFaultAndTheWayOut) {
    struct Case {
        const char* text;
        const char* problem;
    };
    const Case cases[] = {
        {"name = \"a\"\nnmae = 1\n", "node.toml:2: unknown key \"nmae\"\n  try: name"},
        {"name = \"a\"\n[serve]\ncolour = 1\n",
         "node.toml:3: unknown key \"colour\"\n  try: one of threads, listen"},
        {"name = 7\n", "node.toml:1: name: expected a string, found 7\n  try: name = \"sin1\""},
        {"name = \"a\"\n[serve]\nthreads = 65\n",
         "node.toml:3: threads: must be 0 to 64, found 65\n  try: threads = 4"},
        {"name = \"a\"\n[serve]\nlisten = [1]\n",
         "node.toml:3: listen: expected a list of strings, found 1\n"
         "  try: listen = [\"192.0.2.53:53\"]"},
        {"name = \"a\"\ndelay = \"20\"\n",
         "node.toml:2: delay: expected a duration, found \"20\"\n"
         "  try: a whole number and ms, s, m or h, as in \"400ms\""},
        {"name = \"a\"\n[neighbor]\nasn = 1\n",
         "node.toml:2: neighbor: expected a list of tables, found a table\n  try: [[neighbor]]"},
        {"delay = \"1s\"\nnmae = \"a\"\n", "node.toml:2: unknown key \"nmae\"\n  try: name"},
        {"delay = \"1s\"\n", "node.toml:1: \"name\" is missing\n  try: name = \"sin1\""},
    };
    for (const auto& [text, problem] : cases) EXPECT_EQ(problem_of(text), problem);
}

TEST(ConfigFile, SaysWhereTheTomlItselfIsBroken) {
    EXPECT_TRUE(problem_of("name = \n").starts_with("node.toml:1:")) << problem_of("name = \n");
}

TEST(ConfigFile, ADirectoryIsNoFile) {
    const auto file = ConfigFile::read("/");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().message, "cannot read /: it is a directory");
}

TEST(Duration, PrintsWhatItParses) {
    for (const char* text : {"400ms", "10s", "5m", "2h", "1500ms"}) {
        EXPECT_EQ(to_text(parse_duration(text).value()), text);
    }
    for (const char* text : {"", "s", "10", "-1s", "1.5s", "10 s", "10d"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

}  // namespace
}  // namespace nearcast::base
