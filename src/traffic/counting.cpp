#include "traffic/counting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <exception>
#include <utility>

#include "base/address.hpp"
#include "base/digest.hpp"
#include "db/database.hpp"

namespace vedette::traffic {
namespace {

namespace json = boost::json;

json::object line_to_json(const Line& line) {
  return {{"id", line.id},         {"name", line.name},     {"x1", line.x1},
          {"y1", line.y1},         {"x2", line.x2},         {"y2", line.y2},
          {"a_to_b", line.a_to_b}, {"b_to_a", line.b_to_a}, {"width", line.width},
          {"height", line.height}};
}

Line line_from_json(const json::object& object) {
  const auto text = [&](const char* name) { return std::string(object.at(name).as_string()); };
  const auto number = [&](const char* name) { return object.at(name).to_number<double>(); };
  return {.id = text("id"),
          .name = text("name"),
          .x1 = number("x1"),
          .y1 = number("y1"),
          .x2 = number("x2"),
          .y2 = number("y2"),
          .a_to_b = text("a_to_b"),
          .b_to_a = text("b_to_a"),
          .width = object.at("width").to_number<int>(),
          .height = object.at("height").to_number<int>()};
}

Result<std::optional<work::JobStatus>> last_job(db::Session& session, std::string_view camera_id,
                                                bool is_alive) {
  work::JobFilter filter;
  filter.kinds = {std::string(kCountFile)};
  filter.key = std::string(camera_id);
  if (is_alive) {
    filter.states = {work::JobState::kAvailable, work::JobState::kRunning, work::JobState::kFailed};
  }
  filter.limit = 1;
  VEDETTE_TRY(jobs, work::jobs(session, filter));
  if (jobs.empty()) return std::nullopt;
  return std::move(jobs.front());
}

}  // namespace

Result<CountFile> CountFile::decode(std::string_view text) {
  try {
    const json::value parsed = json::parse(text);
    const json::object& object = parsed.as_object();
    CountFile count;
    count.camera = object.at("camera").as_string();
    count.name = object.at("name").as_string();
    count.file = object.at("file").as_string();
    if (const json::value& model = object.at("model"); !model.is_null())
      count.model = std::string(model.as_string());
    for (const json::value& type : object.at("types").as_array())
      count.types.emplace_back(type.as_string());
    if (const json::value& at = object.at("starts_at"); !at.is_null())
      count.starts_at = from_rfc3339(std::string(at.as_string()));
    for (const json::value& line : object.at("lines").as_array())
      count.lines.push_back(line_from_json(line.as_object()));
    return count;
  } catch (const std::exception& error) {
    return fail(
        ErrorCode::kInvalid,
        "This job does not say which camera to count, as POST /api/cameras/{id}/count makes "
        "it; start the count there.",
        error.what());
  }
}

std::string CountFile::encode() const {
  json::array all_types;
  for (const std::string& type : types) all_types.emplace_back(type);
  json::array all_lines;
  for (const Line& line : lines) all_lines.push_back(line_to_json(line));
  return json::serialize(json::object{
      {"camera", camera},
      {"name", name},
      {"file", file},
      {"model", model ? json::value(*model) : json::value(nullptr)},
      {"types", std::move(all_types)},
      {"starts_at", starts_at ? json::value(to_rfc3339(*starts_at)) : json::value(nullptr)},
      {"lines", std::move(all_lines)}});
}

std::string CountFile::describe() const {
  return fmt::format("{}: {}", name, file);
}

std::string settings_digest(const Camera& camera) {
  std::vector<std::string> types = camera.types;
  std::ranges::sort(types);
  std::string text = fmt::format("{}\n{}\n{}\n", camera.source,
                                 camera.starts_at ? to_rfc3339(*camera.starts_at) : std::string(),
                                 camera.model.value_or(""));
  for (const std::string& type : types) text += type + ' ';
  for (const Line& line : camera.lines) {
    text += fmt::format("\n{} {:.1f} {:.1f} {:.1f} {:.1f}", line.id, line.x1, line.y1, line.x2,
                        line.y2);
  }
  return sha256_hex(text);
}

Result<work::Enqueued> start_count(db::Session& session, const Camera& camera) {
  if (!is_recorded(camera)) {
    return fail(ErrorCode::kConflict,
                fmt::format("'{}' is watched live, and counts all the time: there is no recorded "
                            "file to be counted.",
                            camera.name));
  }
  if (!camera.is_enabled) {
    return fail(
        ErrorCode::kConflict,
        fmt::format("'{}' is switched off. Switch it on, and it can be counted.", camera.name));
  }
  const CountFile count{.camera = camera.id,
                        .name = camera.name,
                        .file = mask_address(camera.source),
                        .model = camera.model,
                        .types = camera.types,
                        .starts_at = camera.starts_at,
                        .lines = camera.lines};
  work::NewJob job;
  job.kind = std::string(kCountFile);
  job.payload = count.encode();
  job.key = camera.id;
  VEDETTE_CHECK(
      session.execute(fmt::format("UPDATE camera SET waits_for_start = NULL, first_count_at = "
                                  "coalesce(first_count_at, {}) WHERE id = $1",
                                  db::now_sql(session.dialect())),
                      {camera.id}));
  return work::enqueue(session, job);
}

Result<void> cancel_count(db::Session& session, std::string_view camera_id) {
  VEDETTE_TRY(job, last_job(session, camera_id, true));
  if (!job) return {};
  return work::cancel_job(session, job->id);
}

Result<CountStatus> count_status(db::Session& session, const Camera& camera) {
  CountStatus status;
  VEDETTE_TRY(job, last_job(session, camera.id, false));
  status.job = std::move(job);
  VEDETTE_TRY(rows, session.query("SELECT finished_at, settings, base_time, media_us, "
                                  "times_from, (SELECT count(*) FROM run_object o WHERE "
                                  "o.run_id = camera_run.id AND o.kind = 'json') FROM camera_run "
                                  "WHERE camera_id = $1 AND finished_at IS NOT NULL "
                                  "ORDER BY id DESC LIMIT 1",
                                  {camera.id}));
  if (rows.empty()) return status;
  status.counted_at = rows.front().get<Instant>(0);
  status.from = rows.front().get<Instant>(2);
  status.to = *status.from + Micros{rows.front().get<std::int64_t>(3)};
  status.times_from = rows.front().get<std::optional<std::string>>(4);
  status.has_exports = rows.front().get<std::int64_t>(5) > 0;
  const auto settings = rows.front().get<std::optional<std::string>>(1);
  // An earlier version did not note what it counted with; any change of the camera may matter.
  status.is_outdated =
      settings ? *settings != settings_digest(camera) : camera.updated_at > *status.counted_at;
  return status;
}

Result<std::optional<work::JobStatus>> running_count(db::Session& session,
                                                     std::string_view camera_id) {
  VEDETTE_TRY(job, last_job(session, camera_id, true));
  if (!job || job->state != work::JobState::kRunning) return std::nullopt;
  return std::move(job);
}

Result<std::optional<std::string>> result_still(db::Session& session, std::string_view camera_id) {
  VEDETTE_TRY(rows, session.query("SELECT still FROM camera_run WHERE camera_id = $1 AND "
                                  "finished_at IS NOT NULL ORDER BY id DESC LIMIT 1",
                                  {camera_id}));
  if (rows.empty()) return std::nullopt;
  return rows.front().get<std::optional<std::string>>(0);
}

Result<void> hand_to_queue(db::Database& database, const work::Fence& fence,
                           std::string_view camera_id) {
  return database.write([&](db::Session& session) -> Result<void> {
    VEDETTE_CHECK(fence.check(session));
    VEDETTE_CHECK(
        session.execute("UPDATE camera SET has_end = $2 WHERE id = $1", {camera_id, true}));
    VEDETTE_TRY(camera, find_camera(session, camera_id));
    if (!camera) return {};
    if (!camera->waits_for_start) VEDETTE_CHECK(start_count(session, *camera));
    session.notify(kCamerasChannel, camera_id);
    return {};
  });
}

Result<void> carry_over_counts(db::Database& database) {
  VEDETTE_TRY(is_any, database.read([](db::Session& session) -> Result<bool> {
    VEDETTE_TRY(rows, session.query("SELECT 1 FROM count_wanted LIMIT 1"));
    return !rows.empty();
  }));
  if (!is_any) return {};
  return database.write([](db::Session& session) -> Result<void> {
    // Deleting them first: another process that does the same waits, and then finds none.
    VEDETTE_TRY(wanted, session.query("DELETE FROM count_wanted RETURNING camera_id"));
    for (const db::Row& row : wanted) {
      VEDETTE_TRY(camera, find_camera(session, row.get<std::string>(0)));
      if (!camera || !camera->is_enabled || !is_recorded(*camera)) continue;
      // What its interrupted run has stored goes when the new result comes.
      VEDETTE_CHECK(
          session.execute("UPDATE camera_run SET is_recorded = $3 WHERE camera_id = $1 "
                          "AND revision = $2 AND finished_at IS NULL",
                          {camera->id, camera->revision, true}));
      VEDETTE_CHECK(start_count(session, *camera));
    }
    return {};
  });
}

}  // namespace vedette::traffic
