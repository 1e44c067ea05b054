#include "traffic/direction_names.hpp"

#include <cmath>

#include "traffic/camera.hpp"

namespace vedette::traffic {
namespace {

std::string named(const std::string& a_to_b, const std::string& b_to_a, Point first, Point second,
                  Direction direction) {
  const std::string& word = direction == Direction::kAToB ? a_to_b : b_to_a;
  return word.empty() ? direction_from_geometry(first, second, direction) : word;
}

}  // namespace

std::string direction_from_geometry(Point first, Point second, Direction direction) {
  // To the right of (dx, dy), with y down, lies (-dy, dx).
  const float sign = direction == Direction::kAToB ? 1.0F : -1.0F;
  const float x = -sign * (second.y - first.y);
  const float y = sign * (second.x - first.x);
  if (std::abs(y) >= std::abs(x)) return y > 0 ? "down" : "up";
  return x > 0 ? "right" : "left";
}

std::string direction_name(const Line& line, Direction direction) {
  return named(line.a_to_b, line.b_to_a, {static_cast<float>(line.x1), static_cast<float>(line.y1)},
               {static_cast<float>(line.x2), static_cast<float>(line.y2)}, direction);
}

std::string direction_name(const CountingLine& line, Direction direction) {
  return named(line.a_to_b, line.b_to_a, line.a, line.b, direction);
}

std::string direction_arrow(const CountingLine& line, Direction direction) {
  const std::string word = direction_from_geometry(line.a, line.b, direction);
  if (word == "down") return "↓";
  if (word == "up") return "↑";
  return word == "right" ? "→" : "←";
}

}  // namespace vedette::traffic
