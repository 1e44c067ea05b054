// Where a drone is, its route and its fence, as clients of the original crop platform post and ask
// for them. Functions over a Session belong to the caller's transaction; all block on the database;
// any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "db/database.hpp"

namespace vedette::imagery {

struct DronePoint {
  double latitude = 0;
  double longitude = 0;
  std::optional<double> altitude;  // m
};

struct Drone {
  std::optional<DronePoint> position;
  std::vector<DronePoint> route;  // in order
  std::vector<DronePoint> fence;
};

/// What is absent stays as it is.
struct DroneChange {
  std::optional<DronePoint> position;
  std::optional<std::vector<DronePoint>> route;  // replaces all of it
  std::optional<std::vector<DronePoint>> fence;
};

/// Points of a route; of a longer one the oldest go.
inline constexpr int kMostRoute = 5000;

Result<Drone> drone(db::Session& session);
/// A position that comes without a route is put at its end.
Result<void> change_drone(db::Session& session, const DroneChange& change);

}  // namespace vedette::imagery
