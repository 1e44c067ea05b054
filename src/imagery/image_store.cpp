#include "imagery/image_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "db/where.hpp"
#include "imagery/tables.hpp"
#include "work/job_queue.hpp"

namespace vedette::imagery {
namespace {

constexpr std::array<std::pair<ImageStatus, std::string_view>, 4> kStatuses{
    {{ImageStatus::kUploaded, "uploaded"},
     {ImageStatus::kProcessing, "processing"},
     {ImageStatus::kCompleted, "completed"},
     {ImageStatus::kFailed, "failed"}}};

// Somebody removes what is in the way between two looks at it.
constexpr int kMostRaces = 10;

std::unexpected<Error> no_image(std::string_view id) {
  return fail(ErrorCode::kNotFound,
              fmt::format("There is no image '{}'. GET /api/images lists them.", id.substr(0, 64)));
}

Result<void> check_mission(db::Session& session, const std::optional<std::string>& mission) {
  if (!mission) return {};
  if (is_image_id(*mission)) {
    VEDETTE_TRY(rows, session.query("SELECT 1 FROM missions WHERE id = $1", {*mission}));
    if (!rows.empty()) return {};
  }
  return fail(ErrorCode::kNotFound, fmt::format("There is no mission '{}'. GET /api/missions "
                                                "lists them.",
                                                mission->substr(0, 64)));
}

Result<void> add_position(db::Session& session, std::string_view image, const ImagePosition& at) {
  VEDETTE_CHECK(session.execute(
      "INSERT INTO image_gps (image_id, latitude, longitude, altitude, accuracy, heading, "
      "ground_speed, speed, captured_at, source) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      {image, at.latitude, at.longitude, at.altitude, at.accuracy, at.heading, at.ground_speed,
       at.speed, at.captured_at, at.source}));
  return {};
}

Result<std::optional<Image>> find_where(db::Session& session, std::string_view column,
                                        std::string_view value) {
  VEDETTE_TRY(rows, session.query(fmt::format("SELECT {} {} WHERE i.{} = $1", image_columns(),
                                              image_tables(), column),
                                  {value}));
  if (rows.empty()) return std::nullopt;
  return image_from(rows.front());
}

StoredProduct product_from(const db::Row& row) {
  return {.name = row.get<std::string>(0),
          .kind = row.get<std::string>(1),
          .index = row.get<std::string>(2),
          .blob_key = row.get<std::string>(3),
          .content_type = row.get<std::string>(4),
          .size = row.get<std::int64_t>(5),
          .sha256 = row.get<std::string>(6)};
}

constexpr std::string_view kProductColumns =
    "SELECT name, kind, index_name, blob_key, content_type, size, sha256 FROM image_product ";

std::string text_or_empty(const db::Row& row, std::string_view column) {
  return row.get<std::optional<std::string>>(column).value_or(std::string());
}

Image::Stats stats_from(const db::Row& row, std::string_view index) {
  const auto cell = [&](std::string_view what) {
    return row.get<std::optional<double>>(fmt::format("{}_{}", index, what));
  };
  return {cell("mean"), cell("std"), cell("min"), cell("max")};
}

}  // namespace

std::string_view name(ImageStatus status) {
  for (const auto& [known, text] : kStatuses) {
    if (known == status) return text;
  }
  return "uploaded";
}

std::optional<ImageStatus> image_status_named(std::string_view text) {
  for (const auto& [status, known] : kStatuses) {
    if (known == text) return status;
  }
  return std::nullopt;
}

bool is_image_id(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (is_dash ? c != '-' : !is_digit) return false;
  }
  return true;
}

std::string_view revision_sql(db::Dialect dialect) {
  if (dialect == db::Dialect::kPostgres) return "pg_current_xact_id()::text::bigint";
  return "(1 + max((SELECT coalesce(max(revision), 0) FROM images), "
         "(SELECT coalesce(max(revision), 0) FROM image_removed)))";
}

std::string_view image_columns() {
  return "i.id AS id, i.mission_id AS mission_id, i.filename AS filename, "
         "i.original_name AS original_name, i.mime_type AS mime_type, i.file_size AS file_size, "
         "i.sha256 AS sha256, i.blob_key AS blob_key, i.s3_url AS s3_url, i.processing_status AS "
         "processing_status, "
         "i.error AS error, i.uploaded_at AS uploaded_at, i.updated_at AS updated_at, "
         "i.processed_at AS processed_at, i.captured_at AS captured_at, i.job_id AS job_id, "
         "i.width AS width, i.height AS height, i.bands AS bands, i.camera AS camera, "
         "i.band_choice AS band_choice, i.capture_of AS capture_of, "
         "(SELECT 1 + count(*) FROM images m WHERE m.capture_of = i.id) AS files, "
         "i.is_sample AS is_sample, i.revision AS revision, g.latitude AS latitude, "
         "g.longitude AS longitude, "
         "g.altitude AS altitude, g.accuracy AS accuracy, g.heading AS heading, "
         "g.ground_speed AS ground_speed, g.speed AS speed, g.captured_at AS gps_at, "
         "g.source AS gps_source, a.image_id AS analyzed, a.ndvi_mean AS ndvi_mean, "
         "a.ndvi_std AS ndvi_std, a.ndvi_min AS ndvi_min, a.ndvi_max AS ndvi_max, "
         "a.savi_mean AS savi_mean, a.savi_std AS savi_std, a.savi_min AS savi_min, "
         "a.savi_max AS savi_max, a.gndvi_mean AS gndvi_mean, a.gndvi_std AS gndvi_std, "
         "a.gndvi_min AS gndvi_min, a.gndvi_max AS gndvi_max, a.main_index AS main_index, "
         "a.main_mean AS main_mean, a.health_score AS health_score, "
         "a.health_status AS health_status, a.summary AS summary, "
         "a.analysis_type AS analysis_type, a.model_version AS model_version, "
         "a.confidence AS confidence, a.created_at AS analyzed_at";
}

std::string_view image_tables() {
  return "FROM images i LEFT JOIN image_gps g ON g.image_id = i.id "
         "LEFT JOIN analyses a ON a.image_id = i.id";
}

Image image_from(const db::Row& row) {
  Image image;
  image.id = row.get<std::string>("id");
  image.mission = row.get<std::optional<std::string>>("mission_id");
  image.filename = row.get<std::string>("filename");
  image.original_name = text_or_empty(row, "original_name");
  image.mime_type = text_or_empty(row, "mime_type");
  image.file_size = row.get<std::optional<std::int64_t>>("file_size").value_or(0);
  image.sha256 = text_or_empty(row, "sha256");
  image.blob_key = text_or_empty(row, "blob_key");
  image.s3_url = row.get<std::optional<std::string>>("s3_url");
  image.status =
      image_status_named(text_or_empty(row, "processing_status")).value_or(ImageStatus::kUploaded);
  image.error = text_or_empty(row, "error");
  // Rows of the original program may lack what we always write.
  image.uploaded_at = row.get<std::optional<Instant>>("uploaded_at").value_or(Instant{});
  image.updated_at = row.get<std::optional<Instant>>("updated_at").value_or(image.uploaded_at);
  image.processed_at = row.get<std::optional<Instant>>("processed_at");
  image.captured_at = row.get<std::optional<Instant>>("captured_at");
  image.job = row.get<std::optional<std::int64_t>>("job_id");
  image.width = row.get<std::optional<int>>("width");
  image.height = row.get<std::optional<int>>("height");
  image.bands = text_or_empty(row, "bands");
  image.camera = text_or_empty(row, "camera");
  image.band_choice = text_or_empty(row, "band_choice");
  image.capture_of = row.get<std::optional<std::string>>("capture_of");
  image.files = row.get<int>("files");
  image.is_sample = row.get<bool>("is_sample");
  image.revision = row.get<std::optional<std::int64_t>>("revision").value_or(0);
  const auto latitude = row.get<std::optional<double>>("latitude");
  const auto longitude = row.get<std::optional<double>>("longitude");
  if (latitude && longitude) {
    image.position = ImagePosition{.latitude = *latitude,
                                   .longitude = *longitude,
                                   .altitude = row.get<std::optional<double>>("altitude"),
                                   .accuracy = row.get<std::optional<double>>("accuracy"),
                                   .heading = row.get<std::optional<double>>("heading"),
                                   .ground_speed = row.get<std::optional<double>>("ground_speed"),
                                   .speed = row.get<std::optional<double>>("speed"),
                                   .captured_at = row.get<std::optional<Instant>>("gps_at"),
                                   .source = text_or_empty(row, "gps_source")};
  }
  if (row.get<std::optional<std::string>>("analyzed")) {
    image.figures = Image::Figures{
        .ndvi = stats_from(row, "ndvi"),
        .savi = stats_from(row, "savi"),
        .gndvi = stats_from(row, "gndvi"),
        .main_index = text_or_empty(row, "main_index"),
        .main_mean = row.get<std::optional<double>>("main_mean"),
        .health_score = row.get<std::optional<double>>("health_score"),
        .health_status = text_or_empty(row, "health_status"),
        .summary = text_or_empty(row, "summary"),
        .analysis_type = text_or_empty(row, "analysis_type"),
        .model_version = text_or_empty(row, "model_version"),
        .confidence = row.get<std::optional<double>>("confidence"),
        .analyzed_at = row.get<std::optional<Instant>>("analyzed_at").value_or(image.uploaded_at)};
  }
  return image;
}

Result<std::int64_t> enqueue_analysis(db::Session& session, std::string_view id) {
  VEDETTE_TRY(job, work::enqueue(session, {.kind = std::string(kAnalyzeImage),
                                           .payload = fmt::format(R"({{"image":"{}"}})", id),
                                           .key = std::string(id)}));
  return job.id;
}

Result<AddedImage> add_image(db::Session& session, const NewImage& image, Instant now) {
  VEDETTE_CHECK(check_mission(session, image.mission));
  const std::string insert = fmt::format(
      "INSERT INTO images (id, mission_id, filename, original_name, file_path, s3_key, file_size, "
      "mime_type, uploaded_at, created_at, updated_at, processing_status, sha256, blob_key, "
      "s3_url, "
      "s3_stored, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9, 'uploaded', $10, "
      "$11, $12, $13, {}) "
      "ON CONFLICT (sha256) WHERE sha256 IS NOT NULL DO NOTHING",
      revision_sql(session.dialect()));
  const std::string path = "/uploads/" + image.filename;
  std::optional<std::string_view> s3_key;
  if (image.s3_url) s3_key = image.blob_key;
  for (int race = 0; race < kMostRaces; ++race) {
    VEDETTE_TRY(added, session.execute(insert, {image.id, image.mission, image.filename,
                                                image.original_name, path, s3_key, image.file_size,
                                                image.mime_type, now, image.sha256, image.blob_key,
                                                image.s3_url, image.s3_url.has_value()}));
    if (added == 1) {
      if (image.position) VEDETTE_CHECK(add_position(session, image.id, *image.position));
      VEDETTE_TRY(job, enqueue_analysis(session, image.id));
      VEDETTE_CHECK(
          session.execute("UPDATE images SET job_id = $2 WHERE id = $1", {image.id, job}));
      session.notify(kImagesChannel);
      return AddedImage{.id = image.id, .is_new = true};
    }
    VEDETTE_TRY(same, session.query("SELECT id FROM images WHERE sha256 = $1", {image.sha256}));
    if (!same.empty()) return AddedImage{.id = same.scalar<std::string>(), .is_new = false};
  }
  return fail(ErrorCode::kUnavailable,
              "The same image is added and removed again and again by others. Try again.");
}

Result<std::optional<Image>> find_image(db::Session& session, std::string_view id) {
  if (!is_image_id(id)) return std::nullopt;
  return find_where(session, "id", id);
}

Result<std::optional<Image>> find_image_by_filename(db::Session& session,
                                                    std::string_view filename) {
  return find_where(session, "filename", filename);
}

Result<std::vector<KnownDigest>> known_digests(db::Session& session,
                                               const std::vector<std::string>& digests) {
  std::vector<KnownDigest> known;
  if (digests.empty()) return known;
  db::Where where;
  where.any_of("sha256", digests);
  VEDETTE_TRY(rows, session.query("SELECT sha256, id FROM images" + where.text(), where.values()));
  for (const db::Row row : rows) {
    known.push_back({row.get<std::string>(0), row.get<std::string>(1)});
  }
  return known;
}

Result<std::vector<StoredProduct>> products(db::Session& session, std::string_view image) {
  VEDETTE_TRY(
      rows,
      session.query(fmt::format("{} WHERE image_id = $1 ORDER BY name", kProductColumns), {image}));
  std::vector<StoredProduct> all;
  for (const db::Row row : rows) all.push_back(product_from(row));
  return all;
}

Result<std::optional<StoredProduct>> find_product(db::Session& session, std::string_view image,
                                                  std::string_view product) {
  if (!is_image_id(image)) return std::nullopt;
  VEDETTE_TRY(rows,
              session.query(fmt::format("{} WHERE image_id = $1 AND name = $2", kProductColumns),
                            {image, product}));
  if (rows.empty()) return std::nullopt;
  return product_from(rows.front());
}

Result<std::string> analysis_json(db::Session& session, std::string_view image) {
  VEDETTE_TRY(rows, session.query("SELECT result FROM analyses WHERE image_id = $1", {image}));
  if (rows.empty()) return std::string();
  return rows.front().get<std::optional<std::string>>(0).value_or(std::string());
}

Result<void> move_image(db::Session& session, std::string_view id,
                        const std::optional<std::string>& mission) {
  VEDETTE_CHECK(check_mission(session, mission));
  if (!is_image_id(id)) return no_image(id);
  VEDETTE_TRY(moved, session.execute(fmt::format("UPDATE images SET mission_id = $2, "
                                                 "updated_at = {}, revision = {} WHERE id = $1",
                                                 db::now_sql(session.dialect()),
                                                 revision_sql(session.dialect())),
                                     {id, mission}));
  if (moved == 0) return no_image(id);
  session.notify(kImagesChannel);
  return {};
}

}  // namespace vedette::imagery
