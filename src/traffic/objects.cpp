#include "traffic/objects.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <utility>

#include "base/digest.hpp"
#include "blob/key.hpp"
#include "blob/store.hpp"
#include "db/database.hpp"
#include "db/where.hpp"

namespace vedette::traffic {
namespace {

struct Place {
  ObjectKind kind;
  std::string_view name;  // in run_object; of a still none
  std::string_view folder;
  std::string_view ending;
  std::string_view type;
};
constexpr std::array kPlaces{
    Place{ObjectKind::kStill, "", "stills", "jpg", "image/jpeg"},
    Place{ObjectKind::kThumbnail, "thumbnail", "thumbnails", "jpg", "image/jpeg"},
    Place{ObjectKind::kCsv, "csv", "exports", "csv", "text/csv; charset=utf-8"},
    Place{ObjectKind::kJson, "json", "exports", "json", "application/json"}};
constexpr std::array kFolders{"stills", "thumbnails", "exports"};

const Place& place_of(ObjectKind kind) {
  return *std::ranges::find(kPlaces, kind, &Place::kind);
}

// Rows that name objects: table and column.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kNames{
    {{"camera_run", "still"}, {"run_object", "object"}, {"count_picture", "object"}}};

constexpr std::size_t kMostPicture = 16U << 20U;
// Keys asked about in one statement.
constexpr std::size_t kAskedAtOnce = 500;

Result<std::set<std::string>> named(db::Database& database, const std::vector<std::string>& keys) {
  return database.read([&](db::Session& session) -> Result<std::set<std::string>> {
    std::set<std::string> found;
    for (const auto& [table, column] : kNames) {
      db::Where where;
      where.any_of(column, keys);
      VEDETTE_TRY(rows, session.query("SELECT " + std::string(column) + " FROM " +
                                          std::string(table) + where.text(),
                                      where.values()));
      for (const db::Row row : rows) found.insert(row.get<std::string>(0));
    }
    return found;
  });
}

}  // namespace

std::string_view content_type(ObjectKind kind) {
  return place_of(kind).type;
}

Result<std::string> put_object(blob::Store& blobs, ObjectKind kind, std::string bytes,
                               const std::stop_token& stop) {
  const Place& place = place_of(kind);
  std::string key = blob::content_key(place.folder, sha256(bytes), place.ending);
  VEDETTE_CHECK(blobs.put(key, blob::from_text(std::move(bytes)),
                          {.content_type = std::string(place.type), .stop = stop}));
  return key;
}

Result<std::optional<std::string>> read_picture(blob::Store& blobs, std::string_view key) {
  auto jpeg = blob::read_all(blobs, key, kMostPicture);
  if (jpeg) return std::move(*jpeg);
  if (jpeg.error().code == ErrorCode::kNotFound) return std::nullopt;
  return fail(std::move(jpeg.error()));
}

Result<void> name_objects(db::Session& session, std::int64_t run,
                          std::span<const ResultObject> objects) {
  db::BulkInsert rows("run_object", {"run_id", "kind", "number", "media_us", "object"});
  std::int64_t number = 0;
  for (const ResultObject& object : objects) {
    rows.add(run, place_of(object.kind).name, number++, object.media_time.count(), object.key);
  }
  VEDETTE_CHECK(session.insert(rows));
  return {};
}

Result<void> forget_objects(db::Session& session, std::int64_t run) {
  VEDETTE_CHECK(session.execute("DELETE FROM run_object WHERE run_id = $1", {run}));
  return {};
}

Result<ResultObjects> result_objects(db::Session& session, std::string_view camera_id,
                                     ObjectKind kind) {
  VEDETTE_TRY(rows, session.query("SELECT r.base_time, o.media_us, o.object FROM run_object o "
                                  "JOIN camera_run r ON r.id = o.run_id WHERE o.kind = $2 AND "
                                  "r.id = (SELECT max(id) FROM camera_run WHERE camera_id = $1 "
                                  "AND finished_at IS NOT NULL) ORDER BY o.number",
                                  {camera_id, place_of(kind).name}));
  ResultObjects found;
  for (const db::Row row : rows) {
    found.base_time = row.get<Instant>(0);
    found.objects.push_back({kind, Micros{row.get<std::int64_t>(1)}, row.get<std::string>(2)});
  }
  return found;
}

Result<std::optional<std::string>> result_document(db::Session& session, std::string_view camera_id,
                                                   ObjectKind kind) {
  VEDETTE_TRY(found, result_objects(session, camera_id, kind));
  if (found.objects.empty()) return std::nullopt;
  return std::move(found.objects.front().key);
}

Result<std::int64_t> sweep_objects(db::Database& database, blob::Store& blobs, Micros age,
                                   Instant now, const std::stop_token& stop) {
  std::int64_t removed = 0;
  std::vector<std::string> old;
  const auto remove_unnamed = [&]() -> Result<void> {
    if (old.empty()) return {};
    VEDETTE_TRY(kept, named(database, old));
    for (const std::string& key : old) {
      if (kept.contains(key)) continue;
      VEDETTE_CHECK(blobs.remove(key, stop));
      ++removed;
    }
    old.clear();
    return {};
  };
  for (const char* folder : kFolders) {
    VEDETTE_CHECK(blob::for_each(blobs, std::string(folder) + "/", stop,
                                 [&](const blob::ObjectInfo& object) -> Result<void> {
                                   if (object.modified > now - age) return {};
                                   old.push_back(object.key);
                                   return old.size() < kAskedAtOnce ? Result<void>()
                                                                    : remove_unnamed();
                                 }));
  }
  VEDETTE_CHECK(remove_unnamed());
  return removed;
}

}  // namespace vedette::traffic
