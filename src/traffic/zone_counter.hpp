// Who is in which zone: how many road users stand in a polygon now, and how many have been in it.
// One per camera, one thread, after each Tracker::update; allocates nothing then.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.hpp"
#include "traffic/road_user.hpp"
#include "traffic/scene.hpp"

namespace vedette::traffic {

struct ZoneState {
  /// Confirmed tracks whose foot is in the zone in this frame.
  int inside = 0;
  int most_inside = 0;
  /// Different confirmed tracks that were inside for at least ZoneCounterOptions::stay_s.
  std::int64_t entered = 0;
};

struct ZoneCounterOptions {
  /// Shorter visits are flicker at the edge.
  double stay_s = 0.2;
  int max_tracks = 256;
};

class ZoneCounter {
 public:
  ZoneCounter(std::vector<Zone> zones, const ZoneCounterOptions& options = {});

  /// `is_wanted[type]` says which types count; tracks of others are left out.
  void update(Micros time, std::span<const Track> tracks, std::span<const char> is_wanted);

  /// The picture has another size: zones lie where they lay in it. Totals stay.
  void scale(float x, float y);

  /// Forgets who is where, as at the start of a new period; totals stay.
  void reset();

  std::span<const Zone> zones() const { return zones_; }
  /// By zone.
  std::span<const ZoneState> states() const { return states_; }

 private:
  struct Visit {
    std::int64_t track = 0;
    Micros since{0};
    bool is_inside = false;
    bool is_counted = false;
  };

  std::vector<Zone> zones_;
  ZoneCounterOptions options_;
  std::vector<ZoneState> states_;
  std::vector<Visit> visits_;  // by slot and zone
};

}  // namespace vedette::traffic
