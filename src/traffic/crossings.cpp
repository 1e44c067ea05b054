#include "traffic/crossings.hpp"

#include <fmt/format.h>

#include "db/database.hpp"
#include "traffic/line_row.hpp"

namespace vedette::traffic {
namespace {

std::string crossing_id(db::Dialect dialect) {
  return dialect == db::Dialect::kSqlite ? "x.position" : "x.id";
}

std::string crossing_columns(db::Dialect dialect) {
  return fmt::format(
      "{}, x.crossed_at, x.camera_id, x.line_id, coalesce(l.name, ''), x.direction, x.track_id, "
      "x.vehicle_type, x.x, x.y, x.frame, {} FROM crossings x LEFT JOIN camera_line l ON l.id = "
      "x.line_id",
      crossing_id(dialect), kLabelColumns);
}

CrossingRecord crossing_of(const db::Row& row) {
  CrossingRecord crossing;
  crossing.id = row.get<std::int64_t>(0);
  crossing.at = row.get<Instant>(1);
  crossing.camera_id = row.get<std::string>(2);
  crossing.line_id = row.get<std::string>(3);
  crossing.line = row.get<std::string>(4);
  crossing.direction = row.get<std::string>(5);
  crossing.track_id = row.get<std::int64_t>(6);
  crossing.vehicle_type = row.get<std::string>(7);
  crossing.x = row.get<double>(8);
  crossing.y = row.get<double>(9);
  crossing.frame = row.get<std::int64_t>(10);
  crossing.label = label_of(row, 11, crossing.direction);
  return crossing;
}

}  // namespace

Result<CrossingPage> crossings(db::Database& database, const LineFilter& filter, int limit,
                               std::optional<Instant> before, std::int64_t before_id) {
  return database.read([&](db::Session& session) -> Result<CrossingPage> {
    const std::string id = crossing_id(session.dialect());
    db::Where where;
    add_filter(where, filter.filter, "x.crossed_at", "x.camera_id", "x.vehicle_type");
    if (!filter.line.empty()) where.add("x.line_id = " + where.param(filter.line));
    if (!filter.direction.empty()) where.add("x.direction = " + where.param(filter.direction));
    if (before) {
      const std::string time = where.param(*before);
      const std::string last = where.param(before_id);
      where.add(fmt::format("(x.crossed_at, {}) < ({}, {})", id, time, last));
    }
    VEDETTE_TRY(
        rows,
        session.query(fmt::format("SELECT {}{} ORDER BY x.crossed_at DESC, {} DESC LIMIT {}",
                                  crossing_columns(session.dialect()), where.text(), id, limit + 1),
                      where.values()));
    CrossingPage page;
    for (const db::Row& row : rows) page.crossings.push_back(crossing_of(row));
    page.has_more = page.crossings.size() > static_cast<std::size_t>(limit);
    if (page.has_more) page.crossings.pop_back();
    return page;
  });
}

Result<std::vector<CrossingRecord>> crossings_after(db::Session& session, std::string_view camera,
                                                    std::int64_t id, int limit) {
  const std::string column = crossing_id(session.dialect());
  VEDETTE_TRY(rows, session.query(fmt::format("SELECT {0} WHERE x.camera_id = $1 AND {1} > $2 AND "
                                              "x.position >= 0 ORDER BY {1} LIMIT {2}",
                                              crossing_columns(session.dialect()), column, limit),
                                  {camera, id}));
  std::vector<CrossingRecord> records;
  for (const db::Row& row : rows) records.push_back(crossing_of(row));
  return records;
}

Result<std::int64_t> newest_crossing_id(db::Session& session,
                                        std::optional<std::string_view> camera) {
  db::Where where;
  if (camera) where.add("x.camera_id = " + where.param(std::string(*camera)));
  VEDETTE_TRY(rows, session.query(fmt::format("SELECT coalesce(max({}), 0) FROM crossings x{}",
                                              crossing_id(session.dialect()), where.text()),
                                  where.values()));
  return rows.scalar<std::int64_t>();
}

Result<std::vector<std::string>> cameras_with_crossings_after(db::Session& session,
                                                              std::int64_t id) {
  VEDETTE_TRY(
      rows, session.query(fmt::format("SELECT DISTINCT x.camera_id FROM crossings x WHERE {} > $1 "
                                      "AND x.position >= 0",
                                      crossing_id(session.dialect())),
                          {id}));
  std::vector<std::string> cameras;
  for (const db::Row& row : rows) cameras.push_back(row.get<std::string>(0));
  return cameras;
}

}  // namespace vedette::traffic
