// Counts road users over lines by the written rule: the middle of the box's lower edge travels, and
// the segment it travelled must meet the segment of the line; it must have been clearly on one side
// and then clearly on the other, and have left its place (a parked car's jitter is none of this);
// only confirmed tracks, each once per line, in the direction of its first crossing (a U-turn is
// one crossing); parts of one vehicle are one. Where frames are few, a road user that is first seen
// beyond the line has crossed it if it came, at its speed, from the other side since the frame
// before. One per camera, one thread, after each Tracker::update; allocates nothing then.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "traffic/road_user.hpp"
#include "traffic/scene.hpp"

namespace vedette::traffic {

enum class Direction {
  kAToB,  ///< from the left of the line to its right, looking from its first to its second point
  kBToA,
};

/// "a_to_b" or "b_to_a".
std::string_view name(Direction direction);

struct Crossing {
  int line = 0;  ///< index of the line
  std::int64_t track = 0;
  int type = 0;  ///< of the tracker's TypeTable, as voted when the crossing was sure
  Direction direction = Direction::kAToB;
  /// The frame in which the track was first seen clearly beyond the line, and that frame's media
  /// time. A track confirmed only later is reported later, with these.
  Micros time{0};
  std::int64_t frame = 0;
  /// Where the travelled segment met the line.
  Point at;
};

struct LineCounterOptions {
  /// Clearly on one side: further from the line than this part of the road user's size, and than
  /// this many pixels.
  float band = 0.1F;
  float band_px = 2.0F;
  /// A part of a vehicle does not count within this time of the vehicle itself.
  double part_s = 2.0;
  /// The path of a new road user is led back to the frame before when that is longer ago than this.
  double led_back_s = 0.15;
  int max_tracks = 256;
};

class LineCounter {
 public:
  LineCounter(std::vector<CountingLine> lines, const LineCounterOptions& options = {});

  /// Follows all tracks to this frame. New crossings are appended to `into` by line and track; a
  /// caller that reserves enough (at most tracks times lines a frame) sees no allocation.
  void update(std::int64_t frame, Micros time, std::span<const Track> tracks,
              std::vector<Crossing>& into);

  /// Forgets where tracks were, as at the start of a new period.
  void reset();

  std::span<const CountingLine> lines() const { return lines_; }

 private:
  /// Where a track was last seen.
  struct Last {
    std::int64_t track = 0;
    Point foot;
    /// Where it was first seen, and how long no frame had been looked at before.
    Point first;
    Micros unseen_before{0};
    bool is_led_back = false;
  };
  /// One track and one line.
  struct Passage {
    int clear_side = 0;  ///< -1 left, 1 right, 0 not known yet
    /// Where and when it was first seen clearly on a side.
    Point clear_foot;
    Micros clear_time{0};
    std::int64_t clear_frame = 0;
    bool is_done = false;     ///< counted, or found to be part of one that was
    bool is_pending = false;  ///< `crossing` happened and is not sure yet
    Crossing crossing;
  };
  struct Recent {
    Crossing crossing;
    std::int64_t elder = 0;
  };

  void follow(const Track& track, const Last& last, std::int64_t frame, Micros time);
  void lead_back(const Track& track, const Last& last);
  bool is_part_of_counted(const Track& track, const Crossing& crossing) const;
  Passage& passage(int slot, std::size_t line) {
    return passages_[static_cast<std::size_t>(slot) * lines_.size() + line];
  }

  std::vector<CountingLine> lines_;
  LineCounterOptions options_;
  std::vector<Last> last_;         // by slot
  std::vector<Passage> passages_;  // by slot and line
  std::vector<Recent> recent_;     // a ring of the last crossings
  std::size_t next_recent_ = 0;
  std::optional<Micros> last_time_;  // of the frame before
};

}  // namespace vedette::traffic
