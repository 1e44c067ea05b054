// Where a count keeps what the detector said of a recording's frames, so that whoever goes on with
// it, and whoever counts the same file again, shows the model only frames that it has not seen. One
// log for each camera: another file or model begins it anew. Blocks on the database; one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "traffic/thumbnails.hpp"
#include "work/job.hpp"

namespace vedette::db {
class Database;
class Session;
}  // namespace vedette::db

namespace vedette::traffic {

class DetectionStore {
 public:
  struct Begun {
    /// Attempts in a row whose process died before anything new was kept: what is being read is
    /// what kills them, most likely.
    std::int64_t stuck = 0;
    bool has_kept = false;
  };

  /// Notes that an attempt begins, after so many crashes of earlier ones of the same job. Before
  /// anything of the file is touched: opening it may be what kills. kFenced.
  static Result<Begun> begin(db::Database& database, const work::JobFence& fence,
                             std::string_view camera_id, std::int64_t crashes);

  /// Opens the camera's log of this mark (what determines detections: the file, the model; any
  /// text), or begins one and drops the others. kFenced.
  static Result<DetectionStore> open(db::Database& database, const work::JobFence& fence,
                                     std::string_view camera_id, std::string_view mark);

  /// All that is kept, in order of keeping.
  Result<std::vector<std::string>> read(db::Database& database) const;

  /// Keeps one more, in the caller's transaction, behind its fence check; the log counts as used
  /// now. The number is used up by kept() alone, so that a transaction can be tried again.
  Result<void> add(db::Session& session, std::string_view bytes) const;
  void kept() { ++next_; }

  /// The small pictures that were taken on the way, all of them each time, so that whoever goes on
  /// need not decode for them what is known.
  Result<void> put_thumbnails(db::Session& session,
                              std::span<const StoredThumbnail> thumbnails) const;
  Result<std::vector<StoredThumbnail>> thumbnails(db::Database& database) const;

  /// Drops all that is kept, in the caller's transaction.
  Result<void> forget(db::Session& session) const;

 private:
  std::int64_t id_ = 0;
  std::int64_t next_ = 0;
};

}  // namespace vedette::traffic
