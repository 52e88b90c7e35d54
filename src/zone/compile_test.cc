// SPDX-License-Identifier: Apache-2.0

#include "zone/compile.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>

namespace nearcast::zone {
namespace {

namespace fs = std::filesystem;

class CompileZoneFile : public testing::Test {
 protected:
    CompileZoneFile() {
        std::string pattern = testing::TempDir() + "compile_test.XXXXXX";
        folder_ = mkdtemp(pattern.data());
    }
    ~CompileZoneFile() override { fs::remove_all(folder_); }

    [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }

    // The first thing that is told of the file, and "" of one that gives a zone.
    [[nodiscard]] std::string problem_of(const std::string& name) const {
        const CompiledZone zone = compile_zone_file(path(name));
        return zone.image ? "" : zone.diagnostics.at(0).message;
    }

    void write(const std::string& name, std::string_view more) const {
        std::ofstream(path(name)) << "$TTL 60\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n"
                                  << more;
    }

 private:
    fs::path folder_;
};

TEST_F(CompileZoneFile, ReadsWhatTheFileIncludes) {
    write("example.org.zone", "$INCLUDE hosts\n");
    std::ofstream(path("hosts")) << "www A 192.0.2.2\n";
    EXPECT_EQ(problem_of("example.org.zone"), "");
}

// Each of these names makes over a hundred nodes at once.
TEST_F(CompileZoneFile, TakesManyNamesOfManyLabels) {
    std::string names;
    for (const std::string_view label : {"a.", "b.", "c."}) {
        for (int i = 0; i < 118; ++i) names += label;
        names += "example.org. A 192.0.2.3\n";
    }
    write("example.org.zone", names);
    EXPECT_EQ(problem_of("example.org.zone"), "");
}

// As many as are sorted on several cores, of which many begin alike.
TEST_F(CompileZoneFile, PutsManyNamesInOrder) {
    constexpr size_t kNames = 20'011;
    std::string names;
    for (size_t i = 0; i < kNames; ++i) {
        const size_t number = i * 7919 % kNames;
        const std::string_view start = number % 3 == 0 ? "a-long-beginning-of-many-" : "n";
        names += std::string(start) + std::to_string(number) + " A 192.0.2.3\n";
    }
    write("example.org.zone", names);
    const CompiledZone zone = compile_zone_file(path("example.org.zone"));
    ASSERT_TRUE(zone.image);
    const Image image = zone.image.image();
    ASSERT_EQ(image.order().size(), kNames + 2);
    for (size_t i = 1; i < image.order().size(); ++i) {
        const Node before = image.node(image.order()[i - 1]);
        const Node node = image.node(image.order()[i]);
        ASSERT_TRUE(dns::canonical_order(before.owner(), node.owner()) < 0) << i;
        const HashedName name(node.owner());
        EXPECT_EQ(image.find(name.hash(), name.wire()), node);
    }
}

// What `make` gives while this thread may use one core alone.
template <typename Make>
auto on_one_core(Make make) {
    cpu_set_t all;
    cpu_set_t one;
    CPU_ZERO(&all);
    CPU_ZERO(&one);
    EXPECT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    size_t first = 0;
    while (!CPU_ISSET(first, &all)) ++first;
    CPU_SET(first, &one);
    EXPECT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    auto made = make();
    EXPECT_EQ(sched_setaffinity(0, sizeof all, &all), 0);
    return made;
}

// Large enough to be read in pieces; entries lie over lines that seem to be records.
TEST_F(CompileZoneFile, GivesTheSameOnOneCoreAsOnAll) {
    std::string names;
    for (int i = 0; i < 15'000; ++i) {
        const std::string number = std::to_string(i);
        names += "n" + number + " A 192.0.2.1\n\t7 TXT ( \"over\"\nm" + number + "\n A )\n";
        if (i % 4'000 == 0) names += "$TTL " + number + "\n$ORIGIN sub" + number + "\n";
    }
    write("example.org.zone", names);
    const auto image = [this] {
        ImageBlock block = compile_zone_file(path("example.org.zone")).image;
        return std::vector(block.bytes().begin(), block.bytes().end());
    };
    const auto expected = on_one_core(image);
    EXPECT_FALSE(expected.empty());
    EXPECT_EQ(image(), expected);

    write("example.net.zone", names + "here MX 10 192.0.2.1\nthere.example. A 192.0.2.1\n");
    const auto told = [this] {
        std::string lines;
        for (const Diagnostic& diagnostic : compile_zone_file(path("example.net.zone")).diagnostics)
            lines += diagnostic.to_text() + "\n";
        return lines;
    };
    const std::string expected_told = on_one_core(told);
    EXPECT_NE(expected_told, "");
    EXPECT_EQ(told(), expected_told);
}

TEST_F(CompileZoneFile, TakesNoNameThatIsNoneForThatOfTheRoot) {
    for (const std::string name : {"example..org.zone", ".example.org.zone", ".zone"}) {
        write(name, "");
        const CompiledZone zone = compile_zone_file(path(name));
        EXPECT_FALSE(zone.is_named) << name;
        EXPECT_FALSE(zone.image) << name;
        EXPECT_FALSE(read_zone_file(path(name)).draft) << name;
        EXPECT_TRUE(compile_zone_file(path(name), {.origin = dns::Name()}).image) << name;
    }
    write("root.zone", "");
    EXPECT_TRUE(compile_zone_file(path("root.zone")).apex.is_root());
}

TEST_F(CompileZoneFile, RefusesADirectoryInPlaceOfAFile) {
    fs::create_directory(path("example.org.zone"));
    EXPECT_EQ(problem_of("example.org.zone"),
              "cannot read " + path("example.org.zone") + ": it is not a regular file");
}

TEST_F(CompileZoneFile, DoesNotWaitForTheWriterOfAPipe) {
    ASSERT_EQ(mkfifo(path("example.org.zone").c_str(), 0600), 0);
    EXPECT_EQ(problem_of("example.org.zone"),
              "cannot read " + path("example.org.zone") + ": it is not a regular file");
}

TEST_F(CompileZoneFile, IncludesWhatLiesBesideItAloneWhenToldSo) {
    const CompileOptions options{.includes_only_beside = true};
    const auto is_read = [&](const std::string& name) {
        write("example.org.zone", "$INCLUDE " + name + "\n");
        const ZoneFileRecords read = read_zone_file(path("example.org.zone"), options);
        const bool is_refused = !read.draft && read.diagnostics.at(0).message.contains("folder");
        EXPECT_TRUE(read.draft || is_refused) << name;
        return !is_refused;
    };
    fs::create_directory(path("below"));
    std::ofstream(path("below/hosts")) << "www A 192.0.2.2\n";
    fs::create_symlink("/etc/passwd", path("link"));
    EXPECT_TRUE(is_read("below/hosts"));
    EXPECT_TRUE(is_read(path("below/hosts")));
    for (const char* name : {"/etc/passwd", "../passwd", "below/../../passwd", "link"}) {
        EXPECT_FALSE(is_read(name)) << name;
    }
}

TEST_F(CompileZoneFile, RefusesToIncludeADirectory) {
    write("example.org.zone", "$INCLUDE hosts\n");
    fs::create_directory(path("hosts"));
    EXPECT_EQ(problem_of("example.org.zone"),
              "cannot read " + path("hosts") + ": it is not a regular file");
}

}  // namespace
}  // namespace nearcast::zone
