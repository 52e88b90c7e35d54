// SPDX-License-Identifier: Apache-2.0

#include "control/database.h"

#include <algorithm>
#include <bit>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

// clang-format off: their order matters.
// The library was built with Boost, and its headers would have us do so too. They need it for more
// ways to pass values, and for nothing else: no class is laid out otherwise without it.
#include <soci/soci-config.h>
#undef SOCI_HAVE_BOOST
#undef SOCI_HAVE_BOOST_DATE_TIME
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
// clang-format on

#include "control/database_file.h"
#include "control/schema.h"

namespace nearcast::control {
namespace {

using base::Result;

constexpr std::string_view kSqlite = "sqlite:";
constexpr std::string_view kPostgresql = "postgresql:";

// WAL: readers see the last commit while a writer is at work. FULL: a commit is on the disk when it
// returns. The cache (in KiB, negative) holds the upper levels of the indexes of a million zones.
constexpr const char* kSqlitePragmas[] = {
    "PRAGMA busy_timeout = 10000", "PRAGMA journal_mode = WAL",  "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = OFF",   "PRAGMA cache_size = -65536", "PRAGMA temp_store = MEMORY"};

// Whatever the file is, it stays as it is: what is made beside it goes again with the last session.
constexpr const char* kSqliteReadPragmas[] = {"PRAGMA busy_timeout = 10000",
                                              "PRAGMA query_only = ON"};

// One line of what a library says.
base::Error to_error(const std::exception& caught) {
    std::string message = caught.what();
    for (char& c : message) {
        if (c == '\n') c = ' ';
    }
    while (!message.empty() && message.back() == ' ') message.pop_back();
    return {"database: " + message};
}

// Of the database in a file: which one, and what to do where it is none any more.
std::unexpected<base::Error> fail_in_file(const std::string& path, base::Error error) {
    if (error.message.contains("not a database")) {
        return base::fail(path + " is no database of SQLite", "another path, or its backup");
    }
    if (error.message.contains("malformed")) error.hint = "bring it back from its backup";
    return base::within(path, std::move(error));
}

// Runs what may throw.
template <typename Work>
Result<void> guarded(const Work& work) {
    try {
        work();
        return {};
    } catch (const std::exception& caught) {
        return std::unexpected(to_error(caught));
    }
}

// A prepared statement with the places that its values and columns lie in.
struct Prepared {
    struct Place {
        Row::Cell cell;
        soci::indicator indicator = soci::i_ok;
        bool is_number = false;
    };

    Prepared(soci::session& session, const Sql& sql)
        : takes(places_of(sql.takes)), gives(places_of(sql.gives)), statement(session) {
        for (Place& place : takes) {
            if (place.is_number) {
                statement.exchange(soci::use(place.cell.number, place.indicator));
            } else {
                statement.exchange(soci::use(place.cell.text, place.indicator));
            }
        }
        for (Place& place : gives) {
            if (place.is_number) {
                statement.exchange(soci::into(place.cell.number, place.indicator));
            } else {
                statement.exchange(soci::into(place.cell.text, place.indicator));
            }
        }
        statement.alloc();
        statement.prepare(sql.text);
        statement.define_and_bind();
        row.resize(gives.size());
    }

    static std::vector<Place> places_of(const char* letters) {
        std::vector<Place> places;
        for (; *letters != '\0'; ++letters) places.push_back({{}, soci::i_ok, *letters == 'n'});
        return places;
    }

    template <typename Text>
    void set(size_t number, const std::variant<std::monostate, int64_t, Text>& value) {
        Place& place = takes.at(number);
        place.indicator = std::holds_alternative<std::monostate>(value) ? soci::i_null : soci::i_ok;
        if (const auto* of_number = std::get_if<int64_t>(&value)) place.cell.number = *of_number;
        if (const auto* text = std::get_if<Text>(&value)) place.cell.text = *text;
    }

    // Always to the last row: a statement left in the middle would keep its snapshot.
    void run(const Session::OnRow& on_row) {
        bool has_row = statement.execute(true);
        while (has_row && !gives.empty()) {
            for (size_t i = 0; i < gives.size(); ++i) {
                row[i] = gives[i].cell;
                row[i].is_null = gives[i].indicator == soci::i_null;
                if (row[i].is_null) row[i].text.clear();
                if (row[i].is_null) row[i].number = 0;
            }
            if (on_row) on_row(Row(row));
            has_row = statement.fetch();
        }
    }

    std::vector<Place> takes;
    std::vector<Place> gives;
    std::vector<Row::Cell> row;
    soci::statement statement;
};

// Statements are made for so many rows, and for each smaller power of two: what is left over is
// done in some that are smaller. Twice as many take as long again to prepare, and save little.
constexpr size_t kRowsMax = 32;

size_t rows_at_once(size_t left) { return std::bit_floor(std::min(left, kRowsMax)); }

std::unique_ptr<Prepared> prepare_rows(soci::session& session, const RowsSql& sql, size_t count) {
    std::string text = sql.head;
    std::string takes;
    size_t parameters = 0;
    for (size_t i = 0; i < count; ++i) {
        if (i > 0) text += sql.join;
        for (const char c : std::string_view(sql.row)) {
            text += c == '?' ? ":p" + std::to_string(parameters++) : std::string(1, c);
        }
        takes += sql.takes;
    }
    text += sql.tail;
    return std::make_unique<Prepared>(session, Sql{text.c_str(), takes.c_str(), sql.gives});
}

}  // namespace

struct Session::State {
    Database::Dialect dialect = Database::Dialect::Sqlite;
    std::string connection;
    std::unique_ptr<soci::session> session;
    // By what they are known by, and the number of rows if they are about some.
    std::map<std::pair<const void*, size_t>, std::unique_ptr<Prepared>> prepared;
    bool is_lost = true;
    bool is_read_only = false;

    [[nodiscard]] std::span<const char* const> pragmas() const {
        if (is_read_only) return kSqliteReadPragmas;
        return kSqlitePragmas;
    }

    // Anew, with nothing prepared.
    Result<void> connect() {
        prepared.clear();
        session.reset();
        is_lost = true;
        return guarded([&] {
            if (dialect == Database::Dialect::Sqlite) {
                session = std::make_unique<soci::session>(*soci::factory_sqlite3(),
                                                          "dbname=" + connection);
                for (const char* pragma : pragmas()) *session << pragma;
            } else {
                session = std::make_unique<soci::session>(*soci::factory_postgresql(), connection);
                *session << "SET synchronous_commit = on";
                *session << "SET client_min_messages = warning";
                if (is_read_only) *session << "SET default_transaction_read_only = on";
            }
            is_lost = false;
        });
    }

    // After a failure: a statement of PostgreSQL is not to be trusted after it, and whether the
    // connection still is there shows in the next use.
    void look_after_failure() {
        prepared.clear();
        if (dialect == Database::Dialect::Postgresql) {
            is_lost = session == nullptr || !session->is_connected();
        }
    }
};

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::~Session() = default;

Result<void> Session::run(const Sql& sql, std::initializer_list<Value> values,
                          const OnRow& on_row) {
    auto done = guarded([&] {
        auto& prepared = state_->prepared[{sql.text, 0}];
        if (!prepared) prepared = std::make_unique<Prepared>(*state_->session, sql);
        size_t number = 0;
        for (const Value& value : values) prepared->set(number++, value);
        prepared->run(on_row);
    });
    if (!done) state_->look_after_failure();
    return done;
}

Result<void> Session::run_rows(const RowsSql& sql, std::span<const Fields> rows,
                               const OnRow& on_row) {
    auto done = guarded([&] {
        while (!rows.empty()) {
            const size_t count = rows_at_once(rows.size());
            auto& prepared = state_->prepared[{&sql, count}];
            if (!prepared) prepared = prepare_rows(*state_->session, sql, count);
            size_t number = 0;
            for (const Fields& row : rows.first(count)) {
                for (const Field& field : row) prepared->set(number++, field);
            }
            prepared->run(on_row);
            rows = rows.subspan(count);
        }
    });
    if (!done) state_->look_after_failure();
    return done;
}

Result<void> Session::run_once(const std::string& text) {
    auto done = guarded([&] { *state_->session << text; });
    if (!done) state_->look_after_failure();
    return done;
}

class Database::Pool {
 public:
    enum class Use : uint8_t { All, ReadOnly };

    static Result<std::unique_ptr<Pool>> open(const Options& options, Use use = Use::All) {
        auto pool = std::make_unique<Pool>();
        pool->use = use;
        std::string_view connection = options.connection;
        if (connection.starts_with(kSqlite)) {
            connection.remove_prefix(kSqlite.size());
            const std::string path(connection);
            if (auto usable = check_database_file(path); !usable) {
                return std::unexpected(usable.error());
            }
            if (use == Use::All) keep_private(path);
        } else if (connection.starts_with(kPostgresql)) {
            pool->dialect = Dialect::Postgresql;
            if (!connection.starts_with("postgresql://")) {
                connection.remove_prefix(kPostgresql.size());
            }
        } else {
            return base::fail("the database '" + options.connection + "' is of no kind we know",
                              "sqlite:/var/lib/nearcast-control/control.db");
        }
        pool->writer = pool->make(connection);
        if (auto done = pool->writer->state_->connect(); !done) {
            if (pool->dialect == Dialect::Postgresql) return std::unexpected(done.error());
            return fail_in_file(std::string(connection), done.error());
        }
        for (size_t i = 0; i < options.readers; ++i) pool->free.push_back(pool->make(connection));
        return pool;
    }

    std::unique_ptr<Session> make(std::string_view connection) const {
        auto state = std::make_unique<Session::State>();
        state->dialect = dialect;
        state->connection = connection;
        state->is_read_only = use == Use::ReadOnly;
        return std::unique_ptr<Session>(new Session(std::move(state)));
    }

    static Result<void> ready(Session& session) {
        return session.state_->is_lost ? session.state_->connect() : Result<void>();
    }

    std::unique_ptr<Session> take() {
        std::unique_lock lock(mutex);
        is_free.wait(lock, [this] { return !free.empty(); });
        auto session = std::move(free.back());
        free.pop_back();
        return session;
    }

    void give_back(std::unique_ptr<Session> session) {
        const std::lock_guard lock(mutex);
        free.push_back(std::move(session));
        is_free.notify_one();
    }

    enum class Step : uint8_t { Work, Commit };

    Result<void> transact(const std::function<Result<void>(Session&)>& work, Step& step) {
        step = Step::Work;
        if (auto done = ready(*writer); !done) return done;
        const char* const begin = dialect == Dialect::Sqlite ? "BEGIN IMMEDIATE" : "BEGIN";
        auto done = writer->run_once(begin);
        if (done) done = work(*writer);
        if (done) {
            step = Step::Commit;
            done = writer->run_once("COMMIT");
        }
        if (!done && !writer->state_->is_lost && !writer->run_once("ROLLBACK")) {
            writer->state_->is_lost = true;
        }
        return done;
    }

    Dialect dialect = Dialect::Sqlite;
    Use use = Use::All;
    std::mutex write_mutex;  // Guards the writer.
    std::unique_ptr<Session> writer;
    bool is_unknown = false;  // Whether the last transaction is there.
    std::mutex mutex;         // Guards what is free.
    std::condition_variable is_free;
    std::vector<std::unique_ptr<Session>> free;
};

Database::Database(std::unique_ptr<Pool> pool) : pool_(std::move(pool)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const Options& options) {
    auto pool = Pool::open(options);
    if (!pool) return std::unexpected(pool.error());
    std::unique_ptr<Database> database(new Database(*std::move(pool)));
    const auto migrated =
        database->write([&](Session& session) { return migrate(session, database->dialect()); });
    if (migrated) return database;
    if (database->is_shared()) return std::unexpected(migrated.error());
    return fail_in_file(database->pool_->writer->state_->connection, migrated.error());
}

Result<std::unique_ptr<Database>> Database::inspect(const std::string& connection) {
    const bool is_file = connection.starts_with(kSqlite);
    const std::string path = is_file ? connection.substr(kSqlite.size()) : "";
    if (is_file && !has_content(path)) {
        auto done = check_database_file(path);
        return done ? Result<std::unique_ptr<Database>>() : std::unexpected(done.error());
    }
    auto pool = Pool::open({.connection = connection, .readers = 1}, Pool::Use::ReadOnly);
    if (!pool) return std::unexpected(pool.error());
    std::unique_ptr<Database> database(new Database(*std::move(pool)));
    Result<int64_t> taken;
    auto done = database->read([&](Session& session) -> Result<void> {
        taken = taken_steps(session, database->dialect());
        return taken ? Result<void>() : std::unexpected(taken.error());
    });
    if (!done && is_file) return fail_in_file(path, done.error());
    if (!done) return std::unexpected(done.error());
    if (*taken < schema_version()) return nullptr;
    return database;
}

Database::Dialect Database::dialect() const { return pool_->dialect; }

Result<std::unique_ptr<Session>> Database::connect() const {
    auto session = pool_->make(pool_->writer->state_->connection);
    if (auto done = session->state_->connect(); !done) return std::unexpected(done.error());
    return session;
}

Result<void> Database::read(const std::function<Result<void>(Session&)>& work) {
    auto session = pool_->take();
    auto done = Pool::ready(*session);
    if (done) done = work(*session);
    // What only reads can be asked again.
    if (!done && session->state_->is_lost) {
        done = Pool::ready(*session);
        if (done) done = work(*session);
    }
    pool_->give_back(std::move(session));
    return done;
}

Result<void> Database::read_together(const std::function<Result<void>(Session&)>& work) {
    return read([&](Session& session) {
        const bool is_sqlite = dialect() == Dialect::Sqlite;
        auto done = session.run_once(is_sqlite ? "BEGIN"
                                               : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        if (!done) return done;
        done = work(session);
        // Nothing was written: how it ends matters to the connection alone.
        if (!session.run_once("ROLLBACK")) session.state_->is_lost = true;
        return done;
    });
}

Result<void> Database::write(const std::function<Result<void>(Session&)>& work) {
    const std::lock_guard lock(pool_->write_mutex);
    auto step = Pool::Step::Work;
    auto done = pool_->transact(work, step);
    if (!done && pool_->writer->state_->is_lost && step == Pool::Step::Work) {
        done = pool_->transact(work, step);
    }
    pool_->is_unknown = !done && pool_->writer->state_->is_lost && step == Pool::Step::Commit;
    return done;
}

bool Database::is_last_write_unknown() const { return pool_->is_unknown; }

}  // namespace nearcast::control
