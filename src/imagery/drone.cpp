#include "imagery/drone.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <string_view>

namespace vedette::imagery {
namespace {

namespace json = boost::json;

// [[lat, lng, altitude or null], ...]
std::string encoded(const std::vector<DronePoint>& points) {
  json::array all;
  for (const DronePoint& one : points) {
    json::array point{one.latitude, one.longitude, nullptr};
    if (one.altitude) point[2] = *one.altitude;
    all.push_back(std::move(point));
  }
  return json::serialize(all);
}

std::vector<DronePoint> decoded(const std::optional<std::string>& text) {
  std::vector<DronePoint> points;
  boost::system::error_code failed;
  const json::value value = json::parse(text.value_or("[]"), failed);
  const auto* all = failed ? nullptr : value.if_array();
  if (all == nullptr) return points;
  for (const json::value& one : *all) {
    const auto* point = one.if_array();
    if (point == nullptr || point->size() != 3) continue;
    DronePoint read{point->at(0).to_number<double>(), point->at(1).to_number<double>(), {}};
    if (!point->at(2).is_null()) read.altitude = point->at(2).to_number<double>();
    points.push_back(read);
  }
  return points;
}

Result<void> append(db::Session& session, const std::vector<DronePoint>& points) {
  if (points.empty()) return {};
  db::BulkInsert rows("drone_route", {"lat", "lng", "altitude"});
  for (const DronePoint& one : points) rows.add(one.latitude, one.longitude, one.altitude);
  VEDETTE_CHECK(session.insert(rows));
  VEDETTE_CHECK(
      session.execute("DELETE FROM drone_route WHERE id NOT IN (SELECT id FROM "
                      "drone_route ORDER BY id DESC LIMIT $1)",
                      {kMostRoute}));
  return {};
}

// `column`: "position" or "geofence".
Result<void> put(db::Session& session, std::string_view column,
                 const std::vector<DronePoint>& points) {
  const std::string sql = column == "position"
                              ? "INSERT INTO drone_state (id, position) VALUES (1, $1) ON CONFLICT "
                                "(id) DO UPDATE SET position = excluded.position"
                              : "INSERT INTO drone_state (id, geofence) VALUES (1, $1) ON CONFLICT "
                                "(id) DO UPDATE SET geofence = excluded.geofence";
  VEDETTE_CHECK(session.execute(sql, {encoded(points)}));
  return {};
}

}  // namespace

Result<Drone> drone(db::Session& session) {
  Drone all;
  VEDETTE_TRY(state, session.query("SELECT position, geofence FROM drone_state WHERE id = 1"));
  if (!state.empty()) {
    const auto position = decoded(state.front().get<std::optional<std::string>>(0));
    if (!position.empty()) all.position = position.front();
    all.fence = decoded(state.front().get<std::optional<std::string>>(1));
  }
  VEDETTE_TRY(rows, session.query("SELECT lat, lng, altitude FROM drone_route ORDER BY id"));
  for (const db::Row row : rows) {
    all.route.push_back(
        {row.get<double>(0), row.get<double>(1), row.get<std::optional<double>>(2)});
  }
  return all;
}

Result<void> change_drone(db::Session& session, const DroneChange& change) {
  if (change.position) VEDETTE_CHECK(put(session, "position", {*change.position}));
  if (change.fence) VEDETTE_CHECK(put(session, "geofence", *change.fence));
  if (change.route) {
    VEDETTE_CHECK(session.execute("DELETE FROM drone_route"));
    return append(session, *change.route);
  }
  if (change.position) return append(session, {*change.position});
  return {};
}

}  // namespace vedette::imagery
