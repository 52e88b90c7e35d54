// SPDX-License-Identifier: Apache-2.0

#include "control/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "control/database_fixture.h"
#include "control/schema.h"

namespace nearcast::control {
namespace {

using base::Result;
using testing::HasSubstr;

constexpr Sql kInsert{"INSERT INTO thing (id, text) VALUES (:a, :b)", "nt", ""};
constexpr RowsSql kInsertAll{"INSERT INTO thing (id, text) VALUES ", "(?, ?)", ", ", "", "nt", ""};
constexpr RowsSql kFindAll{
    "SELECT id, text FROM thing WHERE ", "(id = ? AND text = ?)", " OR ", "", "nt", "nt"};
constexpr Sql kFind{"SELECT id, text FROM thing WHERE id >= :a ORDER BY id", "n", "nt"};

class OfDatabase : public testing::TestWithParam<Database::Dialect> {
 protected:
    OfDatabase() {
        if (database) {
            EXPECT_TRUE(run([](Session& session) {
                return session.run_once("CREATE TABLE thing (id BIGINT PRIMARY KEY, text TEXT)");
            }));
        }
    }

    Result<void> run(const std::function<Result<void>(Session&)>& work) {
        return database->write(work);
    }

    // "1=a 2=b ", from the id on.
    std::string things(int64_t from = 0) {
        std::string found;
        const auto done = database->read([&](Session& session) {
            return session.run(kFind, {from}, [&](const Row& row) {
                found += std::to_string(row.number(0)) + '=' +
                         (row.is_null(1) ? "NULL" : row.text(1)) + ' ';
            });
        });
        return done ? found : done.error().message;
    }

    TestDatabase place{GetParam()};
    std::unique_ptr<Database> database = place.open();
};

TEST_P(OfDatabase, KeepsNumbersTextAndNull) {
    ASSERT_TRUE(run([](Session& session) -> Result<void> {
        auto done = session.run(kInsert, {int64_t{1}, "it's \"quoted\"; é"});
        if (done) done = session.run(kInsert, {int64_t{1} << 60, Value()});
        if (done) done = session.run(kInsert, {int64_t{2}, ""});
        return done;
    }));
    EXPECT_EQ(things(), "1=it's \"quoted\"; é 2= 1152921504606846976=NULL ");
    EXPECT_EQ(things(3), "1152921504606846976=NULL ");
    EXPECT_EQ(things(2), "2= 1152921504606846976=NULL ");
}

TEST_P(OfDatabase, TakesAnyNumberOfRowsAtOnce) {
    for (const int64_t count : {0, 1, 2, 31, 32, 33, 100}) {
        std::vector<Fields> rows;
        for (int64_t i = 0; i < count; ++i)
            rows.push_back({1000 * count + i, "'" + std::to_string(i)});
        rows.push_back({-1 - count, Field()});
        int64_t found = 0;
        ASSERT_TRUE(run([&](Session& session) {
            auto done = session.run_rows(kInsertAll, rows);
            if (!done) return done;
            return session.run_rows(kFindAll, rows, [&](const Row& row) {
                EXPECT_EQ(row.text(1), "'" + std::to_string(row.number(0) - 1000 * count));
                ++found;
            });
        }));
        EXPECT_EQ(found, count);  // Without the one that is NULL, which is like nothing.
        EXPECT_THAT(things(-1 - count), HasSubstr(std::to_string(-1 - count) + "=NULL "));
    }
}

TEST_P(OfDatabase, TakesNoneOfManyRowsWhenOneIsRefused) {
    std::vector<Fields> rows;
    for (int64_t i = 0; i < 50; ++i) rows.push_back({i == 49 ? 0 : i, "a"});
    EXPECT_FALSE(run([&](Session& session) { return session.run_rows(kInsertAll, rows); }));
    EXPECT_EQ(things(), "");
    rows.pop_back();
    EXPECT_TRUE(run([&](Session& session) { return session.run_rows(kInsertAll, rows); }));
}

TEST_P(OfDatabase, LeavesNothingOfATransactionThatFails) {
    const auto done = run([](Session& session) -> Result<void> {
        auto inserted = session.run(kInsert, {int64_t{1}, "a"});
        return inserted ? session.run(kInsert, {int64_t{1}, "again"}) : inserted;
    });
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message, HasSubstr("database: "));
    EXPECT_EQ(things(), "");
    ASSERT_TRUE(run([](Session& session) { return session.run(kInsert, {int64_t{1}, "a"}); }));
    EXPECT_EQ(things(), "1=a ");
}

TEST_P(OfDatabase, ReadsTogetherAsOfOneMoment) {
    ASSERT_TRUE(run([](Session& session) { return session.run(kInsert, {int64_t{1}, "a"}); }));
    size_t first = 0;
    size_t second = 0;
    ASSERT_TRUE(database->read_together([&](Session& session) -> Result<void> {
        auto done = session.run(kFind, {int64_t{0}}, [&](const Row&) { ++first; });
        if (done) {
            done = run([](Session& writer) { return writer.run(kInsert, {int64_t{2}, "b"}); });
        }
        if (done) done = session.run(kFind, {int64_t{0}}, [&](const Row&) { ++second; });
        return done;
    }));
    EXPECT_EQ(first, 1U);
    EXPECT_EQ(second, 1U);
    EXPECT_EQ(things(), "1=a 2=b ");
}

TEST_P(OfDatabase, IsOpenedAgainAsItWas) {
    ASSERT_TRUE(run([](Session& session) { return session.run(kInsert, {int64_t{1}, "a"}); }));
    database = place.open();
    EXPECT_EQ(things(), "1=a ");
}

TEST_P(OfDatabase, RefusesOneThatANewerProgramMade) {
    static constexpr Sql kNewer{"INSERT INTO schema_step (number) VALUES (:a)", "n", ""};
    ASSERT_TRUE(run([](Session& session) { return session.run(kNewer, {schema_version() + 1}); }));
    const auto again = Database::open({.connection = place.connection()});
    ASSERT_FALSE(again);
    EXPECT_THAT(again.error().message, HasSubstr("newer version"));
    const auto inspected = Database::inspect(place.connection());
    ASSERT_FALSE(inspected);
    EXPECT_THAT(inspected.error().message, HasSubstr("newer version"));
}

INSTANTIATE_TEST_SUITE_P(, OfDatabase, both_databases(), name_of_database);

mode_t mode_of(const std::string& file) {
    struct stat found{};
    EXPECT_EQ(::stat(file.c_str(), &found), 0) << file;
    return found.st_mode & 0777U;
}

TEST(SqliteFile, IsForItsUserAlone) {
    const mode_t before = ::umask(022);
    const TestDatabase place(Database::Dialect::Sqlite);
    const std::string file = place.connection().substr(std::string_view("sqlite:").size());
    for (int i = 0; i < 2; ++i) {
        const auto database = place.open();
        ASSERT_TRUE(database);
        ASSERT_TRUE(database->write([](Session& session) {
            return session.run_once("CREATE TABLE IF NOT EXISTS thing (id BIGINT)");
        }));
        for (const char* suffix : {"", "-wal", "-shm"}) {
            EXPECT_EQ(mode_of(file + suffix), 0600U) << suffix;
            EXPECT_EQ(::chmod((file + suffix).c_str(), 0644), 0);  // As an older program left it.
        }
    }
    ::umask(before);
}

TEST(DatabaseOpen, SaysWhatItCannot) {
    const auto unknown = Database::open({.connection = "mysql:x"});
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().hint, HasSubstr("sqlite:"));
    const auto missing = Database::open({.connection = "sqlite:/no/such/folder/x.db"});
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().message, HasSubstr("/no/such/folder/x.db"));
}

}  // namespace
}  // namespace nearcast::control
