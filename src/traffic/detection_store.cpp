#include "traffic/detection_store.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <span>

#include "db/database.hpp"

namespace vedette::traffic {
namespace {

// Chunks read at once.
constexpr int kPage = 200;

}  // namespace

Result<DetectionStore> DetectionStore::open(db::Database& database, const work::JobFence& fence,
                                            std::string_view camera_id, std::string_view mark,
                                            std::int64_t crashes) {
  return database.write([&](db::Session& session) -> Result<DetectionStore> {
    VEDETTE_CHECK(fence.check(session));
    const std::string now = db::now_sql(session.dialect());
    // Their chunks are the retention's: it deletes what belongs to no log.
    VEDETTE_CHECK(session.execute("DELETE FROM detection_log WHERE camera_id = $1 AND mark <> $2",
                                  {camera_id, mark}));
    VEDETTE_TRY(rows,
                session.query(fmt::format("INSERT INTO detection_log (camera_id, mark, used_at) "
                                          "VALUES ($1, $2, {}) ON CONFLICT (camera_id, mark) DO "
                                          "UPDATE SET used_at = excluded.used_at RETURNING id, "
                                          "crashes, chunks, stuck",
                                          now),
                              {camera_id, mark}));
    const db::Row row = rows.front();
    DetectionStore store;
    store.id_ = row.get<std::int64_t>(0);
    VEDETTE_TRY(newest, session.query("SELECT coalesce(max(number) + 1, 0) FROM detection_chunk "
                                      "WHERE log_id = $1",
                                      {store.id_}));
    store.next_ = newest.scalar<std::int64_t>();
    const bool has_crashed = crashes > row.get<std::int64_t>(1);
    const bool has_got_on = store.next_ > row.get<std::int64_t>(2);
    store.stuck_ =
        has_got_on || crashes == 0 ? 0 : row.get<std::int64_t>(3) + (has_crashed ? 1 : 0);
    VEDETTE_CHECK(session.execute(
        "UPDATE detection_log SET crashes = $2, chunks = $3, stuck = $4 WHERE id = $1",
        {store.id_, crashes, store.next_, store.stuck_}));
    return store;
  });
}

Result<std::vector<std::string>> DetectionStore::read(db::Database& database) const {
  std::vector<std::string> chunks;
  std::int64_t after = -1;
  for (;;) {
    VEDETTE_TRY(rows, database.read([&](db::Session& session) {
      return session.query(
          fmt::format("SELECT number, bytes FROM detection_chunk WHERE log_id = $1 "
                      "AND number > $2 ORDER BY number LIMIT {}",
                      kPage),
          {id_, after});
    }));
    for (const db::Row& row : rows) {
      after = row.get<std::int64_t>(0);
      const auto bytes = row.get<db::Blob>(1);
      chunks.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    if (rows.size() < static_cast<std::size_t>(kPage)) return chunks;
  }
}

Result<void> DetectionStore::add(db::Session& session, std::string_view bytes) const {
  VEDETTE_CHECK(
      session.execute("INSERT INTO detection_chunk (log_id, number, bytes) VALUES ($1, $2, $3)",
                      {id_, next_, std::as_bytes(std::span(bytes.data(), bytes.size()))}));
  // A count may run for longer than the retention keeps what nobody uses.
  VEDETTE_CHECK(session.execute(fmt::format("UPDATE detection_log SET used_at = {} WHERE id = $1",
                                            db::now_sql(session.dialect())),
                                {id_}));
  return {};
}

Result<void> DetectionStore::put_thumbnails(db::Session& session,
                                            std::span<const StoredThumbnail> thumbnails) const {
  VEDETTE_CHECK(session.execute("DELETE FROM count_picture WHERE log_id = $1", {id_}));
  db::BulkInsert rows("count_picture", {"log_id", "frame", "media_us", "object"});
  for (const StoredThumbnail& one : thumbnails)
    rows.add(id_, one.frame, one.media_time.count(), one.key);
  VEDETTE_CHECK(session.insert(rows));
  return {};
}

Result<std::vector<StoredThumbnail>> DetectionStore::thumbnails(db::Database& database) const {
  VEDETTE_TRY(rows, database.read([&](db::Session& session) {
    return session.query(
        "SELECT frame, media_us, object FROM count_picture WHERE log_id = $1 ORDER BY frame",
        {id_});
  }));
  std::vector<StoredThumbnail> found;
  for (const db::Row row : rows) {
    found.push_back(
        {row.get<std::int64_t>(0), Micros{row.get<std::int64_t>(1)}, row.get<std::string>(2)});
  }
  return found;
}

Result<void> DetectionStore::forget(db::Session& session) const {
  VEDETTE_CHECK(session.execute("DELETE FROM detection_log WHERE id = $1", {id_}));
  return {};
}

}  // namespace vedette::traffic
