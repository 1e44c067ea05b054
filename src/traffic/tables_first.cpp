#include "traffic/tables_first.hpp"

namespace vedette::traffic {
namespace {

// `position` columns order rows for the roll-up so that none is missed and none read twice: on
// SQLite the row id (writers take turns), on PostgreSQL the writing transaction's number, read only
// below the oldest transaction that still runs (row ids would be seen out of order there).

constexpr const char* kSqliteTables = R"sql(
CREATE TABLE camera (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  source TEXT NOT NULL,
  is_loop INTEGER NOT NULL,
  starts_at INTEGER,
  model TEXT,
  types TEXT NOT NULL,
  is_enabled INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE camera_line (
  id TEXT PRIMARY KEY,
  camera_id TEXT NOT NULL,
  place INTEGER NOT NULL,
  name TEXT NOT NULL,
  x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL,
  a_to_b TEXT NOT NULL,
  b_to_a TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  removed_at INTEGER
) WITHOUT ROWID;
CREATE INDEX camera_line_camera ON camera_line (camera_id, place);

CREATE TABLE camera_run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  camera_id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  detector TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  base_time INTEGER NOT NULL,
  frames INTEGER NOT NULL,
  media_us INTEGER NOT NULL,
  finished_at INTEGER
);
CREATE INDEX camera_run_camera ON camera_run (camera_id, id);

CREATE TABLE camera_status (
  camera_id TEXT PRIMARY KEY,
  updated_at INTEGER NOT NULL,
  sampled_at INTEGER,
  status TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE watch_span (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  camera_id TEXT NOT NULL,
  run_id INTEGER NOT NULL,
  from_t INTEGER NOT NULL,
  to_t INTEGER NOT NULL,
  rolled_to INTEGER NOT NULL
);
CREATE INDEX watch_span_camera ON watch_span (camera_id, from_t);
CREATE INDEX watch_span_unrolled ON watch_span (id) WHERE to_t > rolled_to;

CREATE TABLE current_traffic (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  camera_id TEXT NOT NULL,
  vehicle_type TEXT NOT NULL,
  track_id INTEGER NOT NULL,
  x_coord REAL,
  y_coord REAL,
  avg_speed REAL,
  count INTEGER NOT NULL DEFAULT 1,
  last_update INTEGER NOT NULL,
  first_seen INTEGER,
  is_moving INTEGER
);
CREATE INDEX current_traffic_time ON current_traffic (last_update);

CREATE TABLE crossings (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  camera_id TEXT NOT NULL,
  line_id TEXT NOT NULL,
  track_id INTEGER NOT NULL,
  direction TEXT NOT NULL,
  vehicle_type TEXT NOT NULL,
  crossed_at INTEGER NOT NULL,
  x REAL NOT NULL,
  y REAL NOT NULL,
  frame INTEGER NOT NULL,
  UNIQUE (camera_id, line_id, track_id)
);
CREATE INDEX crossings_time ON crossings (crossed_at);
CREATE INDEX crossings_camera ON crossings (camera_id, position);

CREATE TABLE traffic_5min (
  bucket INTEGER NOT NULL,
  camera_id TEXT NOT NULL,
  vehicle_type TEXT NOT NULL,
  tracks INTEGER NOT NULL DEFAULT 0,
  crossers INTEGER NOT NULL DEFAULT 0,
  crossings INTEGER NOT NULL DEFAULT 0,
  samples INTEGER NOT NULL DEFAULT 0,
  vehicles INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, camera_id, vehicle_type)
) WITHOUT ROWID;

CREATE TABLE traffic_history (
  report_hour INTEGER NOT NULL,
  camera_id TEXT NOT NULL,
  vehicle_type TEXT NOT NULL,
  avg_speed REAL,
  intensity REAL,
  density REAL,
  coverage_s REAL,
  crossings INTEGER,
  vehicles INTEGER,
  tracks INTEGER,
  crossers INTEGER,
  samples INTEGER,
  PRIMARY KEY (report_hour, camera_id, vehicle_type)
) WITHOUT ROWID;

CREATE TABLE coverage_5min (
  bucket INTEGER NOT NULL,
  camera_id TEXT NOT NULL,
  coverage_us INTEGER NOT NULL,
  PRIMARY KEY (bucket, camera_id)
) WITHOUT ROWID;

CREATE TABLE coverage_hour (
  bucket INTEGER NOT NULL,
  camera_id TEXT NOT NULL,
  coverage_us INTEGER NOT NULL,
  PRIMARY KEY (bucket, camera_id)
) WITHOUT ROWID;

CREATE TABLE track_seen (
  bucket INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  camera_id TEXT NOT NULL,
  track_id INTEGER NOT NULL,
  PRIMARY KEY (bucket, kind, camera_id, track_id)
) WITHOUT ROWID;

CREATE TABLE rollup_state (
  name TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO rollup_state VALUES ('live', 0), ('crossings', 0);

CREATE TABLE quality_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  camera_id TEXT,
  issue TEXT NOT NULL,
  cause TEXT,
  ts INTEGER NOT NULL,
  ended_at INTEGER
);
CREATE INDEX quality_log_time ON quality_log (ts);
CREATE INDEX quality_log_open ON quality_log (camera_id) WHERE ended_at IS NULL;
)sql";

constexpr const char* kPostgresTables = R"sql(
CREATE TABLE mart.camera (
  id text PRIMARY KEY,
  name text NOT NULL,
  source text NOT NULL,
  is_loop boolean NOT NULL,
  starts_at timestamptz,
  model text,
  types text NOT NULL,
  is_enabled boolean NOT NULL,
  revision bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);

CREATE TABLE mart.camera_line (
  id text PRIMARY KEY,
  camera_id text NOT NULL,
  place integer NOT NULL,
  name text NOT NULL,
  x1 double precision NOT NULL, y1 double precision NOT NULL,
  x2 double precision NOT NULL, y2 double precision NOT NULL,
  a_to_b text NOT NULL,
  b_to_a text NOT NULL,
  created_at timestamptz NOT NULL,
  removed_at timestamptz
);
CREATE INDEX camera_line_camera ON mart.camera_line (camera_id, place);

CREATE TABLE mart.camera_run (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  camera_id text NOT NULL,
  revision bigint NOT NULL,
  detector text NOT NULL,
  started_at timestamptz NOT NULL,
  base_time timestamptz NOT NULL,
  frames bigint NOT NULL,
  media_us bigint NOT NULL,
  finished_at timestamptz
);
CREATE INDEX camera_run_camera ON mart.camera_run (camera_id, id);

CREATE TABLE mart.camera_status (
  camera_id text PRIMARY KEY,
  updated_at timestamptz NOT NULL,
  sampled_at timestamptz,
  status text NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE mart.watch_span (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  camera_id text NOT NULL,
  run_id bigint NOT NULL,
  from_t timestamptz NOT NULL,
  to_t timestamptz NOT NULL,
  rolled_to timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX watch_span_camera ON mart.watch_span (camera_id, from_t);
CREATE INDEX watch_span_unrolled ON mart.watch_span (id) WHERE to_t > rolled_to;

CREATE TABLE IF NOT EXISTS mart.current_traffic (
  camera_id text, vehicle_type text, track_id bigint, x_coord double precision, y_coord double precision,
  avg_speed double precision, count integer DEFAULT 1, last_update timestamptz
);
CREATE TABLE IF NOT EXISTS mart.traffic_history (
  report_hour timestamptz, camera_id text, vehicle_type text, avg_speed double precision, intensity double precision,
  density double precision, UNIQUE (report_hour, camera_id, vehicle_type)
);
CREATE TABLE IF NOT EXISTS mart.quality_log (
  id bigserial PRIMARY KEY, issue text, ts timestamptz DEFAULT now()
);

-- Tables of the original program keep their rows; only types that would lose something are widened. Its rows carry
-- no transaction number (position stays null), so the roll-up never counts its detections as vehicles.
DO $do$
DECLARE wanted record;
BEGIN
  FOR wanted IN SELECT * FROM (VALUES
      ('current_traffic', 'track_id', 'bigint', ''),
      ('current_traffic', 'x_coord', 'double precision', ''),
      ('current_traffic', 'y_coord', 'double precision', ''),
      ('current_traffic', 'avg_speed', 'double precision', ''),
      ('current_traffic', 'last_update', 'timestamp with time zone', ''),
      ('traffic_history', 'report_hour', 'timestamp with time zone', ''),
      ('traffic_history', 'avg_speed', 'double precision', ''),
      ('traffic_history', 'intensity', 'double precision', ''),
      ('traffic_history', 'density', 'double precision', ''),
      ('quality_log', 'issue', 'text', ''),
      ('quality_log', 'ts', 'timestamp with time zone', '')) AS w(tab, col, typ, note)
  LOOP
    IF EXISTS (SELECT 1 FROM information_schema.columns c WHERE c.table_schema = 'mart' AND c.table_name = wanted.tab
               AND c.column_name = wanted.col AND c.data_type <> wanted.typ) THEN
      EXECUTE format('ALTER TABLE mart.%I ALTER COLUMN %I TYPE %s USING %I::%s', wanted.tab, wanted.col, wanted.typ,
                     wanted.col, wanted.typ);
    END IF;
  END LOOP;
END $do$;

ALTER TABLE mart.current_traffic ADD COLUMN IF NOT EXISTS position bigint;
ALTER TABLE mart.current_traffic ALTER COLUMN position SET DEFAULT (pg_current_xact_id()::text::bigint);
ALTER TABLE mart.current_traffic ADD COLUMN IF NOT EXISTS first_seen timestamptz;
ALTER TABLE mart.current_traffic ADD COLUMN IF NOT EXISTS is_moving boolean;
CREATE INDEX current_traffic_position ON mart.current_traffic (position);
CREATE INDEX current_traffic_time ON mart.current_traffic (last_update);

ALTER TABLE mart.traffic_history ADD COLUMN IF NOT EXISTS coverage_s double precision;
ALTER TABLE mart.traffic_history ADD COLUMN IF NOT EXISTS crossings bigint;
ALTER TABLE mart.traffic_history ADD COLUMN IF NOT EXISTS vehicles bigint;
ALTER TABLE mart.traffic_history ADD COLUMN IF NOT EXISTS tracks bigint;
ALTER TABLE mart.traffic_history ADD COLUMN IF NOT EXISTS crossers bigint;
ALTER TABLE mart.traffic_history ADD COLUMN IF NOT EXISTS samples bigint;
CREATE UNIQUE INDEX IF NOT EXISTS traffic_history_natural ON mart.traffic_history (report_hour, camera_id, vehicle_type);

ALTER TABLE mart.quality_log ADD COLUMN IF NOT EXISTS camera_id text;
ALTER TABLE mart.quality_log ADD COLUMN IF NOT EXISTS cause text;
ALTER TABLE mart.quality_log ADD COLUMN IF NOT EXISTS ended_at timestamptz;
CREATE INDEX quality_log_time ON mart.quality_log (ts);
CREATE INDEX quality_log_open ON mart.quality_log (camera_id) WHERE ended_at IS NULL;

CREATE TABLE mart.crossings (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  camera_id text NOT NULL,
  line_id text NOT NULL,
  track_id bigint NOT NULL,
  direction text NOT NULL,
  vehicle_type text NOT NULL,
  crossed_at timestamptz NOT NULL,
  x double precision NOT NULL,
  y double precision NOT NULL,
  frame bigint NOT NULL,
  position bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  UNIQUE (camera_id, line_id, track_id)
);
CREATE INDEX crossings_position ON mart.crossings (position);
CREATE INDEX crossings_time ON mart.crossings (crossed_at);
CREATE INDEX crossings_camera ON mart.crossings (camera_id, id);

CREATE TABLE mart.traffic_5min (
  bucket timestamptz NOT NULL,
  camera_id text NOT NULL,
  vehicle_type text NOT NULL,
  tracks bigint NOT NULL DEFAULT 0,
  crossers bigint NOT NULL DEFAULT 0,
  crossings bigint NOT NULL DEFAULT 0,
  samples bigint NOT NULL DEFAULT 0,
  vehicles bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, camera_id, vehicle_type)
);

CREATE TABLE mart.coverage_5min (
  bucket timestamptz NOT NULL,
  camera_id text NOT NULL,
  coverage_us bigint NOT NULL,
  PRIMARY KEY (bucket, camera_id)
) WITH (fillfactor = 70);

CREATE TABLE mart.coverage_hour (
  bucket timestamptz NOT NULL,
  camera_id text NOT NULL,
  coverage_us bigint NOT NULL,
  PRIMARY KEY (bucket, camera_id)
) WITH (fillfactor = 70);

CREATE TABLE mart.track_seen (
  bucket timestamptz NOT NULL,
  kind integer NOT NULL,
  camera_id text NOT NULL,
  track_id bigint NOT NULL,
  PRIMARY KEY (bucket, kind, camera_id, track_id)
);

CREATE TABLE mart.rollup_state (name text PRIMARY KEY, position bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO mart.rollup_state VALUES ('live', 0), ('crossings', 0);
)sql";

}  // namespace

db::Migration first_step() {
  return {"traffic", 1, "cameras, counts and history", kSqliteTables, kPostgresTables};
}

}  // namespace vedette::traffic
