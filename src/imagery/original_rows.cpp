#include "imagery/original_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <initializer_list>
#include <utility>

#include "imagery/xmp.hpp"

namespace vedette::imagery {
namespace {

namespace json = boost::json;

constexpr int kPage = 200;

/// A row as JSON, whatever columns it has.
class Fields {
 public:
  explicit Fields(const json::value& value) : object_(value.if_object()) {}
  explicit operator bool() const { return object_ != nullptr; }

  /// The first of the columns that has something.
  const json::value* find(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names) {
      const json::value* found = object_ == nullptr ? nullptr : object_->if_contains(name);
      if (found != nullptr && !found->is_null()) return found;
    }
    return nullptr;
  }
  std::string text(std::initializer_list<std::string_view> names) const {
    const json::value* found = find(names);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
  }
  std::optional<double> number(std::initializer_list<std::string_view> names) const {
    const json::value* found = find(names);
    if (found == nullptr) return std::nullopt;
    if (found->is_string()) return parse_number(std::string_view(found->get_string()));
    if (!found->is_number()) return std::nullopt;
    return found->to_number<double>();
  }
  std::optional<Instant> instant(std::initializer_list<std::string_view> names) const {
    std::string at = text(names);
    if (auto read = from_rfc3339(at)) return read;
    // A column without a zone holds UTC.
    return from_rfc3339(at + "Z");
  }

 private:
  const json::object* object_;
};

Result<json::value> parsed(const std::optional<std::string>& text) {
  if (!text) return json::value(nullptr);
  boost::system::error_code failed;
  json::value value = json::parse(*text, failed);
  if (failed) return fail(ErrorCode::kCorrupt, "The database gives a row that cannot be read.");
  return value;
}

Result<bool> has_table(db::Session& session, std::string_view name) {
  VEDETTE_TRY(rows, session.query("SELECT to_regclass($1::text) IS NOT NULL",
                                  {fmt::format("public.{}", name)}));
  return rows.scalar<bool>();
}

std::optional<ImagePosition> position_from(const Fields& row) {
  const auto latitude = row.number({"latitude", "lat"});
  const auto longitude = row.number({"longitude", "lon", "lng"});
  if (!latitude || !longitude) return std::nullopt;
  return ImagePosition{.latitude = *latitude,
                       .longitude = *longitude,
                       .altitude = row.number({"altitude", "alt"}),
                       .accuracy = row.number({"accuracy"}),
                       .heading = row.number({"heading", "bearing"}),
                       .ground_speed = row.number({"ground_speed"}),
                       .speed = row.number({"speed"}),
                       .captured_at = row.instant({"captured_at"})};
}

Image::Stats stats_from(const Fields& row, std::string_view index) {
  const auto cell = [&](std::string_view what) {
    const std::string column = fmt::format("{}_{}", index, what);
    return row.number({column});
  };
  return {cell("mean"), cell("std"), cell("min"), cell("max")};
}

OriginalAnalysis analysis_from(const Fields& row, const json::value& zones) {
  OriginalAnalysis analysis{
      .ndvi = stats_from(row, "ndvi"),
      .savi = stats_from(row, "savi"),
      .gndvi = stats_from(row, "gndvi"),
      .health_score = row.number({"health_score"}),
      .health_status = row.text({"health_status"}),
      .summary = row.text({"summary"}),
      .analysis_type = row.text({"analysis_type"}),
      .model_version = row.text({"model_version"}),
      .confidence = row.number({"confidence"}),
      .created_at = row.instant({"created_at", "processed_at"}),
      .processed_path = row.text({"processed_image_path", "processed_path", "processed_file_path"}),
      .zones = {}};
  // Its worker wrote 0 to 1, its other parts 0 to 100.
  if (analysis.health_score && *analysis.health_score > 1) *analysis.health_score /= 100;
  const auto* list = zones.if_array();
  if (list == nullptr) return analysis;
  for (const json::value& one : *list) {
    const Fields zone(one);
    const auto x = zone.number({"grid_x"});
    const auto y = zone.number({"grid_y"});
    if (!x || !y) continue;
    analysis.zones.push_back({.x = static_cast<int>(*x),
                              .y = static_cast<int>(*y),
                              .severity = zone.number({"severity"}),
                              .ndvi = zone.number({"ndvi_value"}),
                              .savi = zone.number({"savi_value"}),
                              .gndvi = zone.number({"gndvi_value"})});
  }
  return analysis;
}

OriginalStatus status_from(const Fields& row) {
  const std::string status = row.text({"processing_status"});
  if (status == "completed" || status == "analyzed") return OriginalStatus::kCompleted;
  const bool is_ours = row.text({"error"}).starts_with(kWaitedInTheOriginal);
  return status == "failed" && !is_ours ? OriginalStatus::kFailed : OriginalStatus::kWaiting;
}

OriginalImage image_from_row(const Fields& row) {
  OriginalImage image;
  image.id = row.text({"id"});
  image.filename = row.text({"filename"});
  image.original_name = row.text({"original_name", "filename"});
  image.file_path = row.text({"file_path", "path"});
  image.s3_key = row.text({"s3_key"});
  if (const std::string mission = row.text({"mission_id"}); !mission.empty()) {
    image.mission = mission;
  }
  image.status = status_from(row);
  image.uploaded_at = row.instant({"uploaded_at", "created_at"});
  image.processed_at = row.instant({"processed_at"});
  image.captured_at = row.instant({"captured_at"});
  return image;
}

/// What a page is read with; of tables that are not there nothing.
Result<std::string> page_sql(db::Session& session) {
  VEDETTE_TRY(has_gps, has_table(session, "image_gps"));
  VEDETTE_TRY(has_analyses, has_table(session, "analyses"));
  VEDETTE_TRY(has_zones, has_table(session, "stress_zones"));
  std::string columns = "row_to_json(i)::text, i.id::text";
  std::string tables = "public.images i";
  columns += has_gps ? ", row_to_json(g)::text" : ", NULL::text";
  if (has_gps) tables += " LEFT JOIN public.image_gps g ON g.image_id = i.id";
  columns += has_analyses ? ", row_to_json(a)::text" : ", NULL::text";
  if (has_analyses) tables += " LEFT JOIN public.analyses a ON a.image_id = i.id";
  columns += has_analyses && has_zones ? ", (SELECT json_agg(z)::text FROM public.stress_zones z "
                                         "WHERE z.analysis_id = a.id)"
                                       : ", NULL::text";
  return fmt::format("SELECT {} FROM {} WHERE i.id::text > $1 ORDER BY i.id::text LIMIT {}",
                     columns, tables, kPage);
}

}  // namespace

Result<std::vector<Mission>> original_missions(db::Session& session) {
  VEDETTE_TRY(has_images, has_table(session, "images"));
  if (!has_images) {
    return fail(ErrorCode::kNotFound,
                "That database has no table public.images: it is none of the original crop "
                "platform. Check its name (the original's is drone_analytics).");
  }
  std::vector<Mission> missions;
  VEDETTE_TRY(has_missions, has_table(session, "missions"));
  if (!has_missions) return missions;
  VEDETTE_TRY(rows, session.query("SELECT row_to_json(m)::text FROM public.missions m"));
  for (const db::Row row : rows) {
    VEDETTE_TRY(value, parsed(row.get<std::optional<std::string>>(0)));
    const Fields fields(value);
    Mission mission;
    mission.id = fields.text({"id"});
    mission.name = fields.text({"name"});
    mission.description = fields.text({"description"});
    mission.start_time = fields.instant({"start_time"});
    mission.end_time = fields.instant({"end_time"});
    mission.created_at = fields.instant({"created_at", "start_time"});
    if (const auto status = fields.text({"status"}); status == "completed" || status == "archived")
      mission.status = status;
    missions.push_back(std::move(mission));
  }
  return missions;
}

Result<std::vector<OriginalImage>> original_images(db::Session& session, std::string_view after) {
  VEDETTE_TRY(sql, page_sql(session));
  std::vector<OriginalImage> images;
  std::string last(after);
  // A whole page may be Vedette's own.
  while (images.empty()) {
    VEDETTE_TRY(rows, session.query(sql, {last}));
    if (rows.empty()) break;
    for (const db::Row row : rows) {
      last = row.get<std::string>(1);
      VEDETTE_TRY(value, parsed(row.get<std::optional<std::string>>(0)));
      const Fields fields(value);
      if (fields.find({"blob_key"}) != nullptr) continue;
      VEDETTE_TRY(gps, parsed(row.get<std::optional<std::string>>(2)));
      VEDETTE_TRY(analysis, parsed(row.get<std::optional<std::string>>(3)));
      VEDETTE_TRY(zones, parsed(row.get<std::optional<std::string>>(4)));
      OriginalImage image = image_from_row(fields);
      image.position = position_from(Fields(gps));
      if (const Fields figures(analysis); figures) image.analysis = analysis_from(figures, zones);
      images.push_back(std::move(image));
    }
  }
  return images;
}

}  // namespace vedette::imagery
