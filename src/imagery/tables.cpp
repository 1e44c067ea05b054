#include "imagery/tables.hpp"

#include <utility>

namespace vedette::imagery {
namespace {

// images.band_choice: what a user said of this image's bands; image_camera: what one said once for
// all of a camera (imagery/analysis_store.hpp).
//
// images.capture_of: the image that leads the capture whose file this one is
// (imagery/capture_store.hpp).
//
// images.revision orders changes for those who follow them (imagery/image_changes.hpp): on SQLite a
// number that rises with each write, on PostgreSQL the writing transaction's.
//
// The trigger on `job` keeps an image in step with its job, in the transaction of whoever changes
// the job: a worker that takes it, a process that rescues it from a dead one, a person who cancels
// it on the Operations page or with `vedette queue`. There is no moment at which the job has ended
// and the image is still "processing". What the trigger leaves alone is `completed`: that is
// written together with the analysis, by the job itself.

constexpr const char* kSqlite = R"sql(
CREATE TABLE missions (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  description TEXT,
  start_time INTEGER,
  end_time INTEGER,
  status TEXT NOT NULL DEFAULT 'active',
  created_at INTEGER NOT NULL DEFAULT (CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000)
) WITHOUT ROWID;

CREATE TABLE images (
  id TEXT PRIMARY KEY,
  mission_id TEXT REFERENCES missions (id) ON DELETE SET NULL,
  filename TEXT NOT NULL,
  original_name TEXT,
  file_path TEXT,
  s3_url TEXT,
  s3_key TEXT,
  s3_stored INTEGER NOT NULL DEFAULT 0,
  file_size INTEGER,
  mime_type TEXT,
  captured_at INTEGER,
  uploaded_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  processing_status TEXT NOT NULL DEFAULT 'uploaded',
  processed_at INTEGER,
  sha256 TEXT,
  blob_key TEXT,
  job_id INTEGER,
  error TEXT,
  width INTEGER,
  height INTEGER,
  bands TEXT,
  camera TEXT,
  band_choice TEXT,
  capture_key TEXT,
  capture_of TEXT REFERENCES images (id) ON DELETE CASCADE,
  rig_index INTEGER,
  revision INTEGER NOT NULL
);
CREATE UNIQUE INDEX images_sha256 ON images (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX images_filename ON images (filename);
CREATE UNIQUE INDEX images_capture ON images (capture_key) WHERE capture_of IS NULL AND capture_key IS NOT NULL;
CREATE INDEX images_capture_of ON images (capture_of) WHERE capture_of IS NOT NULL;
CREATE INDEX images_uploaded ON images (uploaded_at DESC, id DESC) WHERE capture_of IS NULL;
CREATE INDEX images_status ON images (processing_status, uploaded_at DESC, id DESC) WHERE capture_of IS NULL;
CREATE INDEX images_mission ON images (mission_id, uploaded_at DESC, id DESC) WHERE capture_of IS NULL;
CREATE INDEX images_revision ON images (revision);
CREATE INDEX images_blob ON images (blob_key);

CREATE TABLE image_removed (
  id TEXT PRIMARY KEY,
  revision INTEGER NOT NULL,
  removed_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX image_removed_revision ON image_removed (revision);

CREATE TABLE image_gps (
  id TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(16)))),
  image_id TEXT NOT NULL UNIQUE REFERENCES images (id) ON DELETE CASCADE,
  latitude REAL NOT NULL,
  longitude REAL NOT NULL,
  altitude REAL,
  accuracy REAL,
  heading REAL,
  ground_speed REAL,
  speed REAL,
  captured_at INTEGER,
  source TEXT NOT NULL DEFAULT 'upload'
);

CREATE TABLE analyses (
  id TEXT PRIMARY KEY,
  image_id TEXT NOT NULL UNIQUE REFERENCES images (id) ON DELETE CASCADE,
  ndvi_mean REAL, ndvi_std REAL, ndvi_min REAL, ndvi_max REAL,
  savi_mean REAL, savi_std REAL, savi_min REAL, savi_max REAL,
  gndvi_mean REAL, gndvi_std REAL, gndvi_min REAL, gndvi_max REAL,
  health_score REAL,
  health_status TEXT,
  summary TEXT,
  analysis_type TEXT,
  model_version TEXT,
  confidence REAL,
  processed_image_path TEXT,
  processed_s3_url TEXT,
  crop_type TEXT,
  crop_confidence REAL,
  inference_time_ms REAL,
  band_schema TEXT,
  health_topk TEXT,
  crop_topk TEXT,
  heuristic_fusion_score REAL,
  fallback_reason TEXT,
  created_at INTEGER NOT NULL,
  main_index TEXT,
  main_mean REAL,
  result TEXT NOT NULL,
  job_id INTEGER
);

CREATE TABLE stress_zones (
  id TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(16)))),
  analysis_id TEXT NOT NULL REFERENCES analyses (id) ON DELETE CASCADE,
  grid_x INTEGER NOT NULL,
  grid_y INTEGER NOT NULL,
  severity REAL,
  ndvi_value REAL,
  savi_value REAL,
  gndvi_value REAL,
  UNIQUE (analysis_id, grid_x, grid_y)
);

CREATE TABLE image_camera (
  camera TEXT PRIMARY KEY,
  bands TEXT NOT NULL,
  set_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE image_product (
  image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  index_name TEXT NOT NULL DEFAULT '',
  blob_key TEXT NOT NULL UNIQUE,
  content_type TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (image_id, name)
) WITHOUT ROWID;

CREATE TABLE image_upload (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  size INTEGER NOT NULL,
  received INTEGER NOT NULL,
  gps TEXT NOT NULL,
  mission_id TEXT REFERENCES missions (id) ON DELETE SET NULL,
  image_id TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX image_upload_updated ON image_upload (updated_at);

CREATE TABLE image_upload_part (
  upload_id TEXT NOT NULL REFERENCES image_upload (id) ON DELETE CASCADE,
  start INTEGER NOT NULL,
  size INTEGER NOT NULL,
  blob_key TEXT NOT NULL UNIQUE,
  PRIMARY KEY (upload_id, start)
) WITHOUT ROWID;

CREATE TRIGGER image_follows_job AFTER UPDATE OF state ON job
WHEN new.kind = 'analyze-image' AND new.state IS NOT old.state AND new.state <> 'completed'
BEGIN
  UPDATE images SET
    processing_status = CASE new.state WHEN 'running' THEN 'processing' WHEN 'discarded' THEN 'failed'
                                       WHEN 'cancelled' THEN 'failed' ELSE 'uploaded' END,
    error = CASE new.state WHEN 'discarded' THEN new.error WHEN 'failed' THEN new.error
                           WHEN 'cancelled' THEN 'The analysis was cancelled. Retry starts it again.'
                           WHEN 'available' THEN error END,
    processed_at = CASE WHEN new.state IN ('discarded', 'cancelled') THEN new.finished_at ELSE processed_at END,
    job_id = new.id,
    updated_at = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000,
    revision = 1 + max((SELECT coalesce(max(revision), 0) FROM images), (SELECT coalesce(max(revision), 0) FROM image_removed))
  WHERE id = new.unique_key;
END;
)sql";

// Tables of the original program keep their rows; what they lack is added, and times that had no
// zone get one.
constexpr const char* kPostgres = R"sql(
CREATE TABLE IF NOT EXISTS public.missions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  description text,
  start_time timestamptz,
  end_time timestamptz,
  status text DEFAULT 'active'
);
CREATE TABLE IF NOT EXISTS public.images (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  mission_id uuid REFERENCES public.missions (id) ON DELETE SET NULL,
  filename text NOT NULL,
  original_name text,
  file_path text,
  s3_url text,
  s3_key text,
  s3_stored boolean DEFAULT false,
  file_size bigint,
  mime_type text,
  captured_at timestamptz,
  uploaded_at timestamptz DEFAULT now(),
  created_at timestamptz DEFAULT now(),
  updated_at timestamptz DEFAULT now(),
  processing_status text DEFAULT 'uploaded',
  processed_at timestamptz
);
CREATE TABLE IF NOT EXISTS public.image_gps (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  image_id uuid NOT NULL UNIQUE REFERENCES public.images (id) ON DELETE CASCADE,
  latitude numeric(10,8) NOT NULL,
  longitude numeric(11,8) NOT NULL,
  altitude double precision,
  accuracy double precision,
  heading double precision,
  ground_speed double precision,
  speed double precision,
  captured_at timestamptz
);
CREATE TABLE IF NOT EXISTS public.analyses (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  image_id uuid NOT NULL UNIQUE REFERENCES public.images (id) ON DELETE CASCADE,
  ndvi_mean numeric(5,3), ndvi_std numeric(5,3), ndvi_min numeric(5,3), ndvi_max numeric(5,3),
  savi_mean numeric(5,3), savi_std numeric(5,3), savi_min numeric(5,3), savi_max numeric(5,3),
  gndvi_mean numeric(5,3), gndvi_std numeric(5,3), gndvi_min numeric(5,3), gndvi_max numeric(5,3),
  health_score numeric(5,2),
  health_status text,
  summary text,
  analysis_type text,
  model_version text,
  confidence numeric(5,2)
);
CREATE TABLE IF NOT EXISTS public.stress_zones (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  analysis_id uuid NOT NULL REFERENCES public.analyses (id) ON DELETE CASCADE,
  grid_x integer NOT NULL,
  grid_y integer NOT NULL,
  severity numeric(5,2),
  ndvi_value numeric(5,3),
  savi_value numeric(5,3),
  gndvi_value numeric(5,3),
  UNIQUE (analysis_id, grid_x, grid_y)
);

DO $do$
DECLARE wanted record;
BEGIN
  FOR wanted IN SELECT c.table_name AS tab, c.column_name AS col FROM information_schema.columns c
    WHERE c.table_schema = 'public' AND c.data_type = 'timestamp without time zone'
      AND c.table_name IN ('missions', 'images', 'image_gps', 'analyses', 'stress_zones')
  LOOP
    EXECUTE format('ALTER TABLE public.%I ALTER COLUMN %I TYPE timestamptz USING %I::timestamptz', wanted.tab, wanted.col,
                   wanted.col);
  END LOOP;
END $do$;

ALTER TABLE public.missions ADD COLUMN IF NOT EXISTS created_at timestamptz DEFAULT now();

ALTER TABLE public.images ADD COLUMN IF NOT EXISTS original_name text;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS file_path text;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS s3_stored boolean DEFAULT false;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS file_size bigint;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS mime_type text;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS captured_at timestamptz;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS created_at timestamptz DEFAULT now();
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS updated_at timestamptz DEFAULT now();
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS sha256 text;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS blob_key text;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS job_id bigint;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS error text;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS width bigint;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS height bigint;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS bands text;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS camera text;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS band_choice text;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS capture_key text;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS capture_of uuid REFERENCES public.images (id) ON DELETE CASCADE;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS rig_index integer;
ALTER TABLE public.images ADD COLUMN IF NOT EXISTS revision bigint;
ALTER TABLE public.images ALTER COLUMN revision SET DEFAULT (pg_current_xact_id()::text::bigint);
CREATE UNIQUE INDEX images_sha256 ON public.images (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX images_filename ON public.images (filename);
CREATE UNIQUE INDEX images_capture ON public.images (capture_key) WHERE capture_of IS NULL AND capture_key IS NOT NULL;
CREATE INDEX images_capture_of ON public.images (capture_of) WHERE capture_of IS NOT NULL;
CREATE INDEX images_uploaded ON public.images (uploaded_at DESC, id DESC) WHERE capture_of IS NULL;
CREATE INDEX images_status ON public.images (processing_status, uploaded_at DESC, id DESC) WHERE capture_of IS NULL;
CREATE INDEX images_mission ON public.images (mission_id, uploaded_at DESC, id DESC) WHERE capture_of IS NULL;
CREATE INDEX images_revision ON public.images (revision);
CREATE INDEX images_blob ON public.images (blob_key);

CREATE TABLE image_removed (
  id uuid PRIMARY KEY,
  revision bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  removed_at timestamptz NOT NULL
);
CREATE INDEX image_removed_revision ON image_removed (revision);

ALTER TABLE public.image_gps ADD COLUMN IF NOT EXISTS source text DEFAULT 'upload';

ALTER TABLE public.analyses ADD COLUMN IF NOT EXISTS processed_image_path text;
ALTER TABLE public.analyses ADD COLUMN IF NOT EXISTS processed_s3_url text;
ALTER TABLE public.analyses ADD COLUMN IF NOT EXISTS crop_type text;
ALTER TABLE public.analyses ADD COLUMN IF NOT EXISTS crop_confidence numeric(5,3);
ALTER TABLE public.analyses ADD COLUMN IF NOT EXISTS inference_time_ms double precision;
ALTER TABLE public.analyses ADD COLUMN IF NOT EXISTS band_schema text;
ALTER TABLE public.analyses ADD COLUMN IF NOT EXISTS health_topk text;
ALTER TABLE public.analyses ADD COLUMN IF NOT EXISTS crop_topk text;
ALTER TABLE public.analyses ADD COLUMN IF NOT EXISTS heuristic_fusion_score double precision;
ALTER TABLE public.analyses ADD COLUMN IF NOT EXISTS fallback_reason text;
ALTER TABLE public.analyses ADD COLUMN IF NOT EXISTS created_at timestamptz DEFAULT now();
ALTER TABLE public.analyses ADD COLUMN IF NOT EXISTS main_index text;
ALTER TABLE public.analyses ADD COLUMN IF NOT EXISTS main_mean double precision;
ALTER TABLE public.analyses ADD COLUMN IF NOT EXISTS result text;
ALTER TABLE public.analyses ADD COLUMN IF NOT EXISTS job_id bigint;

CREATE TABLE image_camera (
  camera text PRIMARY KEY,
  bands text NOT NULL,
  set_at timestamptz NOT NULL
);

CREATE TABLE image_product (
  image_id uuid NOT NULL REFERENCES public.images (id) ON DELETE CASCADE,
  name text NOT NULL,
  kind text NOT NULL,
  index_name text NOT NULL DEFAULT '',
  blob_key text NOT NULL UNIQUE,
  content_type text NOT NULL,
  size bigint NOT NULL,
  sha256 text NOT NULL,
  PRIMARY KEY (image_id, name)
);

CREATE TABLE image_upload (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  size bigint NOT NULL,
  received bigint NOT NULL,
  gps text NOT NULL,
  mission_id uuid REFERENCES public.missions (id) ON DELETE SET NULL,
  image_id uuid,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX image_upload_updated ON image_upload (updated_at);

CREATE TABLE image_upload_part (
  upload_id uuid NOT NULL REFERENCES image_upload (id) ON DELETE CASCADE,
  start bigint NOT NULL,
  size bigint NOT NULL,
  blob_key text NOT NULL UNIQUE,
  PRIMARY KEY (upload_id, start)
);

CREATE FUNCTION image_follows_job() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  UPDATE public.images SET
    processing_status = CASE new.state WHEN 'running' THEN 'processing' WHEN 'discarded' THEN 'failed'
                                       WHEN 'cancelled' THEN 'failed' ELSE 'uploaded' END,
    error = CASE new.state WHEN 'discarded' THEN new.error WHEN 'failed' THEN new.error
                           WHEN 'cancelled' THEN 'The analysis was cancelled. Retry starts it again.'
                           WHEN 'available' THEN error END,
    processed_at = CASE WHEN new.state IN ('discarded', 'cancelled') THEN new.finished_at ELSE processed_at END,
    job_id = new.id,
    updated_at = clock_timestamp(),
    revision = pg_current_xact_id()::text::bigint
  WHERE id = new.unique_key::uuid;
  RETURN NULL;
END $body$;
CREATE TRIGGER image_follows_job AFTER UPDATE OF state ON job FOR EACH ROW
  WHEN (new.kind = 'analyze-image' AND new.state IS DISTINCT FROM old.state AND new.state <> 'completed')
  EXECUTE FUNCTION image_follows_job();
)sql";

}  // namespace

std::vector<db::Migration> migrations() {
  std::vector<db::Migration> all{
      {"imagery", 1, "missions, images and analyses", kSqlite, kPostgres}};
  for (db::Migration& step : later_migrations()) all.push_back(std::move(step));
  return all;
}

}  // namespace vedette::imagery
