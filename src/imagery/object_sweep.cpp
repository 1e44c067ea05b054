#include "imagery/object_sweep.hpp"

#include <fmt/format.h>

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "blob/store.hpp"
#include "db/database.hpp"
#include "db/where.hpp"
#include "imagery/image_changes.hpp"
#include "imagery/upload_store.hpp"

namespace vedette::imagery {
namespace {

// Keys asked about in one statement.
constexpr int kPage = 500;
// Event streams look every second; a day is plenty.
constexpr Micros kRemovedKept = std::chrono::hours(24);
// An upload in parts that nobody goes on with.
constexpr Micros kUploadKept = std::chrono::days(7);

struct Folder {
  std::string_view prefix;
  std::string_view table;
};
constexpr Folder kFolders[] = {{"fields/images/", "images"},
                               {"fields/products/", "image_product"},
                               {"fields/uploads/", "image_upload_part"}};

Result<std::set<std::string>> named(db::Database& database, std::string_view table,
                                    const std::vector<std::string>& keys) {
  return database.read([&](db::Session& session) -> Result<std::set<std::string>> {
    db::Where where;
    where.any_of("blob_key", keys);
    VEDETTE_TRY(rows, session.query(fmt::format("SELECT blob_key FROM {}{}", table, where.text()),
                                    where.values()));
    std::set<std::string> found;
    for (const db::Row row : rows) found.insert(row.get<std::string>(0));
    return found;
  });
}

Result<std::int64_t> sweep_folder(db::Database& database, blob::Store& blobs, const Folder& folder,
                                  Instant oldest, const std::stop_token& stop) {
  std::int64_t removed = 0;
  blob::ListOptions page{.after = {}, .most = kPage, .stop = stop};
  for (;;) {
    VEDETTE_TRY(listed, blobs.list(folder.prefix, page));
    std::vector<std::string> old;
    for (const blob::ObjectInfo& object : listed.objects) {
      if (object.modified <= oldest) old.push_back(object.key);
    }
    if (!old.empty()) {
      VEDETTE_TRY(kept, named(database, folder.table, old));
      for (const std::string& key : old) {
        if (kept.contains(key)) continue;
        VEDETTE_CHECK(blobs.remove(key, stop));
        ++removed;
      }
    }
    if (!listed.next) return removed;
    page.after = *listed.next;
  }
}

}  // namespace

Result<std::int64_t> sweep_objects(db::Database& database, blob::Store& blobs, Micros age,
                                   Instant now, const std::stop_token& stop) {
  std::int64_t removed = 0;
  for (const Folder& folder : kFolders) {
    VEDETTE_TRY(count, sweep_folder(database, blobs, folder, now - age, stop));
    removed += count;
  }
  return removed;
}

Result<std::int64_t> sweep_uploads(db::Database& database, blob::Store& blobs, Instant before,
                                   const std::stop_token& stop) {
  VEDETTE_TRY(stale, database.read([&](db::Session& s) { return stale_uploads(s, before); }));
  for (const std::string& id : stale) {
    VEDETTE_TRY(
        keys, database.write([&](db::Session& s) { return remove_upload(s, id); }, {.stop = stop}));
    for (const std::string& key : keys) VEDETTE_CHECK(blobs.remove(key, stop));
  }
  return static_cast<std::int64_t>(stale.size());
}

work::LoopSpec image_sweep_loop(db::Database& database, blob::Store& blobs, SweepTimes times,
                                const Clock& clock) {
  work::LoopSpec spec;
  spec.name = "image-sweep";
  spec.title = "Sweep of images";
  spec.role = work::Role::kKeep;
  spec.lease = spec.name;
  spec.body = [&database, &blobs, times, &clock](work::LoopContext& context) -> Result<void> {
    do {
      context.running();
      const auto start = std::chrono::steady_clock::now();
      VEDETTE_CHECK(
          sweep_uploads(database, blobs, clock.now() - kUploadKept, context.stop_token()));
      VEDETTE_TRY(swept,
                  sweep_objects(database, blobs, times.age, clock.now(), context.stop_token()));
      if (swept > 0) log::info("imagery", "removed {} objects that no image names", swept);
      VEDETTE_CHECK(database.write([&](db::Session& session) -> Result<void> {
        VEDETTE_CHECK(context.fence().check(session));
        VEDETTE_CHECK(prune_removed(session, clock.now() - kRemovedKept));
        return {};
      }));
      context.success(std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - start));
    } while (context.wait(times.every));
    return {};
  };
  return spec;
}

}  // namespace vedette::imagery
