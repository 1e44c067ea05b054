// GET/POST /api/cameras, /api/cameras/{id}, its lines.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <utility>

#include "api/answers.hpp"
#include "api/handlers.hpp"
#include "api/query.hpp"
#include "api/traffic/camera_json.hpp"
#include "api/traffic/camera_request.hpp"
#include "api/traffic/traffic_services.hpp"
#include "db/database.hpp"
#include "media/frame_source.hpp"
#include "traffic/line_trial.hpp"

namespace vedette::api {
namespace {

// Clocks of machines differ a little.
constexpr Micros kClocksDiffer = std::chrono::minutes(1);

Result<traffic::Camera> camera_input(const TrafficServices& services,
                                     const http::Request& request) {
  const Instant now = services.core->clock.now();
  VEDETTE_TRY(object, object_of(request));
  Fields fields(std::move(object));
  traffic::Camera camera;
  VEDETTE_TRY(id, fields.text("id"));
  VEDETTE_TRY(name, fields.required_text("name"));
  VEDETTE_TRY(source, fields.required_text("source"));
  VEDETTE_TRY(is_loop, fields.boolean("loop"));
  VEDETTE_TRY(starts_at, fields.text("starts_at"));
  VEDETTE_TRY(model, fields.text("model"));
  VEDETTE_TRY(types, fields.list("types"));
  VEDETTE_TRY(is_enabled, fields.boolean("enabled"));
  VEDETTE_TRY(is_started, fields.boolean("start"));
  VEDETTE_CHECK(fields.nothing_left());
  camera.id = id.value_or("");
  if (id && id->empty())
    return bad_parameter("id", "The id is empty; leave it out to make one from the name.");
  camera.name = std::move(name);
  camera.source = std::move(source);
  camera.is_loop = is_loop.value_or(false);
  media::SourceOptions place;
  place.url = camera.source;
  place.loop = camera.is_loop;
  place.file_folders = services.file_folders;
  // What else is wrong with it is said where it is stored, with its secrets in place.
  if (const auto allowed = media::check_source(place);
      !allowed && allowed.error().code == ErrorCode::kForbidden) {
    return bad_parameter("source", allowed.error().message);
  }
  if (starts_at) {
    camera.starts_at = from_rfc3339(*starts_at);
    if (!camera.starts_at) {
      return bad_parameter("starts_at",
                           "'starts_at' is no time. It must look like 2026-11-22T15:00:00Z.");
    }
  }
  if (camera.starts_at && *camera.starts_at > now + kClocksDiffer) {
    return bad_parameter(
        "starts_at",
        fmt::format("'starts_at' is in the future (it is {} now): it must be the time at which the "
                    "recording began.",
                    to_rfc3339(now)));
  }
  camera.model = std::move(model);
  camera.is_enabled = is_enabled.value_or(true);
  if (types) {
    if (types->empty() || types->size() > 20)
      return bad_parameter("types", "'types' must name 1 to 20 types.");
    for (const json::value& type : *types) {
      if (!type.is_string()) return bad_parameter("types", "'types' must be a list of texts.");
      camera.types.emplace_back(type.as_string());
    }
  }
  camera.waits_for_start = !is_started.value_or(true);
  return camera;
}

// The body's `lines`.
Result<std::vector<traffic::Line>> lines_input(Fields& body) {
  VEDETTE_TRY(list, body.list("lines"));
  if (!list) return bad_parameter("lines", "'lines' is missing.");
  if (list->size() > 32) return bad_parameter("lines", "A camera may have at most 32 lines.");
  std::vector<traffic::Line> lines;
  for (const json::value& item : *list) {
    if (!item.is_object()) return bad_parameter("lines", "'lines' must be a list of objects.");
    Fields fields(item.as_object());
    VEDETTE_TRY(id, fields.text("id"));
    VEDETTE_TRY(name, fields.required_text("name"));
    VEDETTE_TRY(x1, fields.required_number("x1"));
    VEDETTE_TRY(y1, fields.required_number("y1"));
    VEDETTE_TRY(x2, fields.required_number("x2"));
    VEDETTE_TRY(y2, fields.required_number("y2"));
    VEDETTE_TRY(a_to_b, fields.text("a_to_b"));
    VEDETTE_TRY(b_to_a, fields.text("b_to_a"));
    VEDETTE_TRY(width, fields.number("width"));
    VEDETTE_TRY(height, fields.number("height"));
    // What was read may be written back: words from geometry stay that, and since when it counts
    // is not for the writer to say.
    VEDETTE_TRY(is_named, fields.boolean("is_named"));
    VEDETTE_CHECK(fields.text("created_at"));
    if (is_named && !*is_named) {
      a_to_b.reset();
      b_to_a.reset();
    }
    VEDETTE_CHECK(fields.nothing_left());
    const auto is_size = [](const std::optional<double>& side) {
      return !side || (*side >= 1 && *side <= 16384 && *side == std::floor(*side));
    };
    if (!is_size(width) || !is_size(height) || width.has_value() != height.has_value()) {
      return bad_parameter("width",
                           "'width' and 'height' are the size of the picture that the line was "
                           "drawn on, in pixels, or both left out.");
    }
    if (id && (id->empty() || id->size() > 64)) {
      return bad_parameter("id",
                           "A line's id has 1 to 64 characters; leave it out for a new line.");
    }
    lines.push_back({.id = id.value_or(""),
                     .name = std::move(name),
                     .x1 = x1,
                     .y1 = y1,
                     .x2 = x2,
                     .y2 = y2,
                     .a_to_b = a_to_b.value_or(""),
                     .b_to_a = b_to_a.value_or(""),
                     .width = static_cast<int>(width.value_or(0)),
                     .height = static_cast<int>(height.value_or(0))});
  }
  return lines;
}

Result<traffic::PictureSize> size_now(const TrafficServices& services, std::string_view camera) {
  return services.core->database.read(
      [&](db::Session& session) { return traffic::picture_size(session, camera); });
}

Result<http::Response> lines_answer(const TrafficServices& services, std::string_view camera,
                                    const std::vector<traffic::Line>& lines) {
  VEDETTE_TRY(size, size_now(services, camera));
  json::array list;
  for (const traffic::Line& line : lines) list.push_back(line_json(line, size));
  return answer(200, json::object{{"lines", std::move(list)}});
}

Result<http::Response> set_lines(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(id, camera_id_of(request));
  VEDETTE_TRY(object, object_of(request));
  Fields body(std::move(object));
  VEDETTE_TRY(lines, lines_input(body));
  VEDETTE_CHECK(body.nothing_left());
  VEDETTE_TRY(stored, traffic::set_lines(services.core->database, id, std::move(lines)));
  return lines_answer(services, id, stored);
}

Result<http::Response> try_lines(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(camera, stored_camera(services, request));
  VEDETTE_TRY(object, object_of(request));
  Fields body(std::move(object));
  VEDETTE_TRY(lines, lines_input(body));
  VEDETTE_TRY(minutes, body.number("minutes"));
  VEDETTE_CHECK(body.nothing_left());
  const double length = minutes.value_or(10);
  if (!(length >= 1 && length <= 60) || length != std::floor(length)) {
    return bad_parameter("minutes", "'minutes' must be a whole number from 1 to 60.");
  }
  VEDETTE_TRY(size, size_now(services, camera.id));
  lines = traffic::drawn_on(std::move(lines), size);
  const Micros time = std::chrono::minutes(static_cast<std::int64_t>(length));
  db::Database& database = services.core->database;
  VEDETTE_TRY(end, traffic::trial_end(database, camera, services.core->clock.now(), time));
  VEDETTE_TRY(trial, traffic::try_lines(database, camera, lines, end - time, end));
  return answer(200, line_trial_json(trial));
}

Result<http::Response> list(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(limit, limit_of(request));
  VEDETTE_TRY(after, cursor_of(request, 2));
  VEDETTE_TRY(page,
              traffic::list_cameras(services.core->database, limit, after.empty() ? "" : after[0],
                                    after.empty() ? "" : after[1]));
  VEDETTE_TRY(states, read_states(services, page.cameras));
  json::array cameras;
  for (const traffic::Camera& camera : page.cameras)
    cameras.push_back(camera_json(camera, states, services));
  json::value next = nullptr;
  if (page.has_more) next = make_cursor({page.cameras.back().name, page.cameras.back().id});
  return answer(200, json::object{{"cameras", std::move(cameras)}, {"next", std::move(next)}});
}

Result<http::Response> show(const TrafficServices& services, int status,
                            const traffic::Camera& camera) {
  VEDETTE_TRY(states, read_states(services, {&camera, 1}));
  return answer(status, camera_json(camera, states, services));
}

}  // namespace

void mount_cameras(http::Router& router, const std::shared_ptr<const TrafficServices>& services) {
  using Answer = Result<http::Response>;
  router.get("/api/cameras", handler(services, {"limit", "cursor"}, list));
  router.post(
      "/api/cameras",
      handler(services, {}, [](const TrafficServices& s, const http::Request& request) -> Answer {
        VEDETTE_TRY(camera, camera_input(s, request));
        VEDETTE_TRY(added, traffic::add_camera(s.core->database, std::move(camera)));
        return show(s, 201, added);
      }));
  router.get(
      "/api/cameras/{id}",
      handler(services, {}, [](const TrafficServices& s, const http::Request& request) -> Answer {
        VEDETTE_TRY(camera, stored_camera(s, request));
        return show(s, 200, camera);
      }));
  router.put(
      "/api/cameras/{id}",
      handler(services, {}, [](const TrafficServices& s, const http::Request& request) -> Answer {
        VEDETTE_TRY(id, camera_id_of(request));
        VEDETTE_TRY(camera, camera_input(s, request));
        if (!camera.id.empty() && camera.id != id) {
          return bad_parameter("id", "A camera's id cannot be changed; leave it out.");
        }
        camera.id = id;
        VEDETTE_TRY(changed, traffic::replace_camera(s.core->database, std::move(camera)));
        return show(s, 200, changed);
      }));
  router.del(
      "/api/cameras/{id}",
      handler(services, {}, [](const TrafficServices& s, const http::Request& request) -> Answer {
        VEDETTE_TRY(id, camera_id_of(request));
        VEDETTE_CHECK(traffic::remove_camera(s.core->database, id));
        return http::empty(204);
      }));
  router.get(
      "/api/cameras/{id}/lines",
      handler(services, {}, [](const TrafficServices& s, const http::Request& request) -> Answer {
        VEDETTE_TRY(camera, stored_camera(s, request));
        return lines_answer(s, camera.id, camera.lines);
      }));
  router.put("/api/cameras/{id}/lines", handler(services, {}, set_lines));
  router.post("/api/cameras/{id}/lines/try", handler(services, {}, try_lines));
}

}  // namespace vedette::api
