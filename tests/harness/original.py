"""A database as the original crop platform makes it: its tables with the types and defaults that its users have, and rows of every kind."""
import pathlib
import uuid

from harness.images import broken, png

SCHEMA = """
CREATE TABLE missions (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar(255) NOT NULL, description text, start_time timestamp, end_time timestamp, status varchar(50) DEFAULT 'active');
CREATE TABLE images (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), mission_id uuid REFERENCES missions (id) ON DELETE SET NULL, filename varchar(255) NOT NULL, original_name varchar(255),
  file_path varchar(500) NOT NULL, s3_url varchar(500), s3_key varchar(500), s3_stored boolean DEFAULT false, file_size integer, mime_type varchar(100), captured_at timestamp,
  uploaded_at timestamp DEFAULT CURRENT_TIMESTAMP, created_at timestamp DEFAULT CURRENT_TIMESTAMP, updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
  processing_status varchar(50) DEFAULT 'uploaded', processed_at timestamp);
CREATE INDEX idx_images_status ON images (processing_status);
CREATE INDEX idx_images_uploaded_at ON images (uploaded_at);
CREATE TABLE image_gps (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), image_id uuid UNIQUE NOT NULL REFERENCES images (id) ON DELETE CASCADE, latitude decimal(10,8) NOT NULL, longitude decimal(11,8) NOT NULL,
  altitude decimal(10,2), accuracy decimal(10,2), heading decimal(5,2), ground_speed decimal(10,2), speed decimal(10,2), captured_at timestamp DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE analyses (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), image_id uuid UNIQUE NOT NULL REFERENCES images (id) ON DELETE CASCADE,
  ndvi_mean decimal(5,3), ndvi_std decimal(5,3), ndvi_min decimal(5,3), ndvi_max decimal(5,3), savi_mean decimal(5,3), savi_std decimal(5,3), savi_min decimal(5,3), savi_max decimal(5,3),
  gndvi_mean decimal(5,3), gndvi_std decimal(5,3), gndvi_min decimal(5,3), gndvi_max decimal(5,3), health_score decimal(5,2), health_status varchar(50), summary text, analysis_type varchar(50),
  model_version varchar(50), confidence decimal(5,3), processed_image_path varchar(500), processed_s3_url varchar(500), crop_type varchar(50), crop_confidence decimal(5,3), inference_time_ms integer,
  band_schema varchar(32), health_topk jsonb, crop_topk jsonb, heuristic_fusion_score decimal(5,3), fallback_reason varchar(100), created_at timestamp DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE stress_zones (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), analysis_id uuid NOT NULL REFERENCES analyses (id) ON DELETE CASCADE, grid_x integer NOT NULL, grid_y integer NOT NULL,
  severity decimal(5,2), ndvi_value decimal(5,3), savi_value decimal(5,3), gndvi_value decimal(5,3), UNIQUE (analysis_id, grid_x, grid_y));
CREATE TABLE telemetry (id serial PRIMARY KEY, lat decimal(10,8), lon decimal(11,8), alt decimal(10,2), battery_level integer, status varchar(50) DEFAULT 'idle', timestamp timestamp DEFAULT CURRENT_TIMESTAMP);
INSERT INTO telemetry (lat, lon, alt, battery_level) VALUES (43.6532, -79.3832, 100, 90);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at = CURRENT_TIMESTAMP; RETURN NEW; END $$;
CREATE TRIGGER images_touch BEFORE UPDATE ON images FOR EACH ROW EXECUTE FUNCTION touch();
"""


class Original:
    """`rows` names each image by what is special about it; the files lie in `uploads` and `processed`."""

    def __init__(self, postgres, folder: pathlib.Path):
        self.postgres, self.url = postgres, postgres.new_database()
        self.name = self.url.rpartition("/")[2]
        self.uploads, self.processed = folder / "uploads", folder / "processed"
        self.uploads.mkdir(parents=True)
        self.processed.mkdir()
        self.rows: dict[str, str] = {}
        self.sql(SCHEMA)
        self.mission = str(uuid.uuid4())
        self.sql(f"INSERT INTO missions (id, name, start_time) VALUES ('{self.mission}', 'North field', '2025-06-01 08:00:00')")
        self.add("done", "completed", png(11), analysis=f"0.612, 0.1, -0.2, 0.9, 81.2, 'healthy', 'Looks good', '{self.processed / 'done.jpg'}'")
        (self.processed / "done.jpg").write_bytes(b"\xff\xd8\xff\xe0 a preview of the original")
        self.add("waiting", "uploaded", png(12))
        self.add("stuck", "processing", png(13), relative=True)
        self.add("refused", "failed", png(14))
        self.add("bad", "uploaded", broken())
        self.add("text", "uploaded", b"no picture")
        self.add("lost", "completed", None, analysis="0.3, 0.1, 0.0, 0.5, 0.5, 'poor', 'Attention', NULL")
        self.add("twice", "completed", png(11), analysis="0.612, 0.1, -0.2, 0.9, 0.81, 'healthy', 'Looks good', NULL")

    def sql(self, statement: str) -> str:
        return self.postgres.sql(statement, self.name)

    def add(self, *row, **options) -> None:
        self.sql(self._statements(*row, **options))

    def add_many(self, names: list[str], first_seed: int) -> None:
        """Completed ones, each with another picture."""
        self.sql("".join(self._statements(name, "completed", png(first_seed + number), "0.5, 0.1, 0.0, 0.9, 0.5, 'moderate', '', NULL") for number, name in enumerate(names)))

    def _statements(self, name: str, status: str, content: bytes | None, analysis: str = "", relative: bool = False) -> str:
        image = self.rows[name] = f"{len(self.rows) + 1:08d}-0000-4000-8000-000000000000"
        filename = f"1750000000{len(self.rows)}-abcdefgh.png"
        if content is not None:
            (self.uploads / filename).write_bytes(content)
        path = f"uploads/{filename}" if relative else self.uploads / filename
        statements = (f"INSERT INTO images (id, mission_id, filename, original_name, file_path, processing_status, uploaded_at) "
                      f"VALUES ('{image}', '{self.mission}', '{filename}', '{name}.png', '{path}', '{status}', '2025-06-01 09:30:00');"
                      f"INSERT INTO image_gps (image_id, latitude, longitude, altitude) VALUES ('{image}', -41.5, 0, 120.5);")
        if analysis:
            statements += (f"INSERT INTO analyses (image_id, ndvi_mean, ndvi_std, ndvi_min, ndvi_max, health_score, health_status, summary, processed_image_path) VALUES ('{image}', {analysis});"
                           f"INSERT INTO stress_zones (analysis_id, grid_x, grid_y, severity, ndvi_value) SELECT id, 3, 4, 0.55, -0.1 FROM analyses WHERE image_id = '{image}';")
        return statements

    def picture(self) -> dict[str, str]:
        """Everything that must not change."""
        tables = {table: self.sql(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t") for table in ("missions", "images", "image_gps", "analyses", "stress_zones")}
        return {**tables, **{path.name: str(path.stat().st_mtime_ns) for folder in (self.uploads, self.processed) for path in folder.iterdir()}}
