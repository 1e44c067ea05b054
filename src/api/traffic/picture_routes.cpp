// GET /api/cameras/{id}/live.mjpg and snapshot.jpg: from here, or by way of the process that
// watches the camera.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "api/handlers.hpp"
#include "api/query.hpp"
#include "api/traffic/camera_count.hpp"
#include "api/traffic/camera_request.hpp"
#include "api/traffic/first_picture.hpp"
#include "api/traffic/pictures.hpp"
#include "api/traffic/remote_pictures.hpp"
#include "db/database.hpp"
#include "http/stream.hpp"
#include "traffic/counting.hpp"
#include "traffic/live_view.hpp"
#include "traffic/objects.hpp"
#include "work/supervisor.hpp"

namespace vedette::api {
namespace {

Result<bool> flag_of(const http::Request& request, std::string_view name) {
  const auto value = request.query(name);
  const bool is_set = value == "true" || value == "1";
  if (value && !is_set && value != "false" && value != "0") {
    return bad_parameter(name, fmt::format("'{}' must be true or false.", name));
  }
  return is_set;
}

Result<traffic::Variant> variant_of(const http::Request& request) {
  VEDETTE_TRY(is_annotated, flag_of(request, "annotated"));
  return is_annotated ? traffic::Variant::kAnnotated : traffic::Variant::kClean;
}

std::unexpected<Error> not_watched_here(const traffic::Camera& camera) {
  return fail(ErrorCode::kConflict,
              fmt::format("This process does not watch '{}'; without 'own' it asks the one that "
                          "does.",
                          camera.id));
}

http::Response picture(int status, std::string body, std::string_view content_type) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  response.set("content-type", content_type).set("cache-control", "no-store");
  return response;
}

bool is_here(const TrafficServices& services, std::string_view camera_id) {
  return is_watched_here(services.core->supervisor, services.live, camera_id);
}

// While it is counted, what is looked at; then the last picture; before, the first one.
Result<http::Response> recorded_snapshot(const TrafficServices& services,
                                         const traffic::Camera& camera, traffic::Variant variant) {
  if (const auto view = services.live.find(camera.id)) {
    VEDETTE_TRY(newest, view->snapshot(variant));
    if (newest) return picture(200, *std::move(newest), "image/jpeg");
  }
  VEDETTE_TRY(last, services.core->database.read([&](db::Session& session) {
    return traffic::result_still(session, camera.id);
  }));
  if (last) {
    VEDETTE_TRY(still, traffic::read_picture(services.blobs, *last));
    if (still) return picture(200, *std::move(still), "image/jpeg");
  }
  auto first = first_picture(camera.source, services);
  if (!first) {
    return fail(ErrorCode::kNotFound,
                fmt::format("There is no picture of '{}': {}", camera.name, first.error().message));
  }
  return picture(200, *std::move(first), "image/jpeg");
}

Result<http::Response> snapshot(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(variant, variant_of(request));
  VEDETTE_TRY(is_own, flag_of(request, "own"));
  VEDETTE_TRY(camera, stored_camera(services, request));
  if (!is_here(services, camera.id)) {
    if (is_own) return not_watched_here(camera);
    VEDETTE_TRY(reply, services.remote_pictures.snapshot(camera.id, variant));
    if (reply) return picture(reply->status, std::move(reply->body), reply->content_type);
  }
  if (traffic::is_recorded(camera)) return recorded_snapshot(services, camera, variant);
  if (!camera.is_enabled) {
    return fail(ErrorCode::kNotFound,
                fmt::format("There is no picture of '{}': it is switched off.", camera.name));
  }
  std::optional<std::string> jpeg;
  if (const auto view = services.live.find(camera.id)) {
    VEDETTE_TRY(newest, view->snapshot(variant));
    jpeg = std::move(newest);
  }
  if (!jpeg) {
    return fail(
        ErrorCode::kNotFound,
        fmt::format("There is no picture of '{}': its source has not given one yet.", camera.name));
  }
  return picture(200, *std::move(jpeg), "image/jpeg");
}

Result<http::Response> live(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(variant, variant_of(request));
  VEDETTE_TRY(is_own, flag_of(request, "own"));
  VEDETTE_TRY(camera, stored_camera(services, request));
  const bool is_own_camera = is_here(services, camera.id);
  if (is_own) {
    if (!is_own_camera) return not_watched_here(camera);
    return http::mjpeg(services.pictures.own_topic(camera.id, variant));
  }
  if (!is_own_camera) VEDETTE_CHECK(services.remote_pictures.open(camera.id, variant));
  return http::mjpeg(services.pictures.topic(camera.id, variant));
}

// A camera that is watched here needs nothing that could wait: its viewers do not queue behind
// those who look at another process. What is not plain is left to the handler.
std::optional<http::Response> live_here(const TrafficServices& services,
                                        const http::Request& request) {
  const auto variant = variant_of(request);
  const auto is_own = flag_of(request, "own");
  const auto id = request.param("id");
  const bool is_plain = std::ranges::all_of(request.queries, [](const auto& query) {
    return query.first == "own" || query.first == "annotated";
  });
  if (!is_plain || !variant || !is_own || !is_here(services, id)) return std::nullopt;
  return http::mjpeg(*is_own ? services.pictures.own_topic(id, *variant)
                             : services.pictures.topic(id, *variant));
}

}  // namespace

void mount_pictures(http::Router& router, const std::shared_ptr<const TrafficServices>& services) {
  router.get("/api/cameras/{id}/snapshot.jpg", handler(services, {"annotated", "own"}, snapshot),
             {.pool = http::PoolKind::kSlow});
  router.get("/api/cameras/{id}/live.mjpg", handler(services, {"annotated", "own"}, live),
             {.pool = http::PoolKind::kSlow, .at_hand = [services](const http::Request& request) {
                return live_here(*services, request);
              }});
}

}  // namespace vedette::api
