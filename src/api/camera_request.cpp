#include "api/camera_request.hpp"

#include <fmt/format.h>

#include <utility>

namespace vedette::api {
namespace {

std::unexpected<Error> no_camera(std::string_view id) {
  return fail(ErrorCode::kNotFound,
              fmt::format("There is no camera '{}'. GET /api/cameras lists them.", id));
}

}  // namespace

// Longer names cannot exist: not worth a question to the database.
Result<std::string> camera_id_of(const http::Request& request) {
  const std::string_view id = request.param("id");
  if (id.empty() || id.size() > 64 || id.find('\0') != std::string_view::npos)
    return no_camera(id.substr(0, 64));
  return std::string(id);
}

Result<traffic::Camera> stored_camera(const Services& services, const http::Request& request) {
  VEDETTE_TRY(id, camera_id_of(request));
  VEDETTE_TRY(camera, traffic::find_camera(*services.database, id));
  if (!camera) return no_camera(id);
  return std::move(*camera);
}

}  // namespace vedette::api
