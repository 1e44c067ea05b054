#include "imagery/zones.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <map>
#include <utility>

namespace vedette::imagery {
namespace {

constexpr int kMostSide = 256;
constexpr std::int64_t kFewestCells = 4;
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

struct Cells {
  int width = 0;
  int height = 0;
  int factor = 1;
  std::vector<float> values;
  std::vector<int> labels;  // of the area, from 0; -1: no data

  std::size_t at(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
           static_cast<std::size_t>(x);
  }
  int label(int x, int y) const {
    return x < 0 || y < 0 || x >= width || y >= height ? -1 : labels[at(x, y)];
  }
};

Cells reduce(const Reduced& index) {
  Cells cells;
  int factor = 1;
  while (std::max(index.width, index.height) / factor > kMostSide) factor *= 2;
  cells.width = (index.width + factor - 1) / factor;
  cells.height = (index.height + factor - 1) / factor;
  cells.factor = index.factor * factor;
  for (int y = 0; y < cells.height; ++y) {
    for (int x = 0; x < cells.width; ++x) {
      double sum = 0;
      int count = 0;
      for (int dy = y * factor; dy < std::min((y + 1) * factor, index.height); ++dy) {
        for (int dx = x * factor; dx < std::min((x + 1) * factor, index.width); ++dx) {
          const float value =
              index.values[static_cast<std::size_t>(dy) * static_cast<std::size_t>(index.width) +
                           static_cast<std::size_t>(dx)];
          if (value != value) continue;
          sum += static_cast<double>(value);
          ++count;
        }
      }
      cells.values.push_back(count == 0 ? kNaN : static_cast<float>(sum / count));
    }
  }
  return cells;
}

int class_of(float value, const std::vector<double>& thresholds) {
  if (value != value) return -1;
  return static_cast<int>(std::ranges::upper_bound(thresholds, static_cast<double>(value)) -
                          thresholds.begin());
}

// Labels connected areas of one class by filling; neighbours share a side.
std::vector<Zone> label(Cells& cells, const std::vector<double>& thresholds) {
  std::vector<int> classes;
  for (const float value : cells.values) classes.push_back(class_of(value, thresholds));
  cells.labels.assign(classes.size(), -1);
  std::vector<Zone> zones;
  std::vector<std::pair<int, int>> open;
  for (int y0 = 0; y0 < cells.height; ++y0) {
    for (int x0 = 0; x0 < cells.width; ++x0) {
      const std::size_t start = cells.at(x0, y0);
      if (classes[start] < 0 || cells.labels[start] >= 0) continue;
      const int number = static_cast<int>(zones.size());
      Zone zone;
      zone.class_number = classes[start];
      double sum = 0;
      cells.labels[start] = number;
      open.emplace_back(x0, y0);
      while (!open.empty()) {
        const auto [x, y] = open.back();
        open.pop_back();
        ++zone.cells;
        sum += static_cast<double>(cells.values[cells.at(x, y)]);
        for (const auto& [nx, ny] :
             {std::pair{x - 1, y}, std::pair{x + 1, y}, std::pair{x, y - 1}, std::pair{x, y + 1}}) {
          if (nx < 0 || ny < 0 || nx >= cells.width || ny >= cells.height) continue;
          const std::size_t next = cells.at(nx, ny);
          if (classes[next] != zone.class_number || cells.labels[next] >= 0) continue;
          cells.labels[next] = number;
          open.emplace_back(nx, ny);
        }
      }
      zone.mean = sum / static_cast<double>(zone.cells);
      zones.push_back(std::move(zone));
    }
  }
  return zones;
}

using Point = std::array<int, 2>;
using Ring = std::vector<Point>;

// Twice its area; positive where the inside lies to the right as y grows downwards.
std::int64_t doubled_area(const Ring& ring) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    sum += static_cast<std::int64_t>(ring[i][0]) * ring[i + 1][1] -
           static_cast<std::int64_t>(ring[i + 1][0]) * ring[i][1];
  }
  return sum;
}

// Keeps the corners.
Ring straightened(const Ring& ring) {
  Ring result;
  const std::size_t count = ring.size() - 1;
  for (std::size_t i = 0; i < count; ++i) {
    const Point& before = ring[(i + count - 1) % count];
    const Point& here = ring[i];
    const Point& after = ring[i + 1];
    const bool is_corner = (before[0] == here[0]) != (here[0] == after[0]);
    if (is_corner) result.push_back(here);
  }
  result.push_back(result.front());
  return result;
}

// Sides between an area and what is not of it, led so that the area lies to their right, and joined
// to rings. Where two rings touch in a corner, each turns into its own.
void trace(const Cells& cells, std::vector<Zone>& zones) {
  std::vector<std::map<Point, std::vector<Point>>> sides(zones.size());
  for (int y = 0; y < cells.height; ++y) {
    for (int x = 0; x < cells.width; ++x) {
      const int own = cells.label(x, y);
      if (own < 0) continue;
      auto& of = sides[static_cast<std::size_t>(own)];
      if (cells.label(x, y - 1) != own) of[{x, y}].push_back({x + 1, y});
      if (cells.label(x + 1, y) != own) of[{x + 1, y}].push_back({x + 1, y + 1});
      if (cells.label(x, y + 1) != own) of[{x + 1, y + 1}].push_back({x, y + 1});
      if (cells.label(x - 1, y) != own) of[{x, y + 1}].push_back({x, y});
    }
  }
  for (std::size_t i = 0; i < zones.size(); ++i) {
    auto& open = sides[i];
    while (!open.empty()) {
      const Point start = open.begin()->first;
      Ring ring{start};
      Point here = start;
      Point way{0, 0};
      do {
        auto found = open.find(here);
        auto& choices = found->second;
        std::size_t choice = 0;
        // The sharpest turn to the right stays with the cell that was followed.
        for (std::size_t k = 0; k < choices.size() && choices.size() > 1; ++k) {
          const Point next{choices[k][0] - here[0], choices[k][1] - here[1]};
          if (way[0] * next[1] - way[1] * next[0] > 0) choice = k;
        }
        const Point next = choices[choice];
        choices.erase(choices.begin() + static_cast<std::ptrdiff_t>(choice));
        if (choices.empty()) open.erase(found);
        way = {next[0] - here[0], next[1] - here[1]};
        here = next;
        ring.push_back(here);
      } while (here != start);
      zones[i].rings.push_back(straightened(ring));
    }
    // The outline is the only ring that runs the other way round than the holes.
    std::ranges::stable_sort(zones[i].rings, std::greater{}, doubled_area);
  }
}

}  // namespace

Zones find_zones(const Reduced& index, const std::vector<double>& thresholds) {
  Cells cells = reduce(index);
  std::vector<Zone> all = label(cells, thresholds);
  trace(cells, all);
  Zones result;
  result.factor = cells.factor;
  for (Zone& zone : all) {
    if (zone.cells < kFewestCells) {
      result.left_out += zone.cells;
    } else {
      result.zones.push_back(std::move(zone));
    }
  }
  std::ranges::stable_sort(result.zones, std::greater{}, &Zone::cells);
  return result;
}

std::array<double, 2> place_of(const std::array<int, 2>& corner, const Zones& zones,
                               const ZoneOptions& options) {
  const double x = std::min(corner[0] * zones.factor, options.width);
  const double y = std::min(corner[1] * zones.factor, options.height);
  if (!options.corners) return {x, y};
  const auto& c = *options.corners;
  const double u = x / options.width;
  const double v = y / options.height;
  const auto mixed = [&](std::size_t i) {
    return (c[0][i] * (1 - u) + c[1][i] * u) * (1 - v) + (c[3][i] * (1 - u) + c[2][i] * u) * v;
  };
  return {mixed(0), mixed(1)};
}

std::optional<double> area_of(const Zone& zone, const Zones& zones, const ZoneOptions& options) {
  if (!options.pixel_m) return std::nullopt;
  const double side = *options.pixel_m * zones.factor;
  return static_cast<double>(zone.cells) * side * side / 10'000;
}

std::int64_t pixels_of(const Zone& zone, const Zones& zones) {
  return zone.cells * zones.factor * zones.factor;
}

const std::string& class_name(const Zone& zone, const ZoneOptions& options) {
  return options.names[static_cast<std::size_t>(zone.class_number)];
}

std::string to_geojson(const Zones& zones, const ZoneOptions& options) {
  std::string features;
  for (const Zone& zone : zones.zones) {
    std::string rings;
    for (const Ring& ring : zone.rings) {
      std::string points;
      // RFC 7946 has outlines run against the clock, seen with north up.
      for (auto at = ring.rbegin(); at != ring.rend(); ++at) {
        const auto [x, y] = place_of(*at, zones, options);
        points += points.empty() ? "" : ",";
        points +=
            options.corners ? fmt::format("[{:.8f},{:.8f}]", x, y) : fmt::format("[{},{}]", x, y);
      }
      rings += fmt::format("{}[{}]", rings.empty() ? "" : ",", points);
    }
    const auto area = area_of(zone, zones, options);
    features += fmt::format(
        "{}{{\"type\":\"Feature\",\"properties\":{{\"index\":\"{}\",\"class\":\"{}\",\"mean\":{:."
        "4f},"
        "\"area_ha\":{},\"area_error_ha\":{},\"pixels\":{}}},\"geometry\":{{\"type\":\"Polygon\","
        "\"coordinates\":[{}]}}}}",
        features.empty() ? "" : ",\n", options.index, class_name(zone, options), zone.mean,
        area ? fmt::format("{:.4f}", *area) : "null",
        area ? fmt::format("{:.4f}", 2 * options.uncertainty * *area) : "null",
        pixels_of(zone, zones), rings);
  }
  return fmt::format(
      "{{\"type\":\"FeatureCollection\",\"coordinates_are\":\"{}\",\"cell_px\":{},\"features\":[\n{"
      "}"
      "\n]}}\n",
      options.corners ? "longitude and latitude, WGS 84" : "pixels of the picture", zones.factor,
      features);
}

}  // namespace vedette::imagery
