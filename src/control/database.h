// SPDX-License-Identifier: Apache-2.0
//
// The database: SQLite in a file, or PostgreSQL. Nobody else knows which, or through which library.
//
//   "sqlite:/var/lib/nearcast-control/control.db"       the embedded default: nothing to set up
//   "postgresql:host=/run/postgresql dbname=nearcast"   what libpq takes, or a postgresql:// URL
//
// A statement is prepared once for each session and kept. Reads take any free session of a few;
// writes take turns on one, which makes their order the same for all who look. Any thread.

#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace nearcast::control {

// A statement, as a literal that lives for ever: it is known by its address. `takes` and `gives`
// have a letter for each parameter (:a, :b, ... in order) and each column: 'n' for a number, 't'
// for text.
struct Sql {
    const char* text;
    const char* takes;
    const char* gives;
};

// A statement about some rows at once: `head`, then for each row `row` with a '?' for each of its
// parameters, with `join` between them, then `tail`. `takes` has the letters of one row. It lives
// for ever, and is known by its address.
struct RowsSql {
    const char* head;
    const char* row;
    const char* join;
    const char* tail;
    const char* takes;
    const char* gives;
};

// monostate is NULL.
using Value = std::variant<std::monostate, int64_t, std::string_view>;
// One that owns its text.
using Field = std::variant<std::monostate, int64_t, std::string>;
using Fields = std::vector<Field>;

// A row that a statement gave; valid during the call that shows it.
class Row {
 public:
    struct Cell {
        long long number = 0;
        std::string text;
        bool is_null = false;
    };

    explicit Row(std::span<const Cell> cells) : cells_(cells) {}

    [[nodiscard]] int64_t number(size_t column) const { return cells_[column].number; }
    [[nodiscard]] const std::string& text(size_t column) const { return cells_[column].text; }
    [[nodiscard]] bool is_null(size_t column) const { return cells_[column].is_null; }

 private:
    std::span<const Cell> cells_;
};

// One connection. One thread at a time.
class Session {
 public:
    using OnRow = std::function<void(const Row&)>;

    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    // Runs it to its end; `on_row` sees each row.
    [[nodiscard]] base::Result<void> run(const Sql& sql, std::initializer_list<Value> values,
                                         const OnRow& on_row = {});
    // The same of many rows, some dozens at a time: PostgreSQL is waited for once for each of
    // these, not for each row.
    [[nodiscard]] base::Result<void> run_rows(const RowsSql& sql, std::span<const Fields> rows,
                                              const OnRow& on_row = {});
    // Without parameters, and not kept: for the definition of tables and transactions.
    [[nodiscard]] base::Result<void> run_once(const std::string& text);

 private:
    friend class Database;
    struct State;

    explicit Session(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

class Database {
 public:
    enum class Dialect : uint8_t { Sqlite, Postgresql };

    struct Options {
        std::string connection;
        size_t readers = 4;  // Sessions for reads at the same time; others wait.
    };

    // Connects, and creates or updates the tables (schema.h).
    [[nodiscard]] static base::Result<std::unique_ptr<Database>> open(const Options& options);
    // Whether open() would find a database there, or could make one; nothing is changed or made.
    // Returns the one that is there, to be read alone; null: its tables are yet to be made, or to
    // be updated.
    [[nodiscard]] static base::Result<std::unique_ptr<Database>> inspect(
        const std::string& connection);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    [[nodiscard]] Dialect dialect() const;
    // Whether other controllers may use it too: what they do is to be looked for.
    [[nodiscard]] bool is_shared() const { return dialect() == Dialect::Postgresql; }

    // A connection of its own, for what lasts as long as that: locks. It is not made again.
    [[nodiscard]] base::Result<std::unique_ptr<Session>> connect() const;

    // Runs `work` on a session for reads. A lost connection is made again for the next.
    [[nodiscard]] base::Result<void> read(const std::function<base::Result<void>(Session&)>& work);

    // The same, with all that `work` asks answered as of one moment.
    [[nodiscard]] base::Result<void> read_together(
        const std::function<base::Result<void>(Session&)>& work);

    // Runs `work` in a transaction that is on the disk when this returns without an error. Nothing
    // of it is there when `work` fails. When the connection was lost before the end it is made
    // again and `work` is run again, once. When it was lost at the very end, nobody knows.
    [[nodiscard]] base::Result<void> write(const std::function<base::Result<void>(Session&)>& work);
    // Of the last write() that failed: the connection was lost while it was being committed, so
    // that it may be there all the same. For the one thread that writes.
    [[nodiscard]] bool is_last_write_unknown() const;

 private:
    class Pool;

    explicit Database(std::unique_ptr<Pool> pool);

    std::unique_ptr<Pool> pool_;
};

}  // namespace nearcast::control
