// Puts what one live camera saw into the database: samples of who is in view, crossings, the time
// watched, and how far it got, all in one fenced transaction. Used by a camera's loop, about once a
// second, from one thread; blocks on the database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "work/lease.hpp"

namespace vedette::db {
class Database;
}

namespace vedette::traffic {

/// The channel on which a camera's id is sent after each of its transactions.
inline constexpr std::string_view kTrafficChannel = "traffic";

/// Track ids of a run start here, so that they are unique over all runs: run * kTracksPerRun +
/// track. A tracker draws one for every box that might become a track, at most some a second for
/// years. Fits JavaScript's numbers for nine million runs.
inline constexpr std::int64_t kTracksPerRun = 1'000'000'000;
/// As it was in Vedette 0.1.
inline constexpr std::int64_t kTracksPerRun01 = 1'000'000;

/// One road user in view at one whole second.
struct Sample {
  std::int64_t track = 0;  // of the run, from 1
  std::string type;
  double x = 0;  // bottom centre of the box, pixels
  double y = 0;
  Instant at{};
  Instant first_seen{};
  bool is_moving = false;
};

struct CrossingRow {
  std::int64_t track = 0;  // of the run, from 1
  std::string line_id;
  std::string direction;  // "a_to_b" or "b_to_a"
  std::string type;
  Instant at{};
  double x = 0;
  double y = 0;
  std::int64_t frame = 0;
};

/// What goes into quality_log with what was seen: something that happened at this moment, or a
/// state that begins or ends.
struct QualityNote {
  enum class Kind { kMoment, kBegin, kEnd };
  Kind kind = Kind::kMoment;
  std::string issue;
  std::string cause;
};

/// What happened since the last batch. Reused: clear() keeps the memory.
struct Batch {
  std::vector<Sample> samples;
  std::vector<CrossingRow> crossings;
  /// Times watched, in order; the first one may go on where the last batch ended.
  std::vector<std::pair<Instant, Instant>> watched;
  std::int64_t frames = 0;  // of the run so far
  Micros media_time{0};     // of the run so far
  std::vector<QualityNote> notes;
  std::optional<Instant> sampled_at;
  std::string status_json;
  Micros took{0};  // by the model for a frame, lately

  void clear();
};

/// Records one stretch of watching one live camera: a run, new at each start.
class Recorder {
 public:
  /// Begins a run. Notes a change of detector in quality_log.
  static Result<Recorder> begin(db::Database& database, work::Fence fence, std::string camera_id,
                                std::int64_t revision, std::string detector);

  /// Stores a batch; all of it or nothing. The first that watched something ends what quality_log
  /// says is missing. Crossings that are stored already are left out, so that a batch whose commit
  /// got no answer can be written again. kFenced: somebody else holds the camera now. An error
  /// leaves the recorder as it was: the same batch may be tried again.
  Result<void> write(const Batch& batch);

 private:
  Recorder(db::Database& database, work::Fence fence, std::string camera_id, std::int64_t run)
      : database_(&database),
        fence_(std::move(fence)),
        camera_id_(std::move(camera_id)),
        run_(run) {}

  db::Database* database_;
  work::Fence fence_;
  std::string camera_id_;
  std::int64_t run_;
  // The span that the next batch may extend.
  std::int64_t span_id_ = 0;
  Instant span_end_{};
  bool has_ended_outages_ = false;
};

}  // namespace vedette::traffic
