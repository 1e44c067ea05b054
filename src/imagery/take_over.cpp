#include "imagery/take_over.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/id.hpp"
#include "imagery/tables.hpp"

namespace vedette::imagery {
namespace {

constexpr std::size_t kMostName = 200;

// What fits numeric(5,3), as in analysis_store.cpp; NaN and beyond: nothing.
std::optional<double> narrow(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value) || std::abs(*value) >= 99.9995) return std::nullopt;
  return value;
}

bool is_on_earth(const ImagePosition& at) {
  return std::abs(at.latitude) <= 90 && std::abs(at.longitude) <= 180;
}

Result<void> put_position(db::Session& session, const std::string& id, const ImagePosition& at) {
  VEDETTE_CHECK(session.execute(
      "INSERT INTO image_gps (image_id, latitude, longitude, altitude, accuracy, heading, "
      "ground_speed, speed, captured_at, source) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
      "'upload') ON CONFLICT DO NOTHING",
      {id, at.latitude, at.longitude, at.altitude, at.accuracy, at.heading, at.ground_speed,
       at.speed, at.captured_at}));
  return {};
}

// Its figures are the original's, and say so.
Result<void> put_figures(db::Session& session, const std::string& image,
                         const OriginalAnalysis& from, Instant now) {
  const std::string id = new_uuid();
  const std::string summary =
      "Figures of the original program, taken over as they were; retry analyses the image here. " +
      from.summary;
  const auto ndvi = narrow(from.ndvi.mean);
  const Instant made = from.created_at.value_or(now);
  VEDETTE_TRY(
      added,
      session.execute(
          "INSERT INTO analyses (id, image_id, ndvi_mean, ndvi_std, ndvi_min, ndvi_max, savi_mean, "
          "savi_std, savi_min, savi_max, gndvi_mean, gndvi_std, gndvi_min, gndvi_max, "
          "health_score, health_status, summary, analysis_type, model_version, confidence, "
          "created_at, result, main_index, main_mean) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
          "$10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, '', $22, $23) "
          "ON CONFLICT DO NOTHING",
          {id,
           image,
           ndvi,
           narrow(from.ndvi.std),
           narrow(from.ndvi.min),
           narrow(from.ndvi.max),
           narrow(from.savi.mean),
           narrow(from.savi.std),
           narrow(from.savi.min),
           narrow(from.savi.max),
           narrow(from.gndvi.mean),
           narrow(from.gndvi.std),
           narrow(from.gndvi.min),
           narrow(from.gndvi.max),
           narrow(from.health_score),
           from.health_status,
           summary,
           from.analysis_type,
           from.model_version,
           narrow(from.confidence),
           made,
           ndvi ? "ndvi" : "",
           ndvi}));
  if (added == 0 || from.zones.empty()) return {};
  db::BulkInsert rows("stress_zones", {"analysis_id", "grid_x", "grid_y", "severity", "ndvi_value",
                                       "savi_value", "gndvi_value"});
  rows.on_conflict("ON CONFLICT DO NOTHING");
  for (const OriginalZone& zone : from.zones) {
    const auto severity = narrow(zone.severity);
    const auto zone_ndvi = narrow(zone.ndvi);
    const auto savi = narrow(zone.savi);
    const auto gndvi = narrow(zone.gndvi);
    rows.add(id, zone.x, zone.y, severity, zone_ndvi, savi, gndvi);
  }
  VEDETTE_CHECK(session.insert(rows));
  return {};
}

Result<void> put_preview(db::Session& session, const std::string& image,
                         const StoredProduct& preview) {
  VEDETTE_CHECK(session.execute(
      "INSERT INTO image_product (image_id, name, kind, index_name, blob_key, content_type, size, "
      "sha256) VALUES ($1, $2, $3, '', $4, $5, $6, $7) ON CONFLICT DO NOTHING",
      {image, preview.name, preview.kind, preview.blob_key, preview.content_type, preview.size,
       preview.sha256}));
  return {};
}

/// What the row says once it is here.
struct Standing {
  ImageStatus status = ImageStatus::kUploaded;
  std::string error;
};

Standing standing_of(const OriginalImage& image, const TakenOver& found) {
  const bool has_file = found.file.has_value();
  if (has_file && found.is_to_analyze) return {};
  if (image.status == OriginalStatus::kCompleted && (image.analysis || !has_file)) {
    return {ImageStatus::kCompleted, found.no_file};
  }
  if (!has_file) return {ImageStatus::kFailed, found.no_file};
  if (image.status == OriginalStatus::kFailed) {
    return {ImageStatus::kFailed,
            "It failed in the original program, which kept no reason. Retry analyses it here."};
  }
  return {};
}

Result<void> put_row(db::Session& session, const std::string& id, const OriginalImage& image,
                     const Standing& standing, const TakenOver& found, Instant now) {
  const std::string_view status = name(standing.status);
  std::optional<std::string_view> error;
  if (!standing.error.empty()) error = standing.error;
  const Instant uploaded = image.uploaded_at.value_or(now);
  // A file of a folder has no name that the original served it under.
  const std::string& filename =
      found.file && !is_image_id(image.id) ? found.file->filename : image.filename;
  std::optional<std::string_view> mission;
  if (image.mission && is_image_id(*image.mission)) mission = *image.mission;
  VEDETTE_CHECK(session.execute(
      fmt::format("INSERT INTO images (id, mission_id, filename, original_name, file_path, "
                  "captured_at, uploaded_at, created_at, updated_at, processed_at, "
                  "processing_status, error, s3_stored, revision) VALUES ($1, (SELECT id FROM "
                  "missions WHERE id = $2), $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12, {}) "
                  "ON CONFLICT (id) DO UPDATE SET processing_status = "
                  "excluded.processing_status, error = excluded.error, updated_at = "
                  "excluded.updated_at, revision = excluded.revision",
                  revision_sql(session.dialect())),
      {id, mission, filename, image.original_name, "/uploads/" + filename, image.captured_at,
       uploaded, now, image.processed_at, status, error, false}));
  if (!found.file) return {};
  const NewImage row = row_of(*found.file, image.original_name, found.s3_base);
  std::optional<std::string_view> s3_key;
  if (row.s3_url) s3_key = row.blob_key;
  VEDETTE_CHECK(session.execute(
      "UPDATE images SET blob_key = $2, sha256 = $3, file_size = $4, mime_type = $5, s3_url = $6, "
      "s3_key = $7, s3_stored = $8 WHERE id = $1",
      {id, row.blob_key, row.sha256, row.file_size, row.mime_type, row.s3_url, s3_key,
       row.s3_url.has_value()}));
  return {};
}

/// kDuplicate when another image has these bytes: the ledger names it.
Result<TakeOver> enter(db::Session& session, const std::string& source, const std::string& id,
                       const TakenOver& found, Instant now) {
  VEDETTE_TRY(is_first, session.execute("INSERT INTO image_import (source_id, image_id, "
                                        "imported_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                                        {source, id, now}));
  if (is_first == 0) return TakeOver::kHere;
  if (!found.file) return TakeOver::kNew;
  VEDETTE_TRY(same, session.query("SELECT id FROM images WHERE sha256 = $1", {found.file->sha256}));
  if (same.empty()) return TakeOver::kNew;
  const auto other = same.scalar<std::string>();
  VEDETTE_CHECK(session.execute("UPDATE image_import SET image_id = $2 WHERE source_id = $1",
                                {source, other}));
  // A database that was the original's has its row, which would wait for ever.
  VEDETTE_CHECK(session.execute(
      fmt::format("UPDATE images SET processing_status = CASE WHEN processing_status = "
                  "'completed' THEN 'completed' ELSE 'failed' END, error = $2, revision = {} "
                  "WHERE id = $1 AND blob_key IS NULL",
                  revision_sql(session.dialect())),
      {id, fmt::format("It has the same bytes as the image {}.", other)}));
  return TakeOver::kDuplicate;
}

}  // namespace

Result<bool> is_taken_over(db::Session& session, std::string_view source_id) {
  VEDETTE_TRY(rows, session.query("SELECT 1 FROM image_import WHERE source_id = $1", {source_id}));
  return !rows.empty();
}

Result<std::int64_t> count_left_over(db::Session& session) {
  VEDETTE_TRY(rows, session.query("SELECT count(*) FROM images i WHERE i.blob_key IS NULL AND NOT "
                                  "EXISTS (SELECT 1 FROM image_import s WHERE s.source_id = "
                                  "CAST(i.id AS text))"));
  return rows.scalar<std::int64_t>();
}

Result<void> take_over_mission(db::Session& session, const Mission& mission, Instant now) {
  if (!is_image_id(mission.id)) return {};
  std::string name = mission.name.substr(0, kMostName);
  if (name.empty()) name = "Mission " + mission.id.substr(0, 8);
  VEDETTE_CHECK(session.execute(
      "INSERT INTO missions (id, name, description, start_time, end_time, status, created_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
      {mission.id, name, mission.description, mission.start_time, mission.end_time, mission.status,
       mission.created_at.value_or(now)}));
  return {};
}

Result<TakeOver> take_over_image(db::Session& session, const OriginalImage& image,
                                 const TakenOver& found, Instant now) {
  const std::string id = is_image_id(image.id) ? image.id
                         : found.file          ? found.file->id
                                               : new_uuid();
  VEDETTE_TRY(entered, enter(session, image.id, id, found, now));
  if (entered != TakeOver::kNew) return entered;
  const Standing standing = standing_of(image, found);
  VEDETTE_CHECK(put_row(session, id, image, standing, found, now));
  if (image.position && is_on_earth(*image.position)) {
    VEDETTE_CHECK(put_position(session, id, *image.position));
  }
  if (image.analysis) VEDETTE_CHECK(put_figures(session, id, *image.analysis, now));
  if (found.preview) VEDETTE_CHECK(put_preview(session, id, *found.preview));
  if (standing.status == ImageStatus::kUploaded) {
    VEDETTE_TRY(job, enqueue_analysis(session, id));
    VEDETTE_CHECK(session.execute("UPDATE images SET job_id = $2 WHERE id = $1", {id, job}));
  }
  session.notify(kImagesChannel);
  return entered;
}

}  // namespace vedette::imagery
