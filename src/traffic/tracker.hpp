// From boxes a frame to road users over time: which box of this frame is which one of the last.
// ByteTrack's idea (sure boxes first, then unsure ones only to keep known tracks alive) over a
// constant velocity Kalman filter, with every parameter in seconds, so that 5 and 60 frames a
// second and uneven frames give the same tracks: a gap between two frames is not an absence, so no
// track ends before it was looked for. One per camera, one thread; deterministic; update()
// allocates nothing.
//
// Y. Zhang et al., ByteTrack: Multi-Object Tracking by Associating Every Detection Box, ECCV 2022.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/time.hpp"
#include "media/detection.hpp"
#include "traffic/road_user.hpp"
#include "traffic/tracker_assignment.hpp"

namespace vedette::traffic {

struct TrackerOptions {
  /// Sure boxes: they are matched first, and only they start tracks.
  float high_score = 0.25F;
  /// Boxes below are not looked at.
  float low_score = 0.1F;
  /// A track is confirmed when it was seen for this long, in at least this many frames, on its own
  /// (not as a part of another).
  double confirm_s = 0.2;
  int confirm_observations = 3;
  /// A confirmed track that is not seen is remembered for this long, and until it was looked for in
  /// vain in this many frames; an unconfirmed one for less.
  double lost_s = 1.0;
  int lost_misses = 2;
  double tentative_lost_s = 0.2;
  int tentative_lost_misses = 1;
  /// Whoever was not seen for longer is forgotten, looked for or not.
  double forgotten_s = 1.4;
  /// Not seen for longer: unsure boxes no longer bring it back.
  double unsure_lost_s = 0.4;
  /// Smallest overlap (IoU of the boxes, widened by how unsure the prediction is) of a match.
  float match_iou = 0.25F;
  /// The most by which a box is widened, in its own widths and heights: how far a new track, whose
  /// speed is not known, may move from one frame to the next.
  float most_widened = 1.2F;
  /// A travelling road user that was looked for in vain in this many frames is hidden by something.
  /// A sure box that nothing else explains is that one again when it is where perspective puts it:
  /// off by at most this part of its way, and of its size; and at most so many times as large.
  int hidden_misses = 2;
  float hidden_way = 0.6F;
  float hidden_size = 0.5F;
  float hidden_growth = 3.5F;
  /// A box that shares more than this part of the smaller area with an older track is a part of it,
  /// until both were seen apart for a while.
  float part_share = 0.6F;
  double told_apart_s = 1.0;
  /// A track that leaves its place by more than this part of its size travels; one that does not
  /// for this long is parked.
  float parked_travel = 0.4F;
  double parked_after_s = 2.0;
  /// Bounds: the best boxes of a frame are kept; no track is started beyond.
  int max_detections = 256;
  int max_tracks = 256;
};

class Tracker {
 public:
  Tracker(const TrackerOptions& options, TypeTable types);

  /// Takes in the boxes of one frame, in any order. `time` is media time and later than the last
  /// one. Boxes of classes without a type are left out.
  void update(Micros time, std::span<const media::Detection> detections);

  /// Takes note of a frame that shows what the last one showed: all stay where they are.
  void stand_still(Micros time);

  /// Ends all tracks, as at the start of a new period; ids go on, and time may begin again.
  void reset();

  /// All tracks alive after the last update, oldest first: confirmed or not, seen or not. Valid
  /// until the next call.
  std::span<const Track> tracks() const { return tracks_; }

  /// Tracks that ended in the last update, and in a reset before it.
  std::span<const Track> ended() const { return ended_; }

  const TypeTable& types() const { return types_; }

 private:
  /// Place and speed of one of the four measures (foot x, foot y, width, height) with their
  /// covariance.
  struct Filter {
    float value = 0;
    float speed = 0;
    float value_var = 0;
    float cov = 0;
    float speed_var = 0;
  };
  struct State {
    std::array<Filter, 4> filter;
    std::array<float, TypeTable::kMost> votes{};
    Point rest;
    Micros rest_since{0};
    /// The box as foreseen, before this frame's observation.
    Box foreseen;
    /// As it was when it was last seen.
    Box last_box;
    /// Looked for in vain in this many frames since then.
    int misses = 0;
    /// Seen in this many frames, since then, apart from any elder.
    int own_observations = 0;
    Micros own_since{0};
  };
  enum class Stage { kSure, kUnsure, kNew, kHidden };

  void predict(State& state, float dt) const;
  void correct(State& state, const Box& box) const;
  void publish(Track& track, const State& state) const;
  void take_in(std::span<const media::Detection> detections);
  void match(Stage stage, Micros time);
  bool takes_part(const Track& track, Stage stage, Micros time) const;
  float similarity(const Track& track, const State& state, const media::Detection& box) const;
  float likeness_after_hiding(const Track& track, const State& state, const media::Detection& box,
                              Micros time) const;
  void observe(std::size_t track, std::size_t detection, Micros time);
  void start(const media::Detection& detection, Micros time);
  void settle(Track& track, State& state, Micros time);
  void confirm(Track& track, std::span<const Track> older);
  bool covers(const Track& elder, const Track& younger) const;
  void end_lost(Micros time);
  State& state_of(const Track& track) { return states_[static_cast<std::size_t>(track.slot)]; }
  const State& state_of(const Track& track) const {
    return states_[static_cast<std::size_t>(track.slot)];
  }

  TrackerOptions options_;
  TypeTable types_;
  std::int64_t next_id_ = 1;
  Micros last_time_{0};
  bool has_time_ = false;
  bool is_reset_ = false;

  std::vector<Track> tracks_;
  std::vector<Track> ended_;
  std::vector<State> states_;    // by slot
  std::vector<int> free_slots_;  // a stack
  // Of the frame being worked on.
  std::vector<media::Detection> boxes_;
  std::vector<char> box_taken_;
  std::vector<std::size_t> rows_;
  std::vector<std::size_t> columns_;
  Assignment assignment_;
};

}  // namespace vedette::traffic
