#include "imagery/object_sweep.hpp"

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>
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
// Originals that nobody names, of uploads whose client or process died; more of them than of others
// is no accident of that kind.
constexpr std::int64_t kMostLost = 100;

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

/// Those of a page that are old, and which of them rows name.
struct OldObjects {
  std::vector<std::string> keys;
  std::set<std::string> named;
};
using OnPage = std::function<Result<void>(const OldObjects&)>;

Result<void> each_page(db::Database& database, blob::Store& blobs, const Folder& folder,
                       Instant oldest, const std::stop_token& stop, const OnPage& visit) {
  blob::ListOptions page{.after = {}, .most = kPage, .stop = stop};
  for (;;) {
    VEDETTE_TRY(listed, blobs.list(folder.prefix, page));
    OldObjects old;
    for (const blob::ObjectInfo& object : listed.objects) {
      if (object.modified <= oldest) old.keys.push_back(object.key);
    }
    if (!old.keys.empty()) {
      VEDETTE_TRY(kept, named(database, folder.table, old.keys));
      old.named = std::move(kept);
      VEDETTE_CHECK(visit(old));
    }
    if (!listed.next) return {};
    page.after = *listed.next;
  }
}

Result<std::int64_t> sweep_folder(db::Database& database, blob::Store& blobs, const Folder& folder,
                                  Instant oldest, const std::stop_token& stop) {
  std::int64_t removed = 0;
  VEDETTE_CHECK(
      each_page(database, blobs, folder, oldest, stop, [&](const OldObjects& old) -> Result<void> {
        for (const std::string& key : old.keys) {
          if (old.named.contains(key)) continue;
          VEDETTE_CHECK(blobs.remove(key, stop));
          ++removed;
        }
        return {};
      }));
  return removed;
}

/// Whether this database ever had an image that is none of the demo's.
Result<bool> has_own_images(db::Session& session) {
  VEDETTE_TRY(rows, session.query("SELECT (SELECT count(*) FROM images WHERE NOT is_sample AND "
                                  "blob_key IS NOT NULL) + (SELECT count(*) FROM image_removed)"));
  return rows.scalar<std::int64_t>() > 0;
}

Result<void> check_originals(db::Database& database, blob::Store& blobs, Instant oldest,
                             const std::stop_token& stop) {
  std::int64_t all = 0;
  std::int64_t known = 0;
  VEDETTE_CHECK(each_page(database, blobs, kFolders[0], oldest, stop,
                          [&](const OldObjects& old) -> Result<void> {
                            all += std::ssize(old.keys);
                            known += std::ssize(old.named);
                            return {};
                          }));
  const std::int64_t lost = all - known;
  if (lost == 0) return {};
  VEDETTE_TRY(is_in_use, database.read(has_own_images));
  if (is_in_use && (lost <= kMostLost || lost <= known)) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("{} holds {} original images that this database does not know, and {} "
                          "that it does: they may belong to another database. Nothing is removed.",
                          blobs.place(), lost, known));
}

}  // namespace

Result<std::int64_t> sweep_objects(db::Database& database, blob::Store& blobs, Micros age,
                                   Instant now, const std::stop_token& stop) {
  VEDETTE_CHECK(check_originals(database, blobs, now - age, stop));
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
      const auto swept =
          sweep_objects(database, blobs, times.age, clock.now(), context.stop_token());
      const bool is_foreign = !swept && swept.error().code == ErrorCode::kConflict;
      if (!swept && !is_foreign) return fail(swept.error());
      if (swept && *swept > 0) {
        log::info("imagery", "removed {} objects that no image names", *swept);
      }
      VEDETTE_CHECK(database.write([&](db::Session& session) -> Result<void> {
        VEDETTE_CHECK(context.fence().check(session));
        VEDETTE_CHECK(prune_removed(session, clock.now() - kRemovedKept));
        return {};
      }));
      if (is_foreign) {
        context.failure(swept.error());
        context.report(work::Health::kBad, "nothing is removed", swept.error().message,
                       "Check database.url and the folder or bucket of objects: each database has "
                       "one of its own. If these are right, remove what is left by hand.");
      } else {
        context.success(
            std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - start));
      }
    } while (context.wait(times.every));
    return {};
  };
  return spec;
}

}  // namespace vedette::imagery
