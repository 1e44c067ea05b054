// The work of one live camera: take pictures in, detect, track, count, remember, show. The body of
// a supervised loop, one thread, with a second one that writes to the database once a second so
// that a slow database never costs a frame. (Recordings: traffic/count_job.hpp.)
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "media/frame_source.hpp"
#include "traffic/camera.hpp"
#include "traffic/recorder.hpp"
#include "work/loop.hpp"

namespace vedette::blob {
class Store;
}
namespace vedette::db {
class Database;
}

namespace vedette::traffic {

class Detectors;
class LiveViews;

/// The counting lines of a camera, changed while it runs.
class LineBoard {
 public:
  explicit LineBoard(std::vector<Line> lines) : lines_(std::move(lines)) {}
  /// Rises with each change; compare before taking the lines.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  std::vector<Line> lines() const {
    const std::lock_guard lock(lines_mutex_);
    return lines_;
  }
  /// Returns whether anything changed.
  bool set(std::vector<Line> lines);

 private:
  mutable std::mutex lines_mutex_;
  std::vector<Line> lines_;
  std::atomic<std::uint64_t> version_{1};
};

struct CameraLoopOptions {
  Micros stall = std::chrono::seconds(10);
  Micros retry_max = std::chrono::seconds(60);
  int max_picture = 8192;
  // As media::SourceOptions has them.
  std::vector<std::string> file_folders;
  bool any_certificate = false;
  /// A run of a live camera ends when its tracks have numbers beyond this, and another begins: some
  /// room below kTracksPerRun, for those that are drawn in one frame.
  std::int64_t last_track_number = kTracksPerRun - 1'000'000;
};
/// The camera's source within these limits.
media::SourceOptions source_options(const Camera& camera, const CameraLoopOptions& limits);

/// What camera loops and jobs share; all of it outlives them.
struct CameraLoopParts {
  db::Database* database = nullptr;
  Detectors* detectors = nullptr;
  LiveViews* live = nullptr;
  const Clock* clock = nullptr;
  blob::Store* blobs = nullptr;
  CameraLoopOptions options;
};

/// "camera:" and the id: the name of the loop and of its lease.
std::string camera_loop_name(std::string_view camera_id);

/// The loop of this camera, ready for the supervisor.
work::LoopSpec camera_loop(Camera camera, std::shared_ptr<LineBoard> lines, CameraLoopParts parts);

}  // namespace vedette::traffic
