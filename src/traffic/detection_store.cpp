#include "traffic/detection_store.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "db/database.hpp"

namespace vedette::traffic {
namespace {

// Chunks read at once.
constexpr int kPage = 200;

// Of an attempt that does not know yet what it will read.
constexpr std::string_view kUnknown;

Result<std::int64_t> next_number(db::Session& session, std::int64_t log) {
  VEDETTE_TRY(newest, session.query("SELECT coalesce(max(number) + 1, 0) FROM detection_chunk "
                                    "WHERE log_id = $1",
                                    {log}));
  return newest.scalar<std::int64_t>();
}

struct Attempts {
  std::int64_t id = 0;
  std::int64_t crashes = 0;
  std::int64_t chunks = 0;
  std::int64_t stuck = 0;
};

Result<std::optional<Attempts>> attempts_of(db::Session& session, std::string_view camera_id) {
  VEDETTE_TRY(rows, session.query("SELECT id, crashes, chunks, stuck FROM detection_log "
                                  "WHERE camera_id = $1 ORDER BY used_at DESC, id DESC LIMIT 1",
                                  {camera_id}));
  if (rows.empty()) return std::nullopt;
  const db::Row row = rows.front();
  return Attempts{row.get<std::int64_t>(0), row.get<std::int64_t>(1), row.get<std::int64_t>(2),
                  row.get<std::int64_t>(3)};
}

/// Its id. What was noted of attempts goes on in a log that begins here.
Result<std::int64_t> put_log(db::Session& session, std::string_view camera_id,
                             std::string_view mark, const Attempts& before) {
  VEDETTE_TRY(rows, session.query(fmt::format("INSERT INTO detection_log (camera_id, mark, "
                                              "used_at, crashes, stuck) VALUES ($1, $2, {}, $3, "
                                              "$4) ON CONFLICT (camera_id, mark) DO UPDATE SET "
                                              "used_at = excluded.used_at RETURNING id",
                                              db::now_sql(session.dialect())),
                                  {camera_id, mark, before.crashes, before.stuck}));
  return rows.scalar<std::int64_t>();
}

}  // namespace

Result<DetectionStore::Begun> DetectionStore::begin(db::Database& database,
                                                    const work::JobFence& fence,
                                                    std::string_view camera_id,
                                                    std::int64_t crashes) {
  return database.write([&](db::Session& session) -> Result<Begun> {
    VEDETTE_CHECK(fence.check(session));
    VEDETTE_TRY(found, attempts_of(session, camera_id));
    Attempts log = found.value_or(Attempts{});
    if (!found) {
      VEDETTE_TRY(id, put_log(session, camera_id, kUnknown, log));
      log.id = id;
    }
    VEDETTE_TRY(next, next_number(session, log.id));
    // Fewer than before: of another job. More than one more: some died before they came here.
    if (crashes < log.crashes) log.crashes = log.stuck = 0;
    const bool has_got_on = next > log.chunks;
    const std::int64_t stuck = has_got_on || crashes == 0 ? 0 : log.stuck + crashes - log.crashes;
    VEDETTE_CHECK(session.execute(
        "UPDATE detection_log SET crashes = $2, chunks = $3, stuck = $4 WHERE id = $1",
        {log.id, crashes, next, stuck}));
    return Begun{stuck, next > 0};
  });
}

Result<DetectionStore> DetectionStore::open(db::Database& database, const work::JobFence& fence,
                                            std::string_view camera_id, std::string_view mark) {
  return database.write([&](db::Session& session) -> Result<DetectionStore> {
    VEDETTE_CHECK(fence.check(session));
    VEDETTE_TRY(found, attempts_of(session, camera_id));
    // Their chunks are the retention's: it deletes what belongs to no log.
    VEDETTE_CHECK(session.execute("DELETE FROM detection_log WHERE camera_id = $1 AND mark <> $2",
                                  {camera_id, mark}));
    DetectionStore store;
    VEDETTE_TRY(id, put_log(session, camera_id, mark, found.value_or(Attempts{})));
    store.id_ = id;
    VEDETTE_TRY(next, next_number(session, store.id_));
    store.next_ = next;
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
