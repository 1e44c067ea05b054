#include "imagery/sample_flights.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "imagery/analysis_store.hpp"

namespace vedette::imagery {

Result<std::vector<std::string>> missing_samples(db::Session& session,
                                                 const std::vector<std::string>& names) {
  VEDETTE_TRY(own, session.query("SELECT (SELECT count(*) FROM images WHERE NOT is_sample) + "
                                 "(SELECT count(*) FROM missions WHERE NOT is_sample)"));
  VEDETTE_TRY(known, session.query("SELECT name FROM image_sample"));
  VEDETTE_TRY(removed, session.query("SELECT count(*) FROM image_removed"));
  std::vector<std::string> missing = names;
  for (const db::Row row : known) std::erase(missing, row.get<std::string>(0));
  // Whoever has removed images of their own did not begin just now.
  const bool is_used = known.empty() && removed.scalar<std::int64_t>() != 0;
  if (own.scalar<std::int64_t>() != 0 || is_used) missing.clear();
  return missing;
}

Result<bool> add_sample_flight(db::Session& session, const SampleFlight& flight, Instant now) {
  VEDETTE_TRY(is_first, session.execute("INSERT INTO image_sample (name, added_at) VALUES ($1, $2) "
                                        "ON CONFLICT DO NOTHING",
                                        {flight.name, now}));
  if (is_first == 0) return false;
  VEDETTE_TRY(mission, add_mission(session, flight.mission, now));
  VEDETTE_CHECK(
      session.execute("UPDATE missions SET is_sample = $2 WHERE id = $1", {mission, true}));
  for (NewImage image : flight.images) {
    image.mission = mission;
    VEDETTE_TRY(added, add_image(session, image, now));
    if (!added.is_new) continue;
    VEDETTE_CHECK(
        session.execute("UPDATE images SET is_sample = $2 WHERE id = $1", {added.id, true}));
    if (!flight.bands.empty()) VEDETTE_CHECK(set_image_bands(session, added.id, flight.bands));
  }
  return true;
}

}  // namespace vedette::imagery
