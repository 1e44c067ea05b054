#include "traffic/camera_status.hpp"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "db/database.hpp"
#include "db/where.hpp"

namespace vedette::traffic {
namespace {

namespace json = boost::json;

template <class T>
T number(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_number() ? value->to_number<T>() : T{};
}

std::string text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

}  // namespace

std::string to_json(const CameraFigures& f) {
  return json::serialize(json::object{{"width", f.width},
                                      {"height", f.height},
                                      {"fps_source", f.fps_source},
                                      {"fps_decoded", f.fps_decoded},
                                      {"fps_inferred", f.fps_inferred},
                                      {"frames", f.frames},
                                      {"dropped", f.dropped},
                                      {"model", f.model},
                                      {"is_motion", f.is_motion},
                                      {"engine", f.engine},
                                      {"precision", f.precision},
                                      {"licence", f.licence},
                                      {"ms", f.ms},
                                      {"in_view", f.in_view},
                                      {"moving", f.moving},
                                      {"period", f.period},
                                      {"media_s", f.media_s}});
}

Result<CameraFigures> figures_from_json(std::string_view stored) {
  boost::system::error_code code;
  const json::value value = json::parse(stored, code);
  if (code || !value.is_object())
    return fail(ErrorCode::kCorrupt, "A camera's stored status is not readable.");
  const json::object& o = value.as_object();
  CameraFigures f;
  f.width = number<int>(o, "width");
  f.height = number<int>(o, "height");
  f.fps_source = number<double>(o, "fps_source");
  f.fps_decoded = number<double>(o, "fps_decoded");
  f.fps_inferred = number<double>(o, "fps_inferred");
  f.frames = number<std::int64_t>(o, "frames");
  f.dropped = number<std::int64_t>(o, "dropped");
  f.model = text(o, "model");
  const json::value* is_motion = o.if_contains("is_motion");
  f.is_motion = is_motion != nullptr && is_motion->is_bool() && is_motion->as_bool();
  f.engine = text(o, "engine");
  f.precision = text(o, "precision");
  f.licence = text(o, "licence");
  f.ms = number<double>(o, "ms");
  f.in_view = number<int>(o, "in_view");
  f.moving = number<int>(o, "moving");
  f.period = number<int>(o, "period");
  f.media_s = number<double>(o, "media_s");
  return f;
}

Result<void> put_status(db::Session& session, std::string_view camera_id,
                        const std::optional<Instant>& sampled_at, std::string_view figures_json) {
  VEDETTE_CHECK(session.execute(
      fmt::format(
          "INSERT INTO camera_status (camera_id, updated_at, sampled_at, status) SELECT id, {}, "
          "$2::timestamptz, $3::text FROM camera WHERE id = $1 ON "
          "CONFLICT (camera_id) DO UPDATE SET updated_at = excluded.updated_at, sampled_at = "
          "coalesce(excluded.sampled_at, camera_status.sampled_at), status = CASE "
          "excluded.status WHEN '' "
          "THEN camera_status.status ELSE excluded.status END",
          db::now_sql(session.dialect())),
      {camera_id, sampled_at, figures_json}));
  return {};
}

Result<std::map<std::string, StoredFigures, std::less<>>> stored_figures(
    db::Session& session, std::span<const std::string> cameras) {
  db::Where where;
  where.any_of("camera_id", cameras);
  VEDETTE_TRY(
      rows, session.query("SELECT camera_id, updated_at, status FROM camera_status" + where.text(),
                          where.values()));
  std::map<std::string, StoredFigures, std::less<>> all;
  for (const db::Row& row : rows) {
    auto figures = figures_from_json(row.get<std::string_view>(2));
    if (!figures) continue;  // another version's: shown as not known
    all.emplace(row.get<std::string>(0), StoredFigures{std::move(*figures), row.get<Instant>(1)});
  }
  return all;
}

}  // namespace vedette::traffic
