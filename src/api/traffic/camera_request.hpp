// Which camera a request is about. Private to src/api.
#pragma once

#include <string>

#include "api/traffic/traffic_services.hpp"
#include "http/request.hpp"
#include "traffic/camera.hpp"

namespace vedette::api {

/// The path's `id`; kNotFound when no camera can have it.
Result<std::string> camera_id_of(const http::Request& request);

/// The camera of the path's `id`; kNotFound. Blocks on the database.
Result<traffic::Camera> stored_camera(const TrafficServices& services,
                                      const http::Request& request);

}  // namespace vedette::api
