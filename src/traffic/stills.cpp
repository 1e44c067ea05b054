#include "traffic/stills.hpp"

#include <set>
#include <vector>

#include "base/digest.hpp"
#include "blob/key.hpp"
#include "blob/store.hpp"
#include "db/database.hpp"
#include "db/where.hpp"

namespace vedette::traffic {
namespace {

constexpr std::string_view kFolder = "stills";
constexpr std::size_t kMostStill = 16U << 20U;
// Keys asked about in one statement.
constexpr std::size_t kAskedAtOnce = 500;

Result<std::set<std::string>> named(db::Database& database, const std::vector<std::string>& keys) {
  return database.read([&](db::Session& session) -> Result<std::set<std::string>> {
    db::Where where;
    where.any_of("still", keys);
    VEDETTE_TRY(rows, session.query("SELECT still FROM camera_run" + where.text(), where.values()));
    std::set<std::string> found;
    for (const db::Row row : rows) found.insert(row.get<std::string>(0));
    return found;
  });
}

}  // namespace

Result<std::string> put_still(blob::Store& blobs, std::string jpeg, const std::stop_token& stop) {
  std::string key = blob::content_key(kFolder, sha256(jpeg), "jpg");
  VEDETTE_CHECK(blobs.put(key, blob::from_text(std::move(jpeg)),
                          {.content_type = "image/jpeg", .stop = stop}));
  return key;
}

Result<std::optional<std::string>> read_still(blob::Store& blobs, std::string_view key) {
  auto jpeg = blob::read_all(blobs, key, kMostStill);
  if (jpeg) return std::move(*jpeg);
  if (jpeg.error().code == ErrorCode::kNotFound) return std::nullopt;
  return fail(std::move(jpeg.error()));
}

Result<std::int64_t> sweep_stills(db::Database& database, blob::Store& blobs, Micros age,
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
  VEDETTE_CHECK(blob::for_each(
      blobs, std::string(kFolder) + "/", stop, [&](const blob::ObjectInfo& object) -> Result<void> {
        if (object.modified > now - age) return {};
        old.push_back(object.key);
        return old.size() < kAskedAtOnce ? Result<void>() : remove_unnamed();
      }));
  VEDETTE_CHECK(remove_unnamed());
  return removed;
}

}  // namespace vedette::traffic
