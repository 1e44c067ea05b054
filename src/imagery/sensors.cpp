// The table of sensors: which bands, in which order, their files or stacks hold. Sources: the
// makers' published band tables; NIR-converted cameras as their converters name them.
#include <algorithm>

#include "base/text.hpp"
#include "imagery/bands.hpp"

namespace vedette::imagery {

std::span<const Sensor> sensors() {
  static const std::vector<Sensor> kTable{
      {"rededge",
       "MicaSense RedEdge or RedEdge-MX, five bands in the order of the rig",
       "RedEdge",
       {"blue", "green", "red", "nir", "rededge"}},
      {"rededge-p",
       "MicaSense RedEdge-P, five bands and a panchromatic one",
       "RedEdge-P",
       {"blue", "green", "red", "nir", "rededge", ""}},
      {"altum",
       "MicaSense Altum, five bands and a thermal one",
       "Altum",
       {"blue", "green", "red", "nir", "rededge", ""}},
      {"altum-pt",
       "MicaSense Altum-PT, five bands, panchromatic and thermal",
       "Altum-PT",
       {"blue", "green", "red", "nir", "rededge", "", ""}},
      {"sequoia", "Parrot Sequoia, four bands", "Sequoia", {"green", "red", "rededge", "nir"}},
      {"p4m",
       "DJI P4 Multispectral, five bands",
       "FC6360",
       {"blue", "green", "red", "rededge", "nir"}},
      {"m3m", "DJI Mavic 3 Multispectral, four bands", "M3M", {"green", "red", "rededge", "nir"}},
      {"landsat7",
       "Landsat 5 or 7, bands 1, 2, 3, 4, 5, 7",
       "",
       {"blue", "green", "red", "nir", "", ""}},
      {"landsat8", "Landsat 8 or 9, bands 1 to 7", "", {"", "blue", "green", "red", "nir", "", ""}},
      {"sentinel2",
       "Sentinel-2 L2A, twelve bands B01 to B12 without B10",
       "",
       {"", "blue", "green", "red", "rededge", "", "", "nir", "", "", "", ""},
       10'000},
      {"sentinel2-10m",
       "Sentinel-2, the four bands of 10 m: B02, B03, B04, B08",
       "",
       {"blue", "green", "red", "nir"},
       10'000},
      {"rgbn", "Red, green, blue, near infrared", "", {"red", "green", "blue", "nir"}},
      {"bgrn", "Blue, green, red, near infrared", "", {"blue", "green", "red", "nir"}},
      {"rgbren",
       "Red, green, blue, red edge, near infrared",
       "",
       {"red", "green", "blue", "rededge", "nir"}},
      {"bgrren",
       "Blue, green, red, red edge, near infrared",
       "",
       {"blue", "green", "red", "rededge", "nir"}},
      {"grn", "Green, red, near infrared", "", {"green", "red", "nir"}},
      {"mapir-rgn", "MAPIR Survey3 RGN: red, green, near infrared", "", {"red", "green", "nir"}},
      {"mapir-ngb", "MAPIR Survey3 NGB: near infrared, green, blue", "", {"nir", "green", "blue"}},
      {"nir-in-red",
       "Converted camera: near infrared in the red channel",
       "",
       {"nir", "green", "blue"}},
      {"nir-in-blue",
       "Converted camera: near infrared in the blue channel",
       "",
       {"red", "green", "nir"}},
  };
  return kTable;
}

const Sensor* find_sensor(std::string_view name) {
  const auto all = sensors();
  const auto found = std::ranges::find_if(
      all, [&](const Sensor& each) { return equals_ignoring_case(each.name, name); });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace vedette::imagery
