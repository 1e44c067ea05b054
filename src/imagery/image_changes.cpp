#include "imagery/image_changes.hpp"

#include <fmt/format.h>

namespace vedette::imagery {

// PostgreSQL: what is running now may commit a smaller number later, so the next look begins at the
// oldest transaction that still runs. SQLite: writers take turns, so behind the largest.
Result<std::int64_t> changes_mark(db::Session& session) {
  VEDETTE_TRY(rows,
              session.query(session.dialect() == db::Dialect::kPostgres
                                ? "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
                                : "SELECT 1 + max((SELECT coalesce(max(revision), 0) FROM images), "
                                  "(SELECT coalesce(max(revision), 0) FROM image_removed))"));
  return rows.scalar<std::int64_t>();
}

Result<ImageChanges> changes_since(db::Session& session, std::int64_t mark, int limit) {
  ImageChanges changes;
  VEDETTE_TRY(next, changes_mark(session));
  changes.mark = next;
  VEDETTE_TRY(rows, session.query(fmt::format("SELECT {} {} WHERE i.revision >= $1 "
                                              "ORDER BY i.revision, i.id LIMIT {}",
                                              image_columns(), image_tables(), limit + 1),
                                  {mark}));
  VEDETTE_TRY(removed, session.query(fmt::format("SELECT id, revision FROM image_removed WHERE "
                                                 "revision >= $1 ORDER BY revision LIMIT {}",
                                                 limit + 1),
                                     {mark}));
  const auto most = static_cast<std::size_t>(limit);
  changes.is_more = rows.size() > most || removed.size() > most;
  if (!changes.is_more) {
    for (const db::Row row : rows) changes.changed.push_back(image_from(row));
    for (const db::Row row : removed) {
      changes.removed.push_back({row.get<std::string>(0), row.get<std::int64_t>(1)});
    }
  }
  VEDETTE_TRY(counts, count_by_status(session));
  changes.counts = counts;
  return changes;
}

// The newest one stays: on SQLite revisions go on from it.
Result<std::int64_t> prune_removed(db::Session& session, Instant before) {
  return session.execute(
      "DELETE FROM image_removed WHERE removed_at < $1 AND revision < (SELECT max(revision) FROM "
      "image_removed)",
      {before});
}

}  // namespace vedette::imagery
