// One camera's measuring, frame by frame: source -> detector -> tracker -> lines and zones. Used by
// `vedette watch` and by each camera's loop; one thread calls it. With a session that holds several
// frames, decoding and tracking go on while the model works on later frames; the results come in
// order and are the same.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "media/detector.hpp"
#include "media/frame.hpp"
#include "media/frame_source.hpp"
#include "traffic/line_counter.hpp"
#include "traffic/scene.hpp"
#include "traffic/tracker.hpp"
#include "traffic/watch_gate.hpp"
#include "traffic/watched_rate.hpp"
#include "traffic/zone_counter.hpp"

namespace vedette::traffic {

struct WatchOptions {
  std::vector<CountingLine> lines;
  std::vector<Zone> zones;
  /// Types that are counted, out of the model's; empty: all. Others are tracked and not counted.
  std::vector<std::string> types;
  /// Leave out the model for frames that show what the last one showed, while no road user moves.
  /// Goes with is_sequential, since it needs to know what the last frame held.
  bool is_gated = false;
  /// One frame at a time, from the source to its result, whatever the session could hold.
  bool is_sequential = false;
  /// End before the first frame at or after this media time.
  std::optional<Micros> limit;
  TrackerOptions tracker;
  LineCounterOptions counter;
};

/// What one frame says. Spans are valid until the pipeline's next call.
struct WatchedFrame {
  media::Frame frame;
  /// All tracks alive; is_wanted(track.type) tells those that count.
  std::span<const Track> tracks;
  /// Tracks that ended before this frame.
  std::span<const Track> ended;
  /// Crossings by types that count, which became sure in this frame.
  std::span<const Crossing> crossings;
  /// The model was left out: nothing had changed.
  bool is_gated = false;
  /// The source began again (a looped file): the first frame of a new period.
  bool is_new_period = false;
  /// The pictures have another size than before: lines and zones were fitted to it, and tracks
  /// begin anew.
  bool is_new_size = false;
};

/// Where the time went, of the calling thread.
struct WatchTimes {
  double decode_s = 0;
  /// In the detector: preparing, the model (or waiting for it), reading its outputs.
  double detect_s = 0;
  double track_s = 0;
};

struct WatchTotals {
  std::int64_t frames = 0;
  std::int64_t inferred = 0;
  std::int64_t gated = 0;
  WatchTimes times;
};

class WatchPipeline {
 public:
  /// Borrows source and session, which must outlive it.
  WatchPipeline(WatchOptions options, media::FrameSource& source, media::Session& session);

  /// The next frame's result; nullopt at the source's end. An error of the source comes after the
  /// results of all frames before it; a file that is cut off can be asked again and then ends.
  /// Blocks for a frame and for the model; kCancelled soon after a stop is asked for.
  Result<std::optional<WatchedFrame>> next(const std::stop_token& stop);

  /// Whether next() failed by the detector and not by the source.
  bool has_detector_failed() const { return has_detector_failed_; }

  /// Other lines from the next frame on. Counting starts afresh: a vehicle that stands on a line at
  /// this moment is not counted over it. Where all lie where they lay in the present picture (their
  /// size has become known, directions have other words), it goes on.
  void set_lines(std::vector<CountingLine> lines);

  const TypeTable& types() const { return tracker_.types(); }
  bool is_wanted(int type) const { return wanted_[static_cast<std::size_t>(type)] != 0; }
  /// As they lie in the present picture.
  std::span<const CountingLine> lines() const { return counter_.lines(); }
  const ZoneCounter& zones() const { return zones_; }
  const WatchTotals& totals() const { return totals_; }
  /// How often the camera is looked at, by the times of its frames.
  const WatchedRate& rate() const { return rate_; }
  /// Confirmed tracks so far, by type.
  std::vector<std::int64_t> tracks_by_type() const;

 private:
  /// A frame between source and result.
  struct Waiting {
    media::Frame frame;
    bool is_gated = false;
  };

  Result<> take_in(const std::stop_token& stop);
  Result<WatchedFrame> give_out();
  Result<> of_detector(Result<> result);
  bool is_still(const media::Frame& frame);
  bool fit_to(const media::Frame& frame);
  void begin_anew();
  void track(const Waiting& waiting);
  void sort_crossings();
  bool should_take_in() const;

  WatchOptions options_;
  media::FrameSource& source_;
  media::Session& session_;
  Tracker tracker_;
  LineCounter counter_;
  ZoneCounter zones_;
  WatchGate gate_;
  std::vector<char> wanted_;  // by type

  std::deque<Waiting> waiting_;
  std::optional<Error> source_error_;
  bool source_has_ended_ = false;
  bool is_plain_file_ = false;
  bool has_detector_failed_ = false;
  int period_ = 0;
  int width_ = 0;  // of the pictures; 0: none yet
  int height_ = 0;
  std::vector<media::Detection> detections_;
  std::vector<Crossing> sure_;       // of this frame, all types
  std::vector<Crossing> undecided_;  // by tracks whose type does not count so far
  std::vector<Crossing> crossings_;
  std::vector<std::int64_t> ended_by_type_;
  WatchTotals totals_;
  WatchedRate rate_;
};

}  // namespace vedette::traffic
