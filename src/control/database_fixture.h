// SPDX-License-Identifier: Apache-2.0
//
// An empty database of either kind, for tests: tools/postgres-for-tests runs them.

#pragma once

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "control/database.h"

namespace nearcast::control {

// Gone when it goes. One of PostgreSQL is a schema of its own in the one database that is there.
class TestDatabase {
 public:
    explicit TestDatabase(Database::Dialect dialect) {
        static std::atomic<int> count = 0;
        const std::string name =
            "test_" + std::to_string(::getpid()) + '_' + std::to_string(++count);
        if (dialect == Database::Dialect::Sqlite) {
            file_ = std::filesystem::temp_directory_path() / ("nearcast-" + name + ".db");
            connection_ = "sqlite:" + file_.string();
            return;
        }
        const char* server = std::getenv("NEARCAST_POSTGRESQL");
        if (server == nullptr) return;
        run_at(server, "CREATE SCHEMA " + name);
        connection_ = std::string(server) + " options='-c search_path=" + name + "'";
    }
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;
    ~TestDatabase() {
        if (file_.empty()) return;
        for (const char* suffix : {"", "-wal", "-shm"}) {
            std::filesystem::remove(file_.string() + suffix);
        }
    }

    [[nodiscard]] const std::string& connection() const { return connection_; }
    [[nodiscard]] std::unique_ptr<Database> open() const {
        auto database = Database::open({.connection = connection_});
        if (!database) ADD_FAILURE() << database.error().message;
        return database ? *std::move(database) : nullptr;
    }

 private:
    static void run_at(const std::string& server, const std::string& text) {
        const auto database = Database::open({.connection = server});
        if (!database) {
            ADD_FAILURE() << database.error().message;
            return;
        }
        const auto done =
            (*database)->write([&](Session& session) { return session.run_once(text); });
        if (!done) ADD_FAILURE() << done.error().message;
    }

    std::filesystem::path file_;
    std::string connection_;
};

// What each test of the database is run with.
[[nodiscard]] inline auto both_databases() {
    return testing::Values(Database::Dialect::Sqlite, Database::Dialect::Postgresql);
}
[[nodiscard]] inline std::string name_of_database(
    const testing::TestParamInfo<Database::Dialect>& info) {
    return info.param == Database::Dialect::Sqlite ? "Sqlite" : "Postgresql";
}

}  // namespace nearcast::control
