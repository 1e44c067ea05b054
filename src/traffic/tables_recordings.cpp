#include "traffic/tables_recordings.hpp"

namespace vedette::traffic {
namespace {

// camera_run.is_recorded: the row is a result of a recorded file, which the next one replaces.
// settings: a digest of what it was counted with. history: what it added to the tables of history
// (traffic/history_rows.hpp); null: the roll-up did, under an earlier version. count_wanted:
// cameras to be given to the queue, see carry_over_counts(). detection_log: what a detector said of
// a recording's frames, so that they are shown to it once; crashes, chunks, stuck: as they were
// when the last attempt began. still: the key of its last picture (traffic/objects.hpp).

constexpr const char* kSqlite = R"sql(
ALTER TABLE camera ADD COLUMN has_end INTEGER;
ALTER TABLE camera_run ADD COLUMN is_recorded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE camera_run ADD COLUMN settings TEXT;
ALTER TABLE camera_run ADD COLUMN history TEXT;
ALTER TABLE camera_run ADD COLUMN still TEXT;
CREATE INDEX camera_run_still ON camera_run (still) WHERE still IS NOT NULL;
ALTER TABLE quality_log ADD COLUMN run_id INTEGER;
CREATE TABLE count_wanted (camera_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE detection_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  camera_id TEXT NOT NULL,
  mark TEXT NOT NULL,
  used_at INTEGER NOT NULL,
  crashes INTEGER NOT NULL DEFAULT 0,
  chunks INTEGER NOT NULL DEFAULT 0,
  stuck INTEGER NOT NULL DEFAULT 0,
  UNIQUE (camera_id, mark)
);
CREATE TABLE detection_chunk (
  log_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (log_id, number)
);
UPDATE camera_run SET is_recorded = 1 WHERE finished_at IS NOT NULL;
INSERT INTO count_wanted SELECT c.id FROM camera c WHERE c.is_loop = 0 AND c.is_enabled = 1 AND NOT EXISTS (
  SELECT 1 FROM camera_run r WHERE r.camera_id = c.id AND r.revision = c.revision AND r.finished_at IS NOT NULL);
)sql";

constexpr const char* kPostgres = R"sql(
ALTER TABLE mart.camera ADD COLUMN has_end boolean;
ALTER TABLE mart.camera_run ADD COLUMN is_recorded boolean NOT NULL DEFAULT false;
ALTER TABLE mart.camera_run ADD COLUMN settings text;
ALTER TABLE mart.camera_run ADD COLUMN history text;
ALTER TABLE mart.camera_run ADD COLUMN still text;
CREATE INDEX camera_run_still ON mart.camera_run (still) WHERE still IS NOT NULL;
ALTER TABLE mart.quality_log ADD COLUMN IF NOT EXISTS run_id bigint;
CREATE TABLE mart.count_wanted (camera_id text PRIMARY KEY);
CREATE TABLE mart.detection_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  camera_id text NOT NULL,
  mark text NOT NULL,
  used_at timestamptz NOT NULL,
  crashes bigint NOT NULL DEFAULT 0,
  chunks bigint NOT NULL DEFAULT 0,
  stuck bigint NOT NULL DEFAULT 0,
  UNIQUE (camera_id, mark)
);
CREATE TABLE mart.detection_chunk (
  log_id bigint NOT NULL,
  number bigint NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (log_id, number)
);
ALTER TABLE mart.detection_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;
UPDATE mart.camera_run SET is_recorded = true WHERE finished_at IS NOT NULL;
INSERT INTO mart.count_wanted SELECT c.id FROM mart.camera c WHERE NOT c.is_loop AND c.is_enabled AND NOT EXISTS (
  SELECT 1 FROM mart.camera_run r WHERE r.camera_id = c.id AND r.revision = c.revision AND r.finished_at IS NOT NULL);
)sql";

// camera.waits_for_start: a recorded one is not counted before somebody starts it. first_count_at:
// when it first was, which is the time of its first frame where nobody says when it was recorded;
// of what was counted before, the time that its result has. camera_run.times_from: what the times
// of a result are by ('starts_at', 'first_count').
constexpr const char* kSqliteStart = R"sql(
ALTER TABLE camera ADD COLUMN waits_for_start INTEGER;
ALTER TABLE camera ADD COLUMN first_count_at INTEGER;
ALTER TABLE camera_run ADD COLUMN times_from TEXT;
UPDATE camera SET first_count_at = (SELECT r.base_time FROM camera_run r WHERE r.camera_id = camera.id
  AND r.is_recorded = 1 ORDER BY r.id LIMIT 1) WHERE starts_at IS NULL;
)sql";

constexpr const char* kPostgresStart = R"sql(
ALTER TABLE mart.camera ADD COLUMN waits_for_start boolean;
ALTER TABLE mart.camera ADD COLUMN first_count_at timestamptz;
ALTER TABLE mart.camera_run ADD COLUMN times_from text;
UPDATE mart.camera c SET first_count_at = (SELECT r.base_time FROM mart.camera_run r WHERE r.camera_id = c.id
  AND r.is_recorded ORDER BY r.id LIMIT 1) WHERE starts_at IS NULL;
)sql";

// Objects by the rows that name them (traffic/objects.hpp): those of a result, and the small
// pictures of a recording whose count goes on or may be repeated, which belong to its detection
// log.
constexpr const char* kSqliteObjects = R"sql(
CREATE TABLE run_object (
  run_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  number INTEGER NOT NULL,
  media_us INTEGER NOT NULL,
  object TEXT NOT NULL,
  PRIMARY KEY (run_id, kind, number)
) WITHOUT ROWID;
CREATE INDEX run_object_object ON run_object (object);
CREATE TABLE count_picture (
  log_id INTEGER NOT NULL,
  frame INTEGER NOT NULL,
  media_us INTEGER NOT NULL,
  object TEXT NOT NULL,
  PRIMARY KEY (log_id, frame)
) WITHOUT ROWID;
CREATE INDEX count_picture_object ON count_picture (object);
)sql";

constexpr const char* kPostgresObjects = R"sql(
CREATE TABLE mart.run_object (
  run_id bigint NOT NULL,
  kind text NOT NULL,
  number bigint NOT NULL,
  media_us bigint NOT NULL,
  object text NOT NULL,
  PRIMARY KEY (run_id, kind, number)
);
CREATE INDEX run_object_object ON mart.run_object (object);
CREATE TABLE mart.count_picture (
  log_id bigint NOT NULL,
  frame bigint NOT NULL,
  media_us bigint NOT NULL,
  object text NOT NULL,
  PRIMARY KEY (log_id, frame)
);
CREATE INDEX count_picture_object ON mart.count_picture (object);
)sql";

}  // namespace

std::vector<db::Migration> recordings_steps() {
  return {{"traffic", 4, "results of recorded files", kSqlite, kPostgres},
          {"traffic", 5, "when a recording is counted, and its time", kSqliteStart, kPostgresStart},
          {"traffic", 6, "objects of results", kSqliteObjects, kPostgresObjects}};
}

}  // namespace vedette::traffic
