// One roll-up pass with 1,000 new rows over a live table that holds millions already counted,
// beside the original program's statement on the same table.
//
//     rollup DATABASE_URL [ROWS=10000000] [PASSES=15]       an empty database; prints one JSON
//     object
#include "traffic/rollup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "db/database.hpp"
#include "db/migration.hpp"
#include "traffic/tables.hpp"
#include "work/tables.hpp"

namespace {

using namespace vedette;
using SteadyClock = std::chrono::steady_clock;

constexpr int kCameras = 10;
constexpr int kNewRows = 1000;

template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "rollup: {} ({})\n", result.error().message, result.error().detail);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double ms_since(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

// `rows` samples of the last two days, 10 cameras, 30 s of each of their tracks; counted already.
void fill(db::Database& database, std::int64_t rows) {
  const bool is_sqlite = database.dialect() == db::Dialect::kSqlite;
  constexpr std::int64_t kChunk = 500'000;
  for (std::int64_t done = 0; done < rows; done += kChunk) {
    const std::int64_t end = std::min(rows, done + kChunk);
    must(database.write(
        [&](db::Session& session) -> Result<void> {
          const std::string series =
              is_sqlite
                  ? "(WITH RECURSIVE s(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM s WHERE i + "
                    "1 < $2) SELECT i FROM s)"
                  : "generate_series($1::bigint, $2::bigint - 1) AS s(i)";
          const std::string time =
              is_sqlite ? fmt::format("1763640000000000 + i * 172800000000 / {}", rows)
                        : fmt::format(
                              "timestamptz '2025-11-20T12:00:00Z' + make_interval(secs => i * "
                              "172800.0 / {})",
                              rows);
          VEDETTE_CHECK(
              session.execute(fmt::format("INSERT INTO current_traffic (camera_id, vehicle_type, "
                                          "track_id, x_coord, y_coord, "
                                          "avg_speed, count, last_update) SELECT 'camera-' || i % "
                                          "{}, CASE i % 7 WHEN 0 THEN 'truck' "
                                          "WHEN 1 THEN 'bus' ELSE 'car' END, i / 300 * 10 + i % "
                                          "10, 100.5, 200.5, 0, 1, {} FROM {}",
                                          kCameras, time, series),
                              {done, end}));
          return {};
        },
        {.stop = {}, .serializable = false, .statement_timeout = Micros{0}}));
  }
  must(database.write([&](db::Session& session) -> Result<void> {
    VEDETTE_CHECK(session.execute(
        "UPDATE rollup_state SET position = (SELECT max(position) + 1 FROM current_traffic) "
        "WHERE name = 'live'"));
    return {};
  }));
  if (!is_sqlite) {
    must(database.write(
        [](db::Session& session) { return session.script("ANALYZE current_traffic"); },
        {.stop = {}, .serializable = false, .statement_timeout = Micros{0}}));
  }
}

// What ten cameras write in ten seconds with ten road users in view.
void add_new(db::Database& database, int pass) {
  must(database.write([&](db::Session& session) -> Result<void> {
    db::BulkInsert rows("current_traffic", {"camera_id", "vehicle_type", "track_id", "x_coord",
                                            "y_coord", "count", "last_update"});
    for (int i = 0; i < kNewRows; ++i) {
      rows.add(fmt::format("camera-{}", i % kCameras), i % 7 == 0 ? "truck" : "car",
               std::int64_t{1'000'000'000} + pass * 1000 + i / 100 * 10 + i % 10, 1.0, 2.0, 1,
               *from_rfc3339("2025-11-22T13:00:00Z") + std::chrono::seconds(pass * 10 + i / 100));
    }
    VEDETTE_CHECK(session.insert(rows));
    VEDETTE_CHECK(session.execute(
        "INSERT INTO watch_span (camera_id, run_id, from_t, to_t, rolled_to) VALUES "
        "('camera-1', 1, $1, $2, $1)",
        {*from_rfc3339("2025-11-22T13:00:00Z"), *from_rfc3339("2025-11-22T13:00:10Z")}));
    return {};
  }));
}

// The original's statement: it reads the whole live table each time.
double original_ms(db::Database& database) {
  const bool is_sqlite = database.dialect() == db::Dialect::kSqlite;
  const std::string hour =
      is_sqlite ? "last_update / 3600000000 * 3600000000" : "date_trunc('hour', last_update)";
  must(database.write([&](db::Session& session) {
    return session.script(
        "CREATE TABLE IF NOT EXISTS original_history (report_hour " +
        std::string(is_sqlite ? "INTEGER" : "timestamptz") +
        ", camera_id TEXT, vehicle_type TEXT, avg_speed REAL, intensity INTEGER, density REAL, "
        "UNIQUE (report_hour, camera_id, vehicle_type))");
  }));
  const auto start = SteadyClock::now();
  must(database.write(
      [&](db::Session& session) -> Result<void> {
        VEDETTE_CHECK(
            session.execute(fmt::format("INSERT INTO original_history SELECT {0}, camera_id, "
                                        "vehicle_type, avg(avg_speed), count(*), avg(count) "
                                        "FROM current_traffic WHERE 1 = 1 GROUP BY 1, 2, 3 ON "
                                        "CONFLICT (report_hour, camera_id, vehicle_type) DO "
                                        "UPDATE SET avg_speed = excluded.avg_speed, intensity = "
                                        "excluded.intensity, density = excluded.density",
                                        hour)));
        return {};
      },
      {.stop = {}, .serializable = false, .statement_timeout = Micros{0}}));
  return ms_since(start);
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    fmt::print(stderr, "usage: rollup DATABASE_URL [ROWS] [PASSES]\n");
    return 2;
  }
  const std::int64_t rows = count > 2 ? std::atoll(words[2]) : 10'000'000;
  const int passes = count > 3 ? std::atoi(words[3]) : 15;
  db::DatabaseOptions options;
  options.url = words[1];
  const auto database = must(db::Database::open(options));
  std::vector<db::Migration> migrations = work::migrations();
  for (db::Migration& one : traffic::migrations()) migrations.push_back(std::move(one));
  must(db::migrate(*database, migrations));
  const auto filling = SteadyClock::now();
  fill(*database, rows);
  const double fill_s = ms_since(filling) / 1000;

  std::vector<double> taken;
  for (int pass = 0; pass < passes; ++pass) {
    add_new(*database, pass);
    const auto start = SteadyClock::now();
    const traffic::RollupReport report = must(traffic::roll_up(*database, work::Fence::none()));
    const double ms = ms_since(start);
    if (report.samples != kNewRows) {
      fmt::print(stderr, "rollup: counted {} rows, not {}\n", report.samples, kNewRows);
      return 1;
    }
    if (pass > 0) taken.push_back(ms);  // the first one prepares the statements
  }
  const double original = original_ms(*database);
  std::ranges::sort(taken);
  fmt::print(
      "{{\"database\": \"{}\", \"rows\": {}, \"fill_s\": {:.1f}, \"pass_ms\": {{\"min\": {:.2f}, "
      "\"median\": {:.2f}, "
      "\"max\": {:.2f}}}, \"original_ms\": {:.0f}}}\n",
      database->dialect() == db::Dialect::kSqlite ? "SQLite" : "PostgreSQL", rows, fill_s,
      taken.front(), taken[taken.size() / 2], taken.back(), original);
  return 0;
}
