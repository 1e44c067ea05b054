#include "imagery/image_statistics.hpp"

namespace vedette::imagery {

Result<ImageStatistics> image_statistics(db::Session& session, Instant since) {
  ImageStatistics all;
  VEDETTE_TRY(counts, count_by_status(session));
  all.counts = counts;
  VEDETTE_TRY(means, session.query("SELECT count(*), avg(ndvi_mean), avg(savi_mean), "
                                   "avg(gndvi_mean), avg(health_score), avg(confidence) FROM "
                                   "analyses"));
  const db::Row row = means.front();
  all.analyzed = row.get<std::int64_t>(0);
  all.ndvi = row.get<std::optional<double>>(1);
  all.savi = row.get<std::optional<double>>(2);
  all.gndvi = row.get<std::optional<double>>(3);
  all.health_score = row.get<std::optional<double>>(4);
  all.confidence = row.get<std::optional<double>>(5);
  VEDETTE_TRY(health, session.query("SELECT health_status, count(*) FROM analyses WHERE "
                                    "health_status IS NOT NULL GROUP BY health_status"));
  for (const db::Row one : health) {
    all.by_health.emplace(one.get<std::string>(0), one.get<std::int64_t>(1));
  }
  VEDETTE_TRY(recent, session.query("SELECT count(*) FROM images WHERE uploaded_at >= $1 AND "
                                    "capture_of IS NULL",
                                    {since}));
  all.recent = recent.scalar<std::int64_t>();
  VEDETTE_TRY(located, session.query("SELECT count(*) FROM image_gps"));
  all.with_position = located.scalar<std::int64_t>();
  return all;
}

}  // namespace vedette::imagery
