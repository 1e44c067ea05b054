// What a person draws on a camera's picture: counting lines and zones. Values, read from the
// command line and from camera settings, in pixels of the full picture.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "traffic/road_user.hpp"

namespace vedette::traffic {

/// A counting line: the segment from a to b. Left and right are meant looking from a to b.
struct CountingLine {
  std::string name;
  Point a;
  Point b;
  /// The owner's words for the two directions; empty: from geometry (direction_names.hpp).
  std::string a_to_b = {};
  std::string b_to_a = {};
  /// Size of the picture it was drawn on; 0: not known.
  int width = 0;
  int height = 0;

  bool operator==(const CountingLine&) const = default;
};

/// The line in a picture of this size, where it lies as on the one it was drawn on.
CountingLine fitted(CountingLine line, int width, int height);

struct Zone {
  std::string name;
  std::vector<Point> corners;  ///< at least three
};

/// Whether both ends lie in a picture of this size, give or take a pixel.
bool is_inside(const CountingLine& line, int width, int height);

/// Reads "NAME:X1,Y1,X2,Y2", with ":WORD/WORD" behind it for the two directions where those have
/// names. kUsage when it is not that, or when both ends are one point.
Result<CountingLine> parse_line(std::string_view text);

/// Reads "NAME:X1,Y1,X2,Y2,X3,Y3,..." with 3 to 64 corners.
Result<Zone> parse_zone(std::string_view text);

/// Twice the area of the triangle a, b, p: positive when p is right of the line from a to b.
inline float right_of(Point a, Point b, Point p) {
  return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
}

/// Whether the point lies in the zone's polygon (even-odd rule).
bool contains(const Zone& zone, Point point);

}  // namespace vedette::traffic
