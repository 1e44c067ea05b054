// Areas of a field that are alike: the index reduced to at most 256 cells a side, put into classes,
// and each connected area of one class as a polygon with its outline and holes. Inside src/imagery;
// pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "imagery/image_file.hpp"
#include "imagery/raster_tiles.hpp"

namespace vedette::imagery {

struct ZoneOptions {
  std::string index;
  /// Upper ends of the classes but the last, ascending.
  std::vector<double> thresholds;
  std::vector<std::string> names;  // one more than thresholds
  std::optional<double> pixel_m;
  double uncertainty = 0;
  /// Of the corners: coordinates become longitude and latitude; else pixels of the picture.
  std::optional<std::array<std::array<double, 2>, 4>> corners;
  int width = 0;  // of the picture
  int height = 0;
};

struct Zone {
  int class_number = 0;
  std::int64_t cells = 0;
  double mean = 0;
  /// The outline first, then holes; closed, in cells, x to the right and y down.
  std::vector<std::vector<std::array<int, 2>>> rings;
};

struct Zones {
  int factor = 1;  // pixels of the picture along a cell
  std::vector<Zone> zones;
  std::int64_t left_out = 0;  // cells of areas too small to show
};

Zones find_zones(const Reduced& index, const std::vector<double>& thresholds);

/// Longitude and latitude of a corner of cells, or pixels where the place is not known.
std::array<double, 2> place_of(const std::array<int, 2>& corner, const Zones& zones,
                               const ZoneOptions& options);
/// In hectares; nullopt: the scale is not known.
std::optional<double> area_of(const Zone& zone, const Zones& zones, const ZoneOptions& options);
std::int64_t pixels_of(const Zone& zone, const Zones& zones);
const std::string& class_name(const Zone& zone, const ZoneOptions& options);

/// A FeatureCollection.
std::string to_geojson(const Zones& zones, const ZoneOptions& options);

}  // namespace vedette::imagery
