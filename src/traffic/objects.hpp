// What a counted recording leaves behind as objects: its last picture, small ones from all over it,
// and its result as documents. Each is stored first, under a key made of its content, named by a
// row second (camera_run.still, run_object, count_picture), and swept when no row names it any
// more. Used by the job that counts, the API's handlers and the keeper; blocks. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace vedette::blob {
class Store;
}
namespace vedette::db {
class Database;
class Session;
}  // namespace vedette::db

namespace vedette::traffic {

enum class ObjectKind { kStill, kThumbnail, kCsv, kJson };

/// "image/jpeg", "text/csv; charset=utf-8" or "application/json".
std::string_view content_type(ObjectKind kind);

/// Stores it under a key made of its content, which it returns: "stills/9f/9f86d0....jpg".
Result<std::string> put_object(blob::Store& blobs, ObjectKind kind, std::string bytes,
                               const std::stop_token& stop);

/// The JPEG; nothing when the object is not there (another machine's folder, deleted by hand).
Result<std::optional<std::string>> read_picture(blob::Store& blobs, std::string_view key);

/// What a result names beside its still.
struct ResultObject {
  ObjectKind kind = ObjectKind::kThumbnail;
  Micros media_time{0};  // of a thumbnail
  std::string key;
};

/// In the transaction that puts the result of this run in. A still is none of them.
Result<void> name_objects(db::Session& session, std::int64_t run,
                          std::span<const ResultObject> objects);

/// Takes the names of the run away, with the run.
Result<void> forget_objects(db::Session& session, std::int64_t run);

/// Of the present result, and the time of its first frame.
struct ResultObjects {
  Instant base_time{};
  std::vector<ResultObject> objects;  // thumbnails in the order of their time
};
Result<ResultObjects> result_objects(db::Session& session, std::string_view camera_id,
                                     ObjectKind kind);

/// The same, of a document: its key, or nothing when there is none.
Result<std::optional<std::string>> result_document(db::Session& session, std::string_view camera_id,
                                                   ObjectKind kind);

/// Removes objects that no row names, of those stored longer than `age` ago: a younger one may be
/// waiting for its row. How many.
Result<std::int64_t> sweep_objects(db::Database& database, blob::Store& blobs, Micros age,
                                   Instant now, const std::stop_token& stop = {});

}  // namespace vedette::traffic
