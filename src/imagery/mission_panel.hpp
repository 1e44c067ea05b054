// The grey panel of a flight, marked once and kept with its mission: all images of the mission
// become reflectance by it. The API marks it, the job that analyses reads it. Functions over a
// Session belong to the caller's transaction; all block; any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "db/database.hpp"
#include "imagery/radiometry.hpp"

namespace vedette::blob {
class Store;
}

namespace vedette::imagery {

/// The panel in the picture of one band.
struct PanelOf {
  Band band = Band::kRed;
  std::string image;  // the image, or the one that leads the shot whose file shows this band
  PanelMark mark;     // in the stored pixels of that file
  double albedo = 0;
  double radiance = 0;  // the mean there: measured, not given
};

/// Measures all of them. kNotFound: no such image; kInvalid: the shot has no file of that band, the
/// rectangle is not in it, or it has no calibration to radiance. Reads the files: some milliseconds
/// each.
Result<std::vector<PanelOf>> measure_panel(db::Database& database, blob::Store& blobs,
                                           const std::filesystem::path& scratch,
                                           std::vector<PanelOf> marks,
                                           const std::stop_token& stop = {});

/// As it is kept and shown: {"set_at", "marks": [{"band", "image", "rectangle", "albedo",
/// "radiance"}]}.
std::string panel_json(const std::vector<PanelOf>& marks, Instant set_at);
/// Of that text; nothing for an empty one.
std::optional<PanelReading> panel_reading(std::string_view text);

/// Of the mission that the image is in: the text, or empty.
Result<std::string> panel_of_image(db::Session& session, std::string_view image);
/// Empty: none. kNotFound: no such mission.
Result<void> set_mission_panel(db::Session& session, std::string_view mission,
                               std::string_view text);
/// Analyses its images again; those that wait or are worked on notice by themselves. Returns how
/// many were queued.
Result<int> analyze_mission(db::Session& session, std::string_view mission);

}  // namespace vedette::imagery
