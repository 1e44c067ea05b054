// POST /api/sources/look: one picture of a source, before it becomes a camera.
#include <utility>

#include "api/answers.hpp"
#include "api/handlers.hpp"
#include "api/query.hpp"
#include "api/traffic/first_picture.hpp"
#include "api/traffic/routes.hpp"
#include "base/address.hpp"
#include "db/database.hpp"
#include "traffic/camera.hpp"

namespace vedette::api {
namespace {

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
  VEDETTE_TRY(url, address(services, std::move(source), camera));
  auto jpeg = first_picture(url, services);
  if (!jpeg) return not_seen(jpeg.error());
  http::Response response;
  response.body = std::move(*jpeg);
  response.set("content-type", "image/jpeg").set("cache-control", "no-store");
  return response;
}

}  // namespace

void mount_look(http::Router& router, const std::shared_ptr<const TrafficServices>& services) {
  router.post("/api/sources/look", handler(services, {}, look), {.pool = http::PoolKind::kSlow});
}

}  // namespace vedette::api
