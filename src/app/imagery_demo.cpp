#include "app/imagery_demo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/options.hpp"
#include "app/samples.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "blob/store.hpp"
#include "db/database.hpp"
#include "imagery/intake.hpp"
#include "imagery/sample_flights.hpp"

namespace vedette::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNotYours =
    "A sample that came with Vedette, no flight of yours. Remove it, and it stays away. ";

struct DemoFlight {
  const char* name;
  const char* title;
  const char* about;
  const char* bands;
  /// All of them are wanted; of names with a bar between them, the first that is here.
  std::vector<std::string> files;
};

std::vector<std::string> shots(const std::string& folder, const std::vector<std::string>& shots,
                               const std::vector<std::string>& bands) {
  std::vector<std::string> files;
  for (const std::string& shot : shots) {
    for (const std::string& band : bands)
      files.push_back(fmt::format("{}{}{}", folder, shot, band));
  }
  return files;
}

// Where they come from and under which licence: tools/samples.sh, decision 0014.
std::vector<DemoFlight> demo_flights() {
  return {
      {"landsat7",
       "Sample: Olinda from Landsat 7",
       "Six bands of a satellite, 28.5 m a pixel. Landsat: public domain (USGS); file of the R "
       "package stars, Apache-2.0.",
       "landsat7",
       {"imagery/landsat7_6band.tif|imagery/L7_ETMs.tif"}},
      {"rededge", "Sample: orchard, MicaSense RedEdge",
       "Two shots of a five-band camera, one of them of its grey panel (RP02-1603036-SC). (c) 2017 "
       "MicaSense, Inc., MIT.",
       "",
       shots("imagery/rededge-0000SET/IMG_", {"0000", "0001"},
             {"_1.tif", "_2.tif", "_3.tif", "_4.tif", "_5.tif"})},
      {"sequoia", "Sample: a plant, Parrot Sequoia",
       "One shot of a four-band camera from close by, so that its bands do not fit everywhere. "
       "MIT.",
       "",
       shots("imagery/sequoia-0077/IMG_", {"180413_080658_0000"},
             {"_GRE.TIF", "_NIR.TIF", "_RED.TIF", "_REG.TIF"})},
      {"seneca", "Sample: Seneca County, converted camera",
       "Three photos of a camera whose red channel sees near infrared. CC0, Ohio Department of "
       "Transportation.",
       "nir-in-red", shots("imagery/seneca_IMG_", {"0470", "0520", "0550"}, {".jpg"})}};
}

std::optional<fs::path> find(const std::vector<fs::path>& folders, std::string names) {
  std::error_code error;
  for (;;) {
    const auto bar = names.find('|');
    for (const fs::path& folder : folders) {
      const fs::path file = folder / names.substr(0, bar);
      if (fs::is_regular_file(file, error)) return file;
    }
    if (bar == std::string::npos) return std::nullopt;
    names.erase(0, bar + 1);
  }
}

/// Nothing: not all of them are here.
std::vector<fs::path> files_of(const DemoFlight& flight, const std::vector<fs::path>& folders) {
  std::vector<fs::path> files;
  for (const std::string& names : flight.files) {
    auto file = find(folders, names);
    if (!file) return {};
    files.push_back(std::move(*file));
  }
  return files;
}

Result<void> add(const Core& core, const DemoFlight& demo, const std::vector<fs::path>& files) {
  imagery::SampleFlight flight{.name = demo.name, .mission = {}, .bands = demo.bands, .images = {}};
  flight.mission.name = demo.title;
  flight.mission.description = std::string(kNotYours) + demo.about;
  const std::string base = object_base(core.settings);
  for (const fs::path& file : files) {
    VEDETTE_TRY(taken, imagery::take_file(core.blobs, file, core.settings.imagery.max_image,
                                          core.clock.now()));
    flight.images.push_back(imagery::row_of(taken, file.filename().string(), base));
  }
  VEDETTE_TRY(is_added, core.database.write([&](db::Session& session) {
    return imagery::add_sample_flight(session, flight, core.clock.now());
  }));
  if (is_added) {
    log::info("demo", "'{}': {} files, to be analysed", demo.title, files.size());
    return {};
  }
  // Another process was first.
  for (const imagery::NewImage& image : flight.images) (void)core.blobs.remove(image.blob_key);
  return {};
}

}  // namespace

Result<void> add_demo_images(const Core& core) {
  const std::vector<DemoFlight> flights = demo_flights();
  std::vector<std::string> names;
  for (const DemoFlight& flight : flights) names.emplace_back(flight.name);
  VEDETTE_TRY(missing, core.database.read([&](db::Session& session) {
    return imagery::missing_samples(session, names);
  }));
  const std::vector<fs::path> folders = sample_folders(core.settings);
  for (const DemoFlight& flight : flights) {
    if (std::ranges::find(missing, flight.name) == missing.end()) continue;
    const std::vector<fs::path> files = files_of(flight, folders);
    if (files.empty()) continue;
    if (const auto added = add(core, flight, files); !added) {
      log::warn("demo", "'{}' is left out until the next start: {}", flight.title,
                added.error().message);
    }
  }
  return {};
}

}  // namespace vedette::app
