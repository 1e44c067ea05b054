#include "traffic/scene.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <utility>

namespace vedette::traffic {
namespace {

constexpr std::size_t kMostCorners = 64;
constexpr float kFarthest = 100'000;

struct Drawn {
  std::string name;
  std::vector<Point> points;
};

// "NAME:X1,Y1,..." with a name that is not empty and an even number of finite coordinates.
std::optional<Drawn> parse_points(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  Drawn drawn{.name = std::string(text.substr(0, colon)), .points = {}};
  std::vector<float> numbers;
  const char* at = text.data() + colon + 1;
  const char* const end = text.data() + text.size();
  while (true) {
    float value = 0;
    const auto [next, code] = std::from_chars(at, end, value);
    if (code != std::errc{} || !std::isfinite(value) || std::abs(value) > kFarthest) {
      return std::nullopt;
    }
    numbers.push_back(value);
    if (next == end) break;
    if (*next != ',' || numbers.size() >= 2 * kMostCorners) return std::nullopt;
    at = next + 1;
  }
  if (numbers.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < numbers.size(); i += 2) {
    drawn.points.push_back({numbers[i], numbers[i + 1]});
  }
  return drawn;
}

}  // namespace

CountingLine fitted(CountingLine line, int width, int height) {
  if (line.width <= 0 || line.height <= 0 || (line.width == width && line.height == height)) {
    return line;
  }
  const float x = static_cast<float>(width) / static_cast<float>(line.width);
  const float y = static_cast<float>(height) / static_cast<float>(line.height);
  line.a = {line.a.x * x, line.a.y * y};
  line.b = {line.b.x * x, line.b.y * y};
  line.width = width;
  line.height = height;
  return line;
}

bool is_inside(const CountingLine& line, int width, int height) {
  const auto holds = [&](Point p) {
    return p.x >= -1 && p.y >= -1 && p.x <= static_cast<float>(width) + 1 &&
           p.y <= static_cast<float>(height) + 1;
  };
  return holds(line.a) && holds(line.b);
}

Result<CountingLine> parse_line(std::string_view text) {
  std::optional<Drawn> drawn = parse_points(text);
  std::string_view words;
  if (const std::size_t colon = text.rfind(':'); !drawn && colon != std::string_view::npos) {
    words = text.substr(colon + 1);
    drawn = parse_points(text.substr(0, colon));
  }
  const std::size_t slash = words.find('/');
  const bool is_named =
      !words.empty() && slash != 0 && slash != std::string_view::npos && slash + 1 < words.size();
  if (!drawn || drawn->points.size() != 2 || (!words.empty() && !is_named)) {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' is not a line: write NAME:X1,Y1,X2,Y2 in pixels of the picture, "
                            "for example street:200,250,639,250, and behind it names for the two "
                            "directions if you like: street:200,250,639,250:in/out",
                            text));
  }
  const Point a = drawn->points[0];
  const Point b = drawn->points[1];
  if (std::hypot(b.x - a.x, b.y - a.y) < 1) {
    return fail(ErrorCode::kUsage,
                fmt::format("the line '{}' has no length: its two points are one", drawn->name));
  }
  CountingLine line{.name = std::move(drawn->name), .a = a, .b = b};
  if (is_named) {
    line.a_to_b = words.substr(0, slash);
    line.b_to_a = words.substr(slash + 1);
  }
  return line;
}

Result<Zone> parse_zone(std::string_view text) {
  std::optional<Drawn> drawn = parse_points(text);
  if (!drawn || drawn->points.size() < 3) {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' is not a zone: write NAME:X1,Y1,X2,Y2,X3,Y3,... in pixels of the "
                            "picture, with 3 to {} corners",
                            text, kMostCorners));
  }
  return Zone{.name = std::move(drawn->name), .corners = std::move(drawn->points)};
}

bool contains(const Zone& zone, Point point) {
  bool is_inside = false;
  Point before = zone.corners.back();
  for (const Point corner : zone.corners) {
    if ((corner.y > point.y) != (before.y > point.y)) {
      const float x =
          corner.x + (before.x - corner.x) * (point.y - corner.y) / (before.y - corner.y);
      if (point.x < x) is_inside = !is_inside;
    }
    before = corner;
  }
  return is_inside;
}

}  // namespace vedette::traffic
