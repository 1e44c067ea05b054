#include "traffic/current.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "db/database.hpp"

namespace vedette::traffic {

Result<std::vector<CurrentCamera>> current(db::Session& session, const Filter& filter) {
  db::Where cameras;
  cameras.any_of("c.id", filter.cameras);
  VEDETTE_TRY(
      status,
      session.query(
          fmt::format("SELECT c.id, s.sampled_at FROM camera c LEFT JOIN camera_status s ON "
                      "s.camera_id = c.id{} ORDER BY c.id",
                      cameras.text()),
          cameras.values()));
  std::vector<CurrentCamera> result;
  for (const db::Row& row : status) {
    CurrentCamera camera{row.get<std::string>(0), row.get<std::optional<Instant>>(1), {}};
    if (camera.as_of) {
      VEDETTE_TRY(
          rows, session.query(
                    "SELECT vehicle_type, track_id, x_coord, y_coord, last_update, first_seen, "
                    "is_moving FROM current_traffic WHERE last_update = $1 AND camera_id = $2 AND "
                    "position IS NOT NULL ORDER BY track_id",
                    {*camera.as_of, camera.camera_id}));
      for (const db::Row& r : rows) {
        const auto type = r.get<std::string>(0);
        if (!filter.types.empty() && std::ranges::find(filter.types, type) == filter.types.end())
          continue;
        camera.rows.push_back({type, r.get<std::int64_t>(1), r.get<double>(2), r.get<double>(3),
                               r.get<Instant>(4), r.get<std::optional<Instant>>(5),
                               r.get<std::optional<bool>>(6).value_or(false)});
      }
    }
    result.push_back(std::move(camera));
  }
  return result;
}

}  // namespace vedette::traffic
