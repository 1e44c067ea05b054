#include "traffic/tables.hpp"

#include <utility>

#include "db/migration.hpp"
#include "traffic/tables_first.hpp"
#include "traffic/tables_recordings.hpp"

namespace vedette::traffic {
namespace {

// The size of the pictures that a line was drawn on; null: that of the first pictures to come.
constexpr const char* kSqliteLineSizes = R"sql(
ALTER TABLE camera_line ADD COLUMN width INTEGER;
ALTER TABLE camera_line ADD COLUMN height INTEGER;
)sql";

constexpr const char* kPostgresLineSizes = R"sql(
ALTER TABLE mart.camera_line ADD COLUMN width integer;
ALTER TABLE mart.camera_line ADD COLUMN height integer;
)sql";

// What the roll-up has counted of the crossings that are still there is carried over.
constexpr const char* kSqliteLines = R"sql(
CREATE TABLE traffic_line_5min (
  bucket INTEGER NOT NULL,
  camera_id TEXT NOT NULL,
  line_id TEXT NOT NULL,
  direction TEXT NOT NULL,
  vehicle_type TEXT NOT NULL,
  crossings INTEGER NOT NULL,
  PRIMARY KEY (bucket, camera_id, line_id, direction, vehicle_type)
) WITHOUT ROWID;
CREATE TABLE traffic_line_hour (
  bucket INTEGER NOT NULL,
  camera_id TEXT NOT NULL,
  line_id TEXT NOT NULL,
  direction TEXT NOT NULL,
  vehicle_type TEXT NOT NULL,
  crossings INTEGER NOT NULL,
  PRIMARY KEY (bucket, camera_id, line_id, direction, vehicle_type)
) WITHOUT ROWID;
INSERT INTO traffic_line_5min SELECT crossed_at - ((crossed_at % 300000000) + 300000000) % 300000000, camera_id, line_id,
  direction, vehicle_type, count(*) FROM crossings
  WHERE position < (SELECT position FROM rollup_state WHERE name = 'crossings') GROUP BY 1, 2, 3, 4, 5;
INSERT INTO traffic_line_hour SELECT bucket - ((bucket % 3600000000) + 3600000000) % 3600000000, camera_id, line_id,
  direction, vehicle_type, sum(crossings) FROM traffic_line_5min GROUP BY 1, 2, 3, 4, 5;
)sql";

constexpr const char* kPostgresLines = R"sql(
CREATE TABLE mart.traffic_line_5min (
  bucket timestamptz NOT NULL,
  camera_id text NOT NULL,
  line_id text NOT NULL,
  direction text NOT NULL,
  vehicle_type text NOT NULL,
  crossings bigint NOT NULL,
  PRIMARY KEY (bucket, camera_id, line_id, direction, vehicle_type)
) WITH (fillfactor = 70);
CREATE TABLE mart.traffic_line_hour (
  bucket timestamptz NOT NULL,
  camera_id text NOT NULL,
  line_id text NOT NULL,
  direction text NOT NULL,
  vehicle_type text NOT NULL,
  crossings bigint NOT NULL,
  PRIMARY KEY (bucket, camera_id, line_id, direction, vehicle_type)
) WITH (fillfactor = 70);
INSERT INTO mart.traffic_line_5min SELECT date_bin(interval '5 minutes', crossed_at, '1970-01-01 00:00:00+00'), camera_id,
  line_id, direction, vehicle_type, count(*) FROM mart.crossings
  WHERE position < (SELECT position FROM mart.rollup_state WHERE name = 'crossings') GROUP BY 1, 2, 3, 4, 5;
INSERT INTO mart.traffic_line_hour SELECT date_bin(interval '1 hour', bucket, '1970-01-01 00:00:00+00'), camera_id, line_id,
  direction, vehicle_type, sum(crossings) FROM mart.traffic_line_5min GROUP BY 1, 2, 3, 4, 5;
)sql";

}  // namespace

std::vector<db::Migration> migrations() {
  std::vector<db::Migration> steps{
      first_step(),
      {"traffic", 2, "the pictures that lines were drawn on", kSqliteLineSizes, kPostgresLineSizes},
      {"traffic", 3, "what each line counted", kSqliteLines, kPostgresLines}};
  for (db::Migration& step : recordings_steps()) steps.push_back(std::move(step));
  return steps;
}

}  // namespace vedette::traffic
