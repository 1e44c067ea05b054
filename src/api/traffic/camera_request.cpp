#include "api/traffic/camera_request.hpp"

#include <utility>

namespace vedette::api {

// Longer names cannot exist: not worth a question to the database.
Result<std::string> camera_id_of(const http::Request& request) {
  const std::string_view id = request.param("id");
  if (id.empty() || id.size() > 64 || id.find('\0') != std::string_view::npos)
    return traffic::no_camera(id.substr(0, 64));
  return std::string(id);
}

Result<traffic::Camera> stored_camera(const TrafficServices& services,
                                      const http::Request& request) {
  VEDETTE_TRY(id, camera_id_of(request));
  VEDETTE_TRY(camera, traffic::find_camera(services.core->database, id));
  if (!camera) return traffic::no_camera(id);
  return std::move(*camera);
}

}  // namespace vedette::api
