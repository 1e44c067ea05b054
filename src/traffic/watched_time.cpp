#include "traffic/watched_time.hpp"

#include <algorithm>

#include "db/database.hpp"

namespace vedette::traffic {

Result<Micros> watched_between(db::Session& session, std::string_view camera, Instant from,
                               Instant to) {
  VEDETTE_TRY(spans, session.query("SELECT from_t, to_t FROM watch_span WHERE camera_id = $1 AND "
                                   "from_t < $3 AND to_t > $2 ORDER BY from_t",
                                   {camera, from, to}));
  Micros watched{0};
  Instant reached = from;
  for (const db::Row& span : spans) {
    const Instant end = std::min(span.get<Instant>(1), to);
    if (end <= reached) continue;
    watched += end - std::max(span.get<Instant>(0), reached);
    reached = end;
  }
  return watched;
}

}  // namespace vedette::traffic
