// What a camera's frames say, as rows to be stored: who is in view at each whole second, who
// crossed a line, which time was watched; and the marks for its live picture. Used by the loop of a
// live camera and by the job that counts a recorded file; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "media/detector.hpp"
#include "media/frame_source.hpp"
#include "traffic/camera.hpp"
#include "traffic/camera_status.hpp"
#include "traffic/live_view.hpp"
#include "traffic/recorder.hpp"
#include "traffic/watch_pipeline.hpp"

namespace vedette::traffic {

class Sightings {
 public:
  /// `size`: of the pictures seen before, so that a change is noted; 0: none.
  explicit Sightings(PictureSize size) : size_(size) {}

  /// Tracks, times and lines begin anew.
  void begin_run();

  /// The lines that the pipeline counts by from the next frame on, in its order.
  void set_lines(std::vector<Line> lines) { lines_ = std::move(lines); }

  /// Adds what the frame says to the batch, without its status. Times never go back: returns the
  /// frame's own, `at` or the one before.
  Instant take(const WatchedFrame& watched, const WatchPipeline& pipeline, Instant at,
               Batch& batch);

  /// No frame follows.
  void end(Batch& batch);

  /// What is to be marked in this frame's picture. Valid until the next call.
  const Marks& marks(const WatchedFrame& watched, const WatchPipeline& pipeline, Instant at);

  /// Puts the figures of now into the batch; about once a second.
  void say_figures(const media::FrameSource& source, const media::Session& session,
                   const WatchPipeline& pipeline, Batch& batch);

  /// Why the frames are too few to count by, while they are. `given`: pictures a second that the
  /// source gives, 0 for a file, which is looked at whole. Notes when that begins and ends.
  std::optional<TooSlow> judge_rate(const WatchPipeline& pipeline, double given, Batch& batch);

  const CameraFigures& figures() const { return figures_; }

 private:
  bool is_in_view(const Track& track, const WatchedFrame& watched,
                  const WatchPipeline& pipeline) const;
  void note_size(const media::Frame& frame, Batch& batch);
  void count_in_view(const WatchedFrame& watched, const WatchPipeline& pipeline, Instant at);
  void add_watched(Batch& batch, Instant from, Instant at, const WatchedRate& rate);
  void end_slow_stretch(Batch& batch);
  void add_samples(Batch& batch, const WatchedFrame& watched, const WatchPipeline& pipeline,
                   Instant at) const;
  void add_crossings(Batch& batch, const WatchedFrame& watched, const WatchPipeline& pipeline,
                     Instant at) const;

  PictureSize size_;
  std::vector<Line> lines_;
  Marks marks_;
  CameraFigures figures_;
  std::map<std::int64_t, Instant> first_seen_;  // by track
  std::optional<Instant> last_at_;
  bool is_too_slow_ = false;
  std::optional<Instant> slow_from_;
  Micros slow_watched_{0};
  std::chrono::steady_clock::time_point said_at_ = std::chrono::steady_clock::now();
  std::int64_t inferred_before_ = 0;
};

}  // namespace vedette::traffic
