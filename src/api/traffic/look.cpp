// POST /api/sources/look: one picture of a source, before it becomes a camera.
#include <chrono>
#include <utility>

#include "api/answers.hpp"
#include "api/handlers.hpp"
#include "api/query.hpp"
#include "api/traffic/routes.hpp"
#include "base/address.hpp"
#include "db/database.hpp"
#include "media/frame_source.hpp"
#include "traffic/camera.hpp"
#include "traffic/live_view.hpp"

namespace vedette::api {
namespace {

constexpr Micros kOpenTimeout = std::chrono::seconds{5};
constexpr Micros kReadTimeout = std::chrono::seconds{4};
constexpr int kWidth = 960;

/// What the source is wrong about is wrong in this form, whatever the cause: its field is named.
std::unexpected<Error> not_seen(const Error& error) {
  return bad_parameter("source", error.message);
}

/// The address to open: what a stored camera keeps secret stands where the page shows stars.
Result<std::string> address(const TrafficServices& services, std::string source,
                            const std::optional<std::string>& camera) {
  if (!camera) return source;
  VEDETTE_TRY(stored, traffic::find_camera(services.core->database, *camera));
  if (!stored) return source;
  auto whole = unmask_address(source, stored->source);
  if (!whole) return not_seen(whole.error());
  return whole;
}

Result<http::Response> look(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(object, object_of(request));
  Fields body(std::move(object));
  VEDETTE_TRY(source, body.required_text("source"));
  VEDETTE_TRY(camera, body.text("camera"));
  VEDETTE_CHECK(body.nothing_left());
  if (source.empty() || source.size() > 1000 || source.find('\0') != std::string::npos) {
    return bad_parameter("source", "'source' must have 1 to 1000 characters.");
  }
  media::SourceOptions options;
  VEDETTE_TRY(url, address(services, std::move(source), camera));
  options.url = std::move(url);
  options.open_timeout = kOpenTimeout;
  options.read_timeout = kReadTimeout;
  options.file_folders = services.file_folders;
  options.any_certificate = services.any_certificate;
  auto opened = media::open_source(options);
  if (!opened) return not_seen(opened.error());
  auto frame = (*opened)->next({});
  // Of a record, files that cannot be read are told one by one; the next one may do.
  for (int told = 1; told < (*opened)->info().files; ++told) {
    if (frame || frame.error().code != ErrorCode::kCorrupt) break;
    frame = (*opened)->next({});
  }
  if (!frame) return not_seen(frame.error());
  if (!*frame) return bad_parameter("source", "The file holds no picture. Choose another one.");
  traffic::LiveOptions picture;
  picture.max_width = kWidth;
  VEDETTE_TRY(jpeg, traffic::render_picture(**frame, {}, traffic::Variant::kClean, picture));
  http::Response response;
  response.body = std::move(jpeg);
  response.set("content-type", "image/jpeg").set("cache-control", "no-store");
  return response;
}

}  // namespace

void mount_look(http::Router& router, const std::shared_ptr<const TrafficServices>& services) {
  router.post("/api/sources/look", handler(services, {}, look), {.pool = http::PoolKind::kSlow});
}

}  // namespace vedette::api
