#include "imagery/analysis_store.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <utility>

#include "base/id.hpp"
#include "imagery/mission_panel.hpp"

namespace vedette::imagery {
namespace {

// What fits numeric(5,3) of the original's tables; the whole figures are in `result`.
std::optional<double> narrow(double value) {
  if (!std::isfinite(value) || std::abs(value) >= 99.9995) return std::nullopt;
  return value;
}

struct Cells {
  std::optional<double> mean;
  std::optional<double> std;
  std::optional<double> min;
  std::optional<double> max;
};

Cells cells_of(const Analysis& analysis, std::string_view index) {
  const IndexResult* found = analysis.find(index);
  if (found == nullptr || found->statistics.valid_px == 0) return {};
  const Statistics& from = found->statistics;
  return {narrow(from.mean), narrow(from.std), narrow(from.min), narrow(from.max)};
}

// The index that says most of a picture, and its mean.
const IndexResult* main_index(const Analysis& analysis) {
  for (const std::string_view wanted : {"ndvi", "ndre", "gndvi", "vari"}) {
    const IndexResult* found = analysis.find(wanted);
    if (found != nullptr && found->statistics.valid_px > 0) return found;
  }
  for (const IndexResult& one : analysis.indices) {
    if (one.statistics.valid_px > 0) return &one;
  }
  return nullptr;
}

std::string bands_json(const Analysis& analysis) {
  boost::json::array bands;
  for (const BandRole& role : analysis.bands) {
    if (role.band) {
      bands.emplace_back(name(*role.band));
    } else {
      bands.emplace_back(role.file_name.empty() ? fmt::format("band {}", role.index + 1)
                                                : role.file_name);
    }
  }
  return boost::json::serialize(bands);
}

std::string summary_of(const Analysis& analysis) {
  if (!analysis.health) return analysis.no_health;
  const Health& health = *analysis.health;
  return health.caveat.empty() ? health.advice : health.advice + " " + health.caveat;
}

// What the sender told goes before what the picture says.
Result<void> put_position(db::Session& session, std::string_view image, const Metadata& metadata) {
  VEDETTE_CHECK(
      session.execute("DELETE FROM image_gps WHERE image_id = $1 AND source = 'exif'", {image}));
  if (!metadata.position) return {};
  const Position& at = *metadata.position;
  VEDETTE_CHECK(session.execute(
      "INSERT INTO image_gps (image_id, latitude, longitude, altitude, accuracy, heading, "
      "captured_at, source) VALUES ($1, $2, $3, $4, $5, $6, $7, 'exif') "
      "ON CONFLICT (image_id) DO NOTHING",
      {image, at.latitude, at.longitude, at.altitude_m, at.accuracy_m, metadata.heading_deg,
       metadata.captured_at}));
  return {};
}

Result<void> put_zones(db::Session& session, const std::string& analysis,
                       const std::vector<StressCell>& cells) {
  if (cells.empty()) return {};
  db::BulkInsert rows("stress_zones", {"analysis_id", "grid_x", "grid_y", "severity", "ndvi_value",
                                       "savi_value", "gndvi_value"});
  rows.on_conflict("ON CONFLICT DO NOTHING");
  for (const StressCell& cell : cells) {
    const auto savi = cell.savi ? narrow(*cell.savi) : std::nullopt;
    const auto gndvi = cell.gndvi ? narrow(*cell.gndvi) : std::nullopt;
    rows.add(analysis, cell.x, cell.y, cell.severity, cell.ndvi, savi, gndvi);
  }
  VEDETTE_CHECK(session.insert(rows));
  return {};
}

Result<void> put_figures(db::Session& session, const FinishedAnalysis& made, Instant now) {
  const Analysis& analysis = *made.analysis;
  VEDETTE_CHECK(session.execute("DELETE FROM analyses WHERE image_id = $1", {made.image}));
  const std::string id = new_uuid();
  const Cells ndvi = cells_of(analysis, "ndvi");
  const Cells savi = cells_of(analysis, "savi");
  const Cells gndvi = cells_of(analysis, "gndvi");
  std::optional<double> score;
  std::optional<std::string> status;
  if (analysis.health) {
    score = analysis.health->score;
    status = analysis.health->status;
  }
  std::optional<std::string> without;
  if (!analysis.health && !analysis.no_health.empty()) without = analysis.no_health;
  std::optional<std::string> best;
  std::optional<double> best_mean;
  if (const IndexResult* index = main_index(analysis)) {
    best = index->definition.name;
    best_mean = index->statistics.mean;
  }
  const std::string_view type =
      analysis.find("ndvi") != nullptr ? "vegetation_indices" : "visible_indices";
  VEDETTE_CHECK(session.execute(
      "INSERT INTO analyses (id, image_id, ndvi_mean, ndvi_std, ndvi_min, ndvi_max, savi_mean, "
      "savi_std, savi_min, savi_max, gndvi_mean, gndvi_std, gndvi_min, gndvi_max, health_score, "
      "health_status, summary, analysis_type, band_schema, fallback_reason, created_at, result, "
      "job_id, main_index, main_mean) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
      "$13, $14, $15, $16, $17, "
      "$18, $19, $20, $21, $22, $23, $24, $25)",
      {id,
       made.image,
       ndvi.mean,
       ndvi.std,
       ndvi.min,
       ndvi.max,
       savi.mean,
       savi.std,
       savi.min,
       savi.max,
       gndvi.mean,
       gndvi.std,
       gndvi.min,
       gndvi.max,
       score,
       status,
       summary_of(analysis),
       type,
       bands_json(analysis),
       without,
       now,
       made.json,
       made.job,
       best,
       best_mean}));
  return put_zones(session, id, analysis.stress);
}

Result<std::vector<std::string>> put_products(db::Session& session, const FinishedAnalysis& made) {
  VEDETTE_TRY(before, products(session, made.image));
  std::vector<std::string> keys;
  for (StoredProduct& one : before) keys.push_back(std::move(one.blob_key));
  VEDETTE_CHECK(session.execute("DELETE FROM image_product WHERE image_id = $1", {made.image}));
  if (made.products.empty()) return keys;
  db::BulkInsert rows("image_product", {"image_id", "name", "kind", "index_name", "blob_key",
                                        "content_type", "size", "sha256"});
  for (const StoredProduct& one : made.products) {
    rows.add(made.image, one.name, one.kind, one.index, one.blob_key, one.content_type, one.size,
             one.sha256);
  }
  VEDETTE_CHECK(session.insert(rows));
  return keys;
}

}  // namespace

Result<std::vector<std::string>> put_analysis(db::Session& session, const FinishedAnalysis& made,
                                              Instant now) {
  const Analysis& analysis = *made.analysis;
  VEDETTE_TRY(
      changed,
      session.execute(fmt::format("UPDATE images SET processing_status = 'completed', "
                                  "processed_at = $2, error = NULL, width = $3, height = $4, "
                                  "bands = $5, camera = $6, captured_at = $7, updated_at = $2, "
                                  "revision = {} WHERE id = $1",
                                  revision_sql(session.dialect())),
                      {made.image, now, analysis.width, analysis.height, bands_json(analysis),
                       made.camera, analysis.metadata.captured_at}));
  if (changed == 0) {
    return fail(ErrorCode::kNotFound, "The image was removed while it was analysed.");
  }
  // Its row is ours now: whoever adds a file waits, or was before us.
  VEDETTE_TRY(parts,
              session.query("SELECT count(*) FROM images WHERE capture_of = $1", {made.image}));
  if (parts.scalar<std::int64_t>() + 1 != made.files) {
    return fail(ErrorCode::kConflict, "Another file of the same shot has come meanwhile.");
  }
  VEDETTE_TRY(panel, panel_of_image(session, made.image));
  if (panel != made.panel) {
    return fail(ErrorCode::kConflict, "The panel of its flight was marked meanwhile.");
  }
  VEDETTE_CHECK(put_position(session, made.image, analysis.metadata));
  VEDETTE_CHECK(put_figures(session, made, now));
  VEDETTE_TRY(before, put_products(session, made));
  session.notify(kImagesChannel);
  return std::move(before);
}

Result<void> put_wait_reason(db::Session& session, std::string_view image,
                             std::string_view reason) {
  VEDETTE_CHECK(session.execute(
      fmt::format("UPDATE images SET error = $2, updated_at = {}, revision = {} WHERE id = $1",
                  db::now_sql(session.dialect()), revision_sql(session.dialect())),
      {image, reason}));
  session.notify(kImagesChannel);
  return {};
}

Result<std::optional<std::string>> camera_bands(db::Session& session, std::string_view camera) {
  VEDETTE_TRY(rows, session.query("SELECT bands FROM image_camera WHERE camera = $1", {camera}));
  if (rows.empty()) return std::nullopt;
  return rows.scalar<std::string>();
}

Result<void> set_camera_bands(db::Session& session, std::string_view camera, std::string_view bands,
                              Instant now) {
  if (bands.empty()) {
    VEDETTE_CHECK(session.execute("DELETE FROM image_camera WHERE camera = $1", {camera}));
    return {};
  }
  VEDETTE_CHECK(session.execute(
      "INSERT INTO image_camera (camera, bands, set_at) VALUES ($1, $2, $3) ON CONFLICT (camera) "
      "DO UPDATE SET bands = excluded.bands, set_at = excluded.set_at",
      {camera, bands, now}));
  return {};
}

Result<void> set_image_bands(db::Session& session, std::string_view image, std::string_view bands) {
  std::optional<std::string_view> choice;
  if (!bands.empty()) choice = bands;
  VEDETTE_TRY(
      changed,
      session.execute(fmt::format("UPDATE images SET band_choice = $2, updated_at = {}, "
                                  "revision = {} WHERE id = $1",
                                  db::now_sql(session.dialect()), revision_sql(session.dialect())),
                      {image, choice}));
  if (changed == 0) return fail(ErrorCode::kNotFound, "There is no such image.");
  session.notify(kImagesChannel);
  return {};
}

}  // namespace vedette::imagery
