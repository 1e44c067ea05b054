#include "traffic/camera.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/address.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "db/database.hpp"
#include "media/frame_source.hpp"
#include "traffic/camera_status.hpp"
#include "traffic/counting.hpp"

namespace vedette::traffic {
namespace {

constexpr const char* kColumns =
    "id, name, source, is_loop, starts_at, model, types, is_enabled, revision, created_at, "
    "updated_at, has_end, waits_for_start, first_count_at";

Camera camera_of(const db::Row& row) {
  Camera camera;
  camera.id = row.get<std::string>(0);
  camera.name = row.get<std::string>(1);
  camera.source = row.get<std::string>(2);
  camera.is_loop = row.get<bool>(3);
  camera.starts_at = row.get<std::optional<Instant>>(4);
  camera.model = row.get<std::optional<std::string>>(5);
  const auto types = split(row.get<std::string_view>(6), ',');
  camera.types.assign(types.begin(), types.end());
  camera.is_enabled = row.get<bool>(7);
  camera.revision = row.get<std::int64_t>(8);
  camera.created_at = row.get<Instant>(9);
  camera.updated_at = row.get<Instant>(10);
  camera.has_end = row.get<std::optional<bool>>(11).value_or(false);
  camera.waits_for_start = row.get<std::optional<bool>>(12).value_or(false);
  camera.first_count_at = row.get<std::optional<Instant>>(13);
  return camera;
}

Line line_of(const db::Row& row) {
  return {.id = row.get<std::string>(1),
          .name = row.get<std::string>(2),
          .x1 = row.get<double>(3),
          .y1 = row.get<double>(4),
          .x2 = row.get<double>(5),
          .y2 = row.get<double>(6),
          .a_to_b = row.get<std::string>(7),
          .b_to_a = row.get<std::string>(8),
          .width = row.get<std::optional<int>>(9).value_or(0),
          .height = row.get<std::optional<int>>(10).value_or(0),
          .created_at = row.get<Instant>(11)};
}

constexpr const char* kLineColumns =
    "camera_id, id, name, x1, y1, x2, y2, a_to_b, b_to_a, width, height, created_at";

std::optional<int> or_unknown(int pixels) {
  return pixels > 0 ? std::optional(pixels) : std::nullopt;
}

Result<void> read_lines(db::Session& session, std::vector<Camera>& cameras) {
  if (cameras.empty()) return {};
  VEDETTE_TRY(rows, session.query(fmt::format("SELECT {} FROM camera_line WHERE removed_at IS NULL "
                                              "ORDER BY camera_id, place, id",
                                              kLineColumns)));
  for (const db::Row& row : rows) {
    const auto id = row.get<std::string_view>(0);
    const auto camera = std::ranges::find(cameras, id, &Camera::id);
    if (camera != cameras.end()) camera->lines.push_back(line_of(row));
  }
  return {};
}

}  // namespace

bool is_recorded(const Camera& camera) {
  return !camera.is_loop && (camera.has_end || media::is_file_source(camera.source));
}

std::vector<CountingLine> counting_lines(const std::vector<Line>& lines) {
  std::vector<CountingLine> result;
  for (const Line& line : lines) {
    result.push_back({.name = line.name,
                      .a = {static_cast<float>(line.x1), static_cast<float>(line.y1)},
                      .b = {static_cast<float>(line.x2), static_cast<float>(line.y2)},
                      .a_to_b = line.a_to_b,
                      .b_to_a = line.b_to_a,
                      .width = line.width,
                      .height = line.height});
  }
  return result;
}

Line fitted(Line line, int width, int height) {
  if (line.width <= 0 || line.height <= 0 || width <= 0 || height <= 0) return line;
  const double x = static_cast<double>(width) / line.width;
  const double y = static_cast<double>(height) / line.height;
  line.x1 *= x;
  line.x2 *= x;
  line.y1 *= y;
  line.y2 *= y;
  line.width = width;
  line.height = height;
  return line;
}

Result<PictureSize> picture_size(db::Session& session, std::string_view camera_id) {
  const std::string id(camera_id);
  VEDETTE_TRY(stored, stored_figures(session, {&id, 1}));
  if (stored.empty()) return PictureSize{};
  const CameraFigures& figures = stored.begin()->second.figures;
  return PictureSize{figures.width, figures.height};
}

Result<void> adopt_picture_size(db::Session& session, std::string_view camera_id,
                                PictureSize size) {
  VEDETTE_CHECK(session.execute(
      "UPDATE camera_line SET width = $2, height = $3 WHERE camera_id = $1 AND width IS NULL",
      {camera_id, size.width, size.height}));
  return {};
}

std::vector<Line> drawn_on(std::vector<Line> lines, PictureSize size) {
  for (Line& line : lines) {
    if (line.width > 0 && line.height > 0) continue;
    line.width = size.width;
    line.height = size.height;
  }
  return lines;
}

Result<CameraPage> list_cameras(db::Database& database, int limit, std::string_view after_name,
                                std::string_view after_id) {
  return database.read([&](db::Session& session) -> Result<CameraPage> {
    VEDETTE_TRY(rows, session.query(fmt::format("SELECT {} FROM camera WHERE (name, id) > ($1, $2) "
                                                "ORDER BY name, id LIMIT $3",
                                                kColumns),
                                    {after_name, after_id, limit + 1}));
    CameraPage page;
    for (const db::Row& row : rows) page.cameras.push_back(camera_of(row));
    page.has_more = page.cameras.size() > static_cast<std::size_t>(limit);
    if (page.has_more) page.cameras.pop_back();
    VEDETTE_CHECK(read_lines(session, page.cameras));
    return page;
  });
}

std::unexpected<Error> no_camera(std::string_view id) {
  return fail(ErrorCode::kNotFound,
              fmt::format("There is no camera '{}'. GET /api/cameras lists them.", id));
}

Result<std::vector<Camera>> all_cameras(db::Session& session) {
  VEDETTE_TRY(rows,
              session.query(fmt::format("SELECT {} FROM camera ORDER BY name, id", kColumns)));
  std::vector<Camera> cameras;
  for (const db::Row& row : rows) cameras.push_back(camera_of(row));
  VEDETTE_CHECK(read_lines(session, cameras));
  return cameras;
}

Result<std::optional<Camera>> find_camera(db::Session& session, std::string_view id) {
  VEDETTE_TRY(rows,
              session.query(fmt::format("SELECT {} FROM camera WHERE id = $1", kColumns), {id}));
  if (rows.empty()) return std::nullopt;
  Camera camera = camera_of(rows.front());
  VEDETTE_TRY(
      lines,
      session.query(fmt::format("SELECT {} FROM camera_line WHERE camera_id = $1 AND removed_at IS "
                                "NULL ORDER BY place, id",
                                kLineColumns),
                    {id}));
  for (const db::Row& row : lines) camera.lines.push_back(line_of(row));
  return camera;
}

Result<std::optional<Camera>> find_camera(db::Database& database, std::string_view id) {
  return database.read([&](db::Session& session) { return find_camera(session, id); });
}

Result<std::string> cameras_mark(db::Session& session) {
  VEDETTE_TRY(rows, session.query("SELECT count(*), CAST(coalesce(sum(revision), 0) AS bigint), "
                                  "max(updated_at) FROM camera"));
  const db::Row row = rows.front();
  return fmt::format(
      "{} {} {}", row.get<std::int64_t>(0), row.get<std::int64_t>(1),
      row.get<std::optional<Instant>>(2).value_or(Instant{}).time_since_epoch().count());
}

namespace {

// Two cameras of one name would be two rows that nobody can tell apart.
Result<void> check_name_is_free(db::Session& session, const Camera& camera) {
  VEDETTE_TRY(rows, session.query("SELECT id FROM camera WHERE lower(trim(name)) = lower(trim($1)) "
                                  "AND id <> $2 ORDER BY id LIMIT 1",
                                  {camera.name, camera.id}));
  if (rows.empty()) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("There is a camera named '{}' already ('{}'). Choose another name.",
                          camera.name, rows.front().get<std::string>(0)),
              "name");
}

// What the change of a camera means for its count.
Result<void> adjust_count(db::Session& session, const Camera& before, const Camera& now) {
  if (!is_recorded(now) || !now.is_enabled || now.source != before.source) {
    VEDETTE_CHECK(cancel_count(session, now.id));
  }
  if (!is_recorded(now) || !now.is_enabled || before.is_enabled || now.waits_for_start) return {};
  VEDETTE_TRY(status, count_status(session, now));
  if (status.counted_at) return {};
  VEDETTE_CHECK(start_count(session, now));
  return {};
}

}  // namespace

Result<Camera> add_camera(db::Database& database, Camera camera) {
  const bool is_id_chosen = !camera.id.empty();
  VEDETTE_CHECK(complete(camera));
  const std::string wanted = camera.id;
  return database.write([&](db::Session& session) -> Result<Camera> {
    camera.id = wanted;
    for (int next = 2;; ++next) {
      VEDETTE_TRY(existing, session.query("SELECT 1 FROM camera WHERE id = $1", {camera.id}));
      if (existing.empty()) break;
      if (is_id_chosen) {
        return fail(ErrorCode::kConflict,
                    fmt::format("There is a camera '{}' already. Choose another id.", camera.id),
                    "id");
      }
      camera.id = fmt::format("{}-{}", wanted.substr(0, 56), next);
    }
    VEDETTE_CHECK(check_name_is_free(session, camera));
    const std::string now = db::now_sql(session.dialect());
    // A camera that was here before under this id goes on with a higher revision, so that its old
    // runs stay closed.
    VEDETTE_TRY(
        before,
        session.query("SELECT coalesce(max(revision), 0) FROM camera_run WHERE camera_id = $1",
                      {camera.id}));
    VEDETTE_CHECK(session.execute(
        fmt::format("INSERT INTO camera ({}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, {}, {}, "
                    "NULL, $10, NULL)",
                    kColumns, now, now),
        {camera.id, camera.name, camera.source, camera.is_loop, camera.starts_at, camera.model,
         fmt::format("{}", fmt::join(camera.types, ",")), camera.is_enabled,
         before.scalar<std::int64_t>() + 1, camera.waits_for_start}));
    session.notify(kCamerasChannel, camera.id);
    VEDETTE_TRY(stored, find_camera(session, camera.id));
    if (stored->is_enabled && is_recorded(*stored) && !stored->waits_for_start)
      VEDETTE_CHECK(start_count(session, *stored));
    return std::move(*stored);
  });
}

Result<Camera> replace_camera(db::Database& database, Camera camera) {
  VEDETTE_CHECK(complete(camera));
  return database.write([&](db::Session& session) -> Result<Camera> {
    VEDETTE_TRY(stored, find_camera(session, camera.id));
    if (!stored) return no_camera(camera.id);
    if (camera.name != stored->name) VEDETTE_CHECK(check_name_is_free(session, camera));
    auto source = unmask_address(camera.source, stored->source);
    if (!source) return fail(ErrorCode::kInvalid, std::move(source.error().message), "source");
    VEDETTE_CHECK(session.execute(
        fmt::format(
            "UPDATE camera SET name = $2, source = $3, is_loop = $4, starts_at = $5, model "
            "= $6, types = $7, "
            "is_enabled = $8, revision = revision + 1, updated_at = {}, has_end = CASE WHEN "
            "source = $3 THEN has_end END, first_count_at = CASE WHEN source = $3 THEN "
            "first_count_at END WHERE id = $1",
            db::now_sql(session.dialect())),
        {camera.id, camera.name, *source, camera.is_loop, camera.starts_at, camera.model,
         fmt::format("{}", fmt::join(camera.types, ",")), camera.is_enabled}));
    session.notify(kCamerasChannel, camera.id);
    VEDETTE_TRY(changed, find_camera(session, camera.id));
    VEDETTE_CHECK(adjust_count(session, *stored, *changed));
    return std::move(*changed);
  });
}

Result<void> remove_camera(db::Database& database, std::string_view id) {
  return database.write([&](db::Session& session) -> Result<void> {
    VEDETTE_TRY(removed, session.execute("DELETE FROM camera WHERE id = $1", {id}));
    if (removed == 0) return no_camera(id);
    VEDETTE_CHECK(cancel_count(session, id));
    VEDETTE_CHECK(session.execute(
        fmt::format("UPDATE camera_line SET removed_at = {} WHERE camera_id = $1 AND "
                    "removed_at IS NULL",
                    db::now_sql(session.dialect())),
        {id}));
    VEDETTE_CHECK(session.execute("DELETE FROM camera_status WHERE camera_id = $1", {id}));
    VEDETTE_CHECK(
        session.execute("DELETE FROM run_object WHERE run_id IN (SELECT id FROM camera_run WHERE "
                        "camera_id = $1)",
                        {id}));
    VEDETTE_CHECK(session.execute("DELETE FROM camera_run WHERE camera_id = $1", {id}));
    VEDETTE_CHECK(session.execute("DELETE FROM detection_log WHERE camera_id = $1", {id}));
    VEDETTE_CHECK(
        session.execute(fmt::format("UPDATE quality_log SET ended_at = {} WHERE camera_id = $1 AND "
                                    "ended_at IS NULL",
                                    db::now_sql(session.dialect())),
                        {id}));
    session.notify(kCamerasChannel, id);
    return {};
  });
}

Result<std::vector<Line>> set_lines(db::Database& database, std::string_view camera_id,
                                    std::vector<Line> lines) {
  return database.write([&](db::Session& session) -> Result<std::vector<Line>> {
    VEDETTE_TRY(stored, find_camera(session, camera_id));
    if (!stored) return no_camera(camera_id);
    VEDETTE_TRY(size, picture_size(session, camera_id));
    lines = drawn_on(std::move(lines), size);
    VEDETTE_CHECK(check_lines(*stored, lines));
    const std::string now = db::now_sql(session.dialect());
    for (const Line& old : stored->lines) {
      if (std::ranges::find(lines, old.id, &Line::id) == lines.end()) {
        VEDETTE_CHECK(session.execute(
            fmt::format("UPDATE camera_line SET removed_at = {} WHERE id = $1", now), {old.id}));
      }
    }
    for (std::size_t place = 0; place < lines.size(); ++place) {
      const Line& line = lines[place];
      if (line.id.empty()) {
        VEDETTE_CHECK(session.execute(
            fmt::format("INSERT INTO camera_line (id, camera_id, place, name, x1, y1, x2, y2, "
                        "a_to_b, b_to_a, width, height, created_at) VALUES ($1, $2, $3, $4, $5, "
                        "$6, $7, $8, $9, $10, $11, $12, {})",
                        now),
            {random_hex(8), camera_id, place, line.name, line.x1, line.y1, line.x2, line.y2,
             line.a_to_b, line.b_to_a, or_unknown(line.width), or_unknown(line.height)}));
        continue;
      }
      VEDETTE_TRY(
          changed,
          session.execute(
              "UPDATE camera_line SET place = $3, name = $4, x1 = $5, y1 = $6, x2 = $7, y2 = $8, "
              "a_to_b = $9, b_to_a = $10, width = $11, height = $12 WHERE id = $1 AND camera_id = "
              "$2 AND removed_at IS NULL",
              {line.id, camera_id, place, line.name, line.x1, line.y1, line.x2, line.y2,
               line.a_to_b, line.b_to_a, or_unknown(line.width), or_unknown(line.height)}));
      // Somebody else may have removed it since it was checked.
      if (changed == 0) return no_line(line.id);
    }
    // Later than before, whatever the clock: other processes see by it that something changed.
    const std::string later = db::plus_sql(session.dialect(), "updated_at", "1");
    VEDETTE_CHECK(session.execute(
        fmt::format("UPDATE camera SET updated_at = CASE WHEN {0} > {1} THEN {0} ELSE {1} END "
                    "WHERE id = $1",
                    now, later),
        {camera_id}));
    session.notify(kCamerasChannel, camera_id);
    VEDETTE_TRY(changed, find_camera(session, camera_id));
    return std::move(changed->lines);
  });
}

}  // namespace vedette::traffic
