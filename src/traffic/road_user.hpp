// What the measuring part of a camera knows about one road user: where it is, how it moves, what it
// is. Written by the tracker, read by line and zone counters, the live view and the camera loop.
// Values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "media/model_info.hpp"

namespace vedette::traffic {

/// Pixels of the full picture, x to the right, y down.
struct Point {
  float x = 0;
  float y = 0;

  bool operator==(const Point&) const = default;
};

struct Box {
  float x1 = 0;
  float y1 = 0;
  float x2 = 0;
  float y2 = 0;

  float width() const { return x2 - x1; }
  float height() const { return y2 - y1; }
  float area() const { return std::max(0.0F, width()) * std::max(0.0F, height()); }
  /// Where the road user stands: the middle of the lower edge.
  Point foot() const { return {(x1 + x2) / 2, y2}; }
};

/// Area that both cover.
inline float intersection(const Box& a, const Box& b) {
  const float w = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float h = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  return w > 0 && h > 0 ? w * h : 0.0F;
}

/// The types of road user a camera reports: names out of the model's sidecar, in the model's order,
/// each once ("car", "truck", ...). Class ids of several labels may share a type.
class TypeTable {
 public:
  /// At most this many; further types of a model are reported as the last one of them.
  static constexpr int kMost = 16;

  TypeTable() = default;
  explicit TypeTable(std::span<const media::Label> labels);

  int size() const { return static_cast<int>(names_.size()); }
  const std::string& name(int type) const { return names_[static_cast<std::size_t>(type)]; }
  /// The type of a model's class id, or -1: not of interest.
  int of_class(int class_id) const {
    return class_id >= 0 && class_id < static_cast<int>(of_class_.size())
               ? of_class_[static_cast<std::size_t>(class_id)]
               : -1;
  }
  std::optional<int> find(std::string_view name) const;

 private:
  std::vector<std::string> names_;
  std::vector<int> of_class_;
};

struct Track {
  /// From 1 on; never used again within a run.
  std::int64_t id = 0;
  /// A small number that stays the track's own while it lives and is then given to another: an
  /// index for whoever keeps a state per track.
  int slot = 0;
  /// Smoothed; in a frame without an observation, where it should be by now.
  Box box;
  /// The smoothed box's foot, and how fast that moves, pixels a second.
  Point foot;
  Point velocity;
  Micros first_seen{0};
  Micros last_seen{0};
  int observations = 0;
  /// Seen often enough on its own to be a road user and not a flicker or a part of another one.
  bool is_confirmed = false;
  /// Seen in the frame of the last update.
  bool is_observed = false;
  /// Has left the place where it was first seen, or where it stood last, by a part of its size.
  bool has_travelled = false;
  /// Has not left its place for a while.
  bool is_parked = false;
  /// The type most of its observations spoke for, weighted by their scores; of TypeTable.
  int type = 0;
  /// The last observation's score.
  float score = 0;
  /// The road user that this one was seen as a part of (a box on the same vehicle) and that it has
  /// not been told apart from yet; 0: none.
  std::int64_t elder = 0;
};

}  // namespace vedette::traffic
