#include "traffic/quality.hpp"

#include <fmt/format.h>

#include "db/database.hpp"
#include "traffic/recorder.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

// Times watched that are less far apart belong together.
constexpr Micros kShortestGap = 3s;

}  // namespace

Result<QualityPage> quality(db::Database& database, const Filter& filter, int limit,
                            std::optional<Instant> before, std::int64_t before_id) {
  return database.read([&](db::Session& session) -> Result<QualityPage> {
    const db::Dialect dialect = session.dialect();
    // What the loops noted, and the gaps between times watched that no note explains.
    const std::string noted =
        "SELECT id, camera_id, issue, cause, ts, ended_at FROM quality_log WHERE camera_id IS NOT "
        "NULL";
    const std::string gaps = fmt::format(
        "SELECT -g.id, g.camera_id, 'not watched', 'No process watched it: stopped, crashed or "
        "without its database', "
        "g.gap_from, g.from_t FROM (SELECT id, camera_id, from_t, lag(to_t) OVER (PARTITION BY "
        "camera_id ORDER BY "
        "from_t, id) AS gap_from FROM watch_span) AS g WHERE {} > {} AND NOT EXISTS (SELECT 1 FROM "
        "quality_log q WHERE "
        "q.camera_id = g.camera_id AND q.ts < g.from_t AND (q.ended_at IS NULL OR (q.ended_at > "
        "g.gap_from AND "
        "q.ended_at > q.ts)))",
        db::elapsed_sql(dialect, "g.gap_from", "g.from_t"), kShortestGap.count());
    db::Where where;
    where.any_of("camera_id", filter.cameras);
    if (filter.from)
      where.add("(ended_at IS NULL OR ended_at >= " + where.param(*filter.from) + ")");
    if (filter.to) where.add("ts < " + where.param(*filter.to));
    if (before) {
      const std::string time = where.param(*before);
      const std::string last = where.param(before_id);
      where.add(fmt::format("(ts, id) < ({}, {})", time, last));
    }
    VEDETTE_TRY(
        rows, session.query(
                  fmt::format("SELECT id, camera_id, issue, cause, ts, ended_at FROM ({} UNION ALL "
                              "{}) AS issues{} ORDER BY ts DESC, id DESC LIMIT {}",
                              noted, gaps, where.text(), limit + 1),
                  where.values()));
    QualityPage page;
    for (const db::Row& row : rows) {
      page.issues.push_back({row.get<std::int64_t>(0), row.get<std::string>(1),
                             row.get<std::string>(2), row.get<std::optional<std::string>>(3),
                             row.get<Instant>(4), row.get<std::optional<Instant>>(5)});
    }
    page.has_more = page.issues.size() > static_cast<std::size_t>(limit);
    if (page.has_more) page.issues.pop_back();
    return page;
  });
}

Result<void> end_outages(db::Session& session, std::string_view camera_id) {
  VEDETTE_CHECK(session.execute(
      fmt::format("UPDATE quality_log SET ended_at = {} WHERE camera_id = $1 AND ended_at IS NULL",
                  db::now_sql(session.dialect())),
      {camera_id}));
  return {};
}

Result<void> note_quality(db::Session& session, std::string_view camera_id,
                          const QualityNote& note) {
  const std::string now = db::now_sql(session.dialect());
  if (note.kind == QualityNote::Kind::kEnd) {
    VEDETTE_CHECK(
        session.execute(fmt::format("UPDATE quality_log SET ended_at = {} WHERE camera_id "
                                    "= $1 AND issue = $2 AND ended_at IS NULL",
                                    now),
                        {camera_id, note.issue}));
    return {};
  }
  if (note.kind == QualityNote::Kind::kBegin) {
    VEDETTE_TRY(open, session.query("SELECT 1 FROM quality_log WHERE camera_id = $1 AND issue = $2 "
                                    "AND ended_at IS NULL",
                                    {camera_id, note.issue}));
    if (!open.empty()) return {};
  }
  VEDETTE_CHECK(session.execute(
      fmt::format("INSERT INTO quality_log (camera_id, issue, cause, ts, ended_at) VALUES ($1, $2, "
                  "$3, {}, {})",
                  now, note.kind == QualityNote::Kind::kMoment ? now : std::string("NULL")),
      {camera_id, note.issue, note.cause}));
  return {};
}

Result<void> note_outage(db::Database& database, const work::Fence& fence,
                         std::string_view camera_id, std::string_view issue,
                         std::string_view cause) {
  return database.write([&](db::Session& session) -> Result<void> {
    VEDETTE_CHECK(fence.check(session));
    VEDETTE_TRY(
        open,
        session.query(
            "SELECT 1 FROM quality_log WHERE camera_id = $1 AND issue = $2 AND ended_at IS NULL",
            {camera_id, issue}));
    if (!open.empty()) return {};
    VEDETTE_CHECK(end_outages(session, camera_id));
    VEDETTE_CHECK(session.execute(
        fmt::format("INSERT INTO quality_log (camera_id, issue, cause, ts) VALUES ($1, $2, $3, {})",
                    db::now_sql(session.dialect())),
        {camera_id, issue, cause}));
    return {};
  });
}

Result<void> note_past_outage(db::Database& database, const work::Fence& fence,
                              std::string_view camera_id, const work::Outage& outage) {
  const bool is_full = outage.error.code == ErrorCode::kDiskFull;
  return database.write([&](db::Session& session) -> Result<void> {
    VEDETTE_CHECK(fence.check(session));
    VEDETTE_CHECK(session.execute(
        "INSERT INTO quality_log (camera_id, issue, cause, ts, ended_at) VALUES ($1, $2, $3, $4, "
        "$5)",
        {camera_id, is_full ? "disk full" : "database unreachable", outage.error.message,
         outage.from, outage.until}));
    return {};
  });
}

}  // namespace vedette::traffic
