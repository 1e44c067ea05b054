#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/samples.hpp"
#include "app/traffic.hpp"
#include "base/log.hpp"
#include "db/database.hpp"
#include "traffic/camera.hpp"

namespace vedette::app {
namespace {

namespace fs = std::filesystem;

struct DemoCamera {
  const char* file;
  const char* name;
  traffic::Line line;
  bool has_people = false;  // and nothing else to count
};

// The lines of the two road clips are those their counts by eye were made on.
const std::array<DemoCamera, 2> kRoads{
    {{"traffic/street-oneway.mp4",
      "Mill Street",
      {"", "Mill Street", 200, 250, 639, 250, "towards the camera", "away"}},
     {"traffic/highway-two-way.avi",
      "Motorway",
      {"", "Near carriageway", 0, 205, 319, 205, "towards the camera", "away"}}}};
const DemoCamera kPeople{"traffic/vtest.avi",
                         "Car park",
                         {"", "Path", 60, 330, 700, 330, "towards the camera", "away"},
                         true};

std::optional<fs::path> find(const std::vector<fs::path>& folders, const char* file) {
  std::error_code error;
  for (const fs::path& folder : folders) {
    if (fs::is_regular_file(folder / file, error))
      return fs::absolute(folder / file, error).lexically_normal();
  }
  return std::nullopt;
}

Result<void> add(db::Database& database, const DemoCamera& demo, const fs::path& file) {
  traffic::Camera camera;
  camera.name = demo.name;
  camera.source = file.string();
  camera.is_loop = true;
  if (demo.has_people) camera.types = {"person", "moving"};
  VEDETTE_TRY(added, traffic::add_camera(database, std::move(camera)));
  VEDETTE_CHECK(traffic::set_lines(database, added.id, {demo.line}));
  log::info("demo", "camera '{}' plays {} endlessly, as a stand-in for a live one", added.name,
            file.string());
  return {};
}

}  // namespace

Result<void> add_demo_cameras(const config::Settings& settings, db::Database& database) {
  VEDETTE_TRY(is_fresh, database.read([](db::Session& session) -> Result<bool> {
    VEDETTE_TRY(
        rows,
        session.query("SELECT (SELECT count(*) FROM camera) + (SELECT count(*) FROM camera_line) + "
                      "(SELECT count(*) FROM camera_run)"));
    return rows.scalar<std::int64_t>() == 0;
  }));
  if (!is_fresh) return {};
  const std::vector<fs::path> folders = sample_folders(settings);
  bool has_any = false;
  for (const DemoCamera& demo : kRoads) {
    const auto file = find(folders, demo.file);
    if (!file) continue;
    VEDETTE_CHECK(add(database, demo, *file));
    has_any = true;
  }
  if (!has_any) {
    if (const auto file = find(folders, kPeople.file)) {
      VEDETTE_CHECK(add(database, kPeople, *file));
      has_any = true;
    }
  }
  if (!has_any)
    log::warn("demo", "no sample clip was found; add a camera of your own on the page Roads");
  return {};
}

}  // namespace vedette::app
