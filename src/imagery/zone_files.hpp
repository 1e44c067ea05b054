// Zones as the files that a tractor's terminal or an agronomist's program takes: KML, and a zipped
// Shapefile (shp, shx, dbf, prj). Only of pictures whose place on the Earth is known. Inside
// src/imagery; pure.
#pragma once

#include <string>

#include "imagery/zones.hpp"

namespace vedette::imagery {

/// OGC KML 2.2, one Placemark a zone. `options.corners` is there.
std::string to_kml(const Zones& zones, const ZoneOptions& options);

/// ESRI Shapefile Technical Description 1998, polygons in WGS 84, in one ZIP archive (stored).
/// `options.corners` is there.
std::string to_shapefile_zip(const Zones& zones, const ZoneOptions& options);

}  // namespace vedette::imagery
