// For tests: a road drawn in numbers. Rectangles that move at known speeds, seen by a detector that
// can miss, jitter and rename as the test says.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "media/detection.hpp"
#include "traffic/line_counter.hpp"
#include "traffic/tracker.hpp"

namespace vedette::traffic::testing {

inline constexpr int kCar = 2;
inline constexpr int kTruck = 5;

/// Types in this order: person, bicycle, car, motorcycle, bus, truck.
inline TypeTable road_types() {
  std::vector<media::Label> labels;
  for (const char* type : {"person", "bicycle", "car", "motorcycle", "bus", "truck"}) {
    labels.push_back({type, type});
  }
  return TypeTable(labels);
}

/// A box of this size whose foot is at the point.
inline media::Detection box_at(Point foot, float width, float height, float score = 0.8F,
                               int type = kCar) {
  return {foot.x - width / 2, foot.y - height, foot.x + width / 2, foot.y, score, type};
}

/// Tracker and line counter, fed frame by frame.
class Watched {
 public:
  explicit Watched(std::vector<CountingLine> lines, const TrackerOptions& options = {})
      : tracker(options, road_types()), counter(std::move(lines)) {}

  void frame(double seconds, const std::vector<media::Detection>& boxes) {
    const Micros time{static_cast<std::int64_t>(seconds * 1e6)};
    tracker.update(time, boxes);
    counter.update(frames++, time, tracker.tracks(), crossings);
  }

  int count(Direction direction) const {
    return static_cast<int>(std::ranges::count(crossings, direction, &Crossing::direction));
  }

  Tracker tracker;
  LineCounter counter;
  std::vector<Crossing> crossings;
  std::int64_t frames = 0;
};

}  // namespace vedette::traffic::testing
