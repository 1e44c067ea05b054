// GET and POST /api/telemetry, as the original's map page and scripts send and read it.
#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/answers.hpp"
#include "api/imagery/routes.hpp"
#include "db/database.hpp"
#include "imagery/drone.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;
using Points = std::vector<imagery::DronePoint>;

constexpr std::size_t kMostFence = 1000;

json::object point_json(const imagery::DronePoint& point, bool has_altitude = true) {
  json::object one{{"lat", point.latitude}, {"lng", point.longitude}};
  if (has_altitude) one["altitude"] = or_null(point.altitude);
  return one;
}

Answer drone_answer(const imagery::Drone& drone) {
  json::array route;
  for (const imagery::DronePoint& one : drone.route) route.push_back(point_json(one));
  json::array fence;
  for (const imagery::DronePoint& one : drone.fence) fence.push_back(point_json(one, false));
  json::value position = nullptr;
  if (drone.position) position = point_json(*drone.position);
  return answer(200, json::object{{"position", std::move(position)},
                                  {"route", std::move(route)},
                                  {"geofence", std::move(fence)}});
}

// Clients of the original write lat and lng, its other half latitude and longitude.
std::optional<double> either(const json::object& object, std::string_view one,
                             std::string_view other) {
  const json::value* value = object.if_contains(one);
  if (value == nullptr) value = object.if_contains(other);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

Result<imagery::DronePoint> point_of(const json::value& value, std::string_view field) {
  const auto wrong = [&] {
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}': a point is {{\"lat\": -90 to 90, \"lng\": -180 to 180}}, with "
                            "\"altitude\" in metres where it is known.",
                            field),
                std::string(field));
  };
  const auto* object = value.if_object();
  if (object == nullptr) return wrong();
  const auto latitude = either(*object, "lat", "latitude");
  const auto longitude = either(*object, "lng", "longitude");
  if (!latitude || !longitude || !(std::abs(*latitude) <= 90) || !(std::abs(*longitude) <= 180)) {
    return wrong();
  }
  return imagery::DronePoint{*latitude, *longitude, either(*object, "altitude", "alt")};
}

Result<std::optional<Points>> points_of(const json::object& body, std::string_view field,
                                        std::size_t most) {
  const json::value* value = body.if_contains(field);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto* list = value->if_array();
  if (list == nullptr || list->size() > most) {
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' must be a list of at most {} points.", field, most),
                std::string(field));
  }
  Points points;
  for (const json::value& one : *list) {
    VEDETTE_TRY(point, point_of(one, field));
    points.push_back(point);
  }
  return points;
}

// GET /api/telemetry
Answer show(const ImageryServices& services, const http::Request&) {
  VEDETTE_TRY(now, services.core->database.read(imagery::drone));
  return drone_answer(now);
}

// POST /api/telemetry. What else a client writes into it is left alone, as the original did.
Answer change(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(body, object_of(request));
  imagery::DroneChange change;
  if (const auto* position = body.if_contains("position");
      position != nullptr && !position->is_null()) {
    VEDETTE_TRY(point, point_of(*position, "position"));
    change.position = point;
  }
  VEDETTE_TRY(route, points_of(body, "route", imagery::kMostRoute));
  change.route = std::move(route);
  VEDETTE_TRY(fence, points_of(body, "geofence", kMostFence));
  change.fence = std::move(fence);
  if (change.fence && !change.fence->empty() && change.fence->size() < 3) {
    return fail(ErrorCode::kInvalid, "A fence has at least three points; none takes it away.",
                "geofence");
  }
  VEDETTE_TRY(now,
              services.core->database.write([&](db::Session& session) -> Result<imagery::Drone> {
                VEDETTE_CHECK(imagery::change_drone(session, change));
                return imagery::drone(session);
              }));
  return drone_answer(now);
}

}  // namespace

void mount_drone(http::Router& router, const std::shared_ptr<const ImageryServices>& services) {
  router.get("/api/telemetry", original_handler(services, {}, show));
  router.post("/api/telemetry", original_handler(services, {}, change));
}

}  // namespace vedette::api
