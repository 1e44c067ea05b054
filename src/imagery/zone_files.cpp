#include "imagery/zone_files.hpp"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "imagery/colours.hpp"

namespace vedette::imagery {
namespace {

constexpr std::string_view kWgs84 =
    "GEOGCS[\"GCS_WGS_1984\",DATUM[\"D_WGS_1984\",SPHEROID[\"WGS_1984\",6378137.0,298.257223563]],"
    "PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]]";

std::string little(std::uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}
std::string big(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}
std::string real(double value) {
  return little(std::bit_cast<std::uint64_t>(value), 8);
}

struct Box {
  double west = std::numeric_limits<double>::infinity();
  double south = std::numeric_limits<double>::infinity();
  double east = -std::numeric_limits<double>::infinity();
  double north = -std::numeric_limits<double>::infinity();

  void add(double x, double y) {
    west = std::min(west, x);
    east = std::max(east, x);
    south = std::min(south, y);
    north = std::max(north, y);
  }
  std::string bytes() const { return real(west) + real(south) + real(east) + real(north); }
};

std::string shape_head(std::size_t bytes, const Box& box) {
  return big(9994) + std::string(20, '\0') + big(static_cast<std::uint32_t>(bytes / 2)) +
         little(1000, 4) + little(5, 4) + box.bytes() + std::string(32, '\0');
}

struct Shapes {
  std::string shp;
  std::string shx;
};

Shapes shapes_of(const Zones& zones, const ZoneOptions& options) {
  Box whole;
  std::string records;
  std::string index;
  std::uint32_t number = 0;
  for (const Zone& zone : zones.zones) {
    Box box;
    std::string parts;
    std::string points;
    std::uint32_t count = 0;
    for (const auto& ring : zone.rings) {
      parts += little(count, 4);
      // Outlines run with the clock here, holes against it: as they were traced.
      for (const auto& corner : ring) {
        const auto [x, y] = place_of(corner, zones, options);
        box.add(x, y);
        whole.add(x, y);
        points += real(x);
        points += real(y);
        ++count;
      }
    }
    std::string content = little(5, 4);
    content.append(box.bytes()).append(little(zone.rings.size(), 4)).append(little(count, 4));
    content.append(parts).append(points);
    index += big(static_cast<std::uint32_t>((100 + records.size()) / 2)) +
             big(static_cast<std::uint32_t>(content.size() / 2));
    records += big(++number) + big(static_cast<std::uint32_t>(content.size() / 2)) + content;
  }
  if (zones.zones.empty()) whole = Box{0, 0, 0, 0};
  return {shape_head(100 + records.size(), whole) + records,
          shape_head(100 + index.size(), whole) + index};
}

// dBASE III: a head, 32 bytes a column, rows of fixed width.
std::string table_of(const Zones& zones, const ZoneOptions& options) {
  struct Column {
    std::string_view name;
    char type;
    int width;
    int digits;
  };
  static constexpr std::array kColumns{Column{"CLASS", 'C', 16, 0}, Column{"INDEX", 'C', 16, 0},
                                       Column{"MEAN", 'N', 12, 4}, Column{"AREA_HA", 'N', 14, 4},
                                       Column{"PIXELS", 'N', 14, 0}};
  int width = 1;
  for (const Column& column : kColumns) width += column.width;
  std::string table = little(3, 1) + std::string("\x7E\x01\x01", 3) +
                      little(zones.zones.size(), 4) + little(33 + 32 * kColumns.size(), 2) +
                      little(static_cast<std::uint64_t>(width), 2) + std::string(20, '\0');
  for (const Column& column : kColumns) {
    std::string name(column.name);
    name.resize(11, '\0');
    table += name + column.type + std::string(4, '\0') +
             little(static_cast<std::uint64_t>(column.width), 1) +
             little(static_cast<std::uint64_t>(column.digits), 1) + std::string(14, '\0');
  }
  table += '\r';
  for (const Zone& zone : zones.zones) {
    const auto area = area_of(zone, zones, options);
    const std::string hectares = area ? fmt::format("{:.4f}", *area) : "";
    table += fmt::format(" {:<16.16}{:<16.16}{:>12.4f}{:>14}{:>14}", class_name(zone, options),
                         options.index, zone.mean, hectares, pixels_of(zone, zones));
  }
  return table + '\x1A';
}

std::uint32_t checksum(const std::string& bytes) {
  return libdeflate_crc32(0, bytes.data(), bytes.size());
}

std::string zipped(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string archive;
  std::string directory;
  for (const auto& [name, bytes] : files) {
    // Version 2.0, stored, 1 January 1980: the same zones give the same bytes.
    const std::string facts = little(20, 2) + little(0, 2) + little(0, 2) + little(0, 2) +
                              little(33, 2) + little(checksum(bytes), 4) + little(bytes.size(), 4) +
                              little(bytes.size(), 4) + little(name.size(), 2) + little(0, 2);
    for (const std::string& part : {"PK\x01\x02" + little(20, 2), facts, little(0, 2), little(0, 2),
                                    little(0, 2), little(0, 4), little(archive.size(), 4), name}) {
      directory += part;
    }
    archive.append("PK\x03\x04").append(facts).append(name).append(bytes);
  }
  return archive + directory + "PK\x05\x06" + little(0, 4) + little(files.size(), 2) +
         little(files.size(), 2) + little(directory.size(), 4) + little(archive.size(), 4) +
         little(0, 2);
}

}  // namespace

std::string to_kml(const Zones& zones, const ZoneOptions& options) {
  const auto ring_text = [&](const Zone& zone, std::size_t ring) {
    std::string points;
    for (auto at = zone.rings[ring].rbegin(); at != zone.rings[ring].rend(); ++at) {
      const auto [x, y] = place_of(*at, zones, options);
      points += fmt::format("{}{:.8f},{:.8f}", points.empty() ? "" : " ", x, y);
    }
    return fmt::format("<LinearRing><coordinates>{}</coordinates></LinearRing>", points);
  };
  const auto ramp = colour_ramp();
  std::string styles;
  for (std::size_t i = 0; i < options.names.size(); ++i) {
    const std::size_t place =
        options.names.size() < 2 ? 0 : i * (ramp.size() - 1) / (options.names.size() - 1);
    const Colour& c = ramp[place];
    styles += fmt::format(
        "<Style "
        "id=\"class{}\"><LineStyle><color>ff333333</color></LineStyle><PolyStyle><color>99{:02x}"
        "{:02x}{:02x}</color></PolyStyle></Style>\n",
        i, c[2], c[1], c[0]);
  }
  std::string marks;
  for (const Zone& zone : zones.zones) {
    std::string holes;
    for (std::size_t ring = 1; ring < zone.rings.size(); ++ring) {
      holes += fmt::format("<innerBoundaryIs>{}</innerBoundaryIs>", ring_text(zone, ring));
    }
    const auto area = area_of(zone, zones, options);
    marks += fmt::format(
        "<Placemark><name>{}</name><description>{} "
        "{:.3f}{}</description><styleUrl>#class{}</styleUrl>"
        "<Polygon><outerBoundaryIs>{}</outerBoundaryIs>{}</Polygon></Placemark>\n",
        class_name(zone, options), options.index, zone.mean,
        area ? fmt::format(", {:.4f} ha", *area) : "", zone.class_number, ring_text(zone, 0),
        holes);
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml "
      "xmlns=\"http://www.opengis.net/kml/2.2\"><Document>"
      "<name>Zones by {}</name>\n{}{}</Document></kml>\n",
      options.index, styles, marks);
}

std::string to_shapefile_zip(const Zones& zones, const ZoneOptions& options) {
  Shapes shapes = shapes_of(zones, options);
  return zipped({{"zones.shp", std::move(shapes.shp)},
                 {"zones.shx", std::move(shapes.shx)},
                 {"zones.dbf", table_of(zones, options)},
                 {"zones.prj", std::string(kWgs84)}});
}

}  // namespace vedette::imagery
