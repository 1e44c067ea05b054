#include "imagery/mission_panel.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <optional>
#include <utility>

#include "imagery/bands.hpp"
#include "imagery/capture_store.hpp"
#include "imagery/image_file.hpp"
#include "imagery/image_store.hpp"
#include "imagery/local_object.hpp"

namespace vedette::imagery {
namespace {

namespace json = boost::json;

std::optional<Band> band_of(const ImageInfo& info) {
  if (auto named = parse_band(info.metadata.band_name)) return named;
  if (info.metadata.wavelength_nm) return band_at(*info.metadata.wavelength_nm);
  return std::nullopt;
}

/// The keys of the shot's files.
Result<std::vector<std::string>> keys_of(db::Database& database, const std::string& image) {
  return database.read([&](db::Session& session) -> Result<std::vector<std::string>> {
    VEDETTE_TRY(found, find_image(session, image));
    if (!found || found->blob_key.empty()) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("There is no image '{}' with its file here.", image.substr(0, 64)));
    }
    VEDETTE_TRY(files, capture_files(session, found->capture_of.value_or(found->id)));
    std::vector<std::string> keys;
    for (const CaptureFile& one : files) keys.push_back(one.blob_key);
    return keys;
  });
}

Result<double> measure(blob::Store& blobs, const std::filesystem::path& scratch, const PanelOf& one,
                       const std::vector<std::string>& keys, const std::stop_token& stop) {
  for (const std::string& key : keys) {
    VEDETTE_TRY(file, LocalObject::fetch(blobs, key, scratch, stop));
    VEDETTE_TRY(info, inspect(file.path()));
    if (band_of(info) != one.band) continue;
    auto radiance = panel_radiance(file.path(), one.mark);
    if (radiance) return *radiance;
    if (radiance.error().retryable) return fail(std::move(radiance.error()));
    return fail(ErrorCode::kInvalid,
                fmt::format("The panel in {}: {}", name(one.band), radiance.error().message),
                "marks");
  }
  return fail(ErrorCode::kInvalid,
              fmt::format("The image {} has no file that says it is the band {}.", one.image,
                          name(one.band)),
              "marks");
}

}  // namespace

Result<std::vector<PanelOf>> measure_panel(db::Database& database, blob::Store& blobs,
                                           const std::filesystem::path& scratch,
                                           std::vector<PanelOf> marks,
                                           const std::stop_token& stop) {
  for (PanelOf& one : marks) {
    VEDETTE_TRY(keys, keys_of(database, one.image));
    VEDETTE_TRY(radiance, measure(blobs, scratch, one, keys, stop));
    one.radiance = radiance;
  }
  return marks;
}

std::string panel_json(const std::vector<PanelOf>& marks, Instant set_at) {
  json::array all;
  for (const PanelOf& one : marks) {
    all.push_back(
        json::object{{"band", name(one.band)},
                     {"image", one.image},
                     {"rectangle", json::array{one.mark.x0, one.mark.y0, one.mark.x1, one.mark.y1}},
                     {"albedo", one.albedo},
                     {"radiance", one.radiance}});
  }
  return json::serialize(json::object{{"set_at", to_rfc3339(set_at)}, {"marks", std::move(all)}});
}

std::optional<PanelReading> panel_reading(std::string_view text) {
  boost::system::error_code failed;
  const json::value value = json::parse(text.empty() ? "null" : text, failed);
  const auto* object = failed ? nullptr : value.if_object();
  const auto* marks = object == nullptr ? nullptr : object->if_contains("marks");
  if (marks == nullptr || !marks->is_array()) return std::nullopt;
  PanelReading reading;
  for (const json::value& one : marks->get_array()) {
    const json::object& mark = one.as_object();
    const auto band = parse_band(std::string_view(mark.at("band").as_string()));
    if (!band) continue;
    reading.bands.push_back(
        {*band, mark.at("radiance").to_number<double>(), mark.at("albedo").to_number<double>()});
  }
  return reading;
}

Result<std::string> panel_of_image(db::Session& session, std::string_view image) {
  VEDETTE_TRY(rows, session.query("SELECT m.panel FROM images i JOIN missions m ON m.id = "
                                  "i.mission_id WHERE i.id = $1",
                                  {image}));
  if (rows.empty()) return std::string();
  return rows.front().get<std::optional<std::string>>(0).value_or(std::string());
}

Result<void> set_mission_panel(db::Session& session, std::string_view mission,
                               std::string_view text) {
  std::optional<std::string_view> panel;
  if (!text.empty()) panel = text;
  std::int64_t changed = 0;
  if (is_image_id(mission)) {
    VEDETTE_TRY(rows,
                session.execute("UPDATE missions SET panel = $2 WHERE id = $1", {mission, panel}));
    changed = rows;
  }
  if (changed == 0) {
    return fail(ErrorCode::kNotFound,
                fmt::format("There is no mission '{}'. GET /api/missions lists them.",
                            mission.substr(0, 64)));
  }
  session.notify(kImagesChannel);
  return {};
}

Result<int> analyze_mission(db::Session& session, std::string_view mission) {
  VEDETTE_TRY(rows, session.query("SELECT id FROM images WHERE mission_id = $1 AND capture_of IS "
                                  "NULL AND blob_key IS NOT NULL ORDER BY id",
                                  {mission}));
  int queued = 0;
  for (const db::Row row : rows) {
    auto retried = retry_image(session, row.get<std::string>(0));
    if (retried) {
      ++queued;
    } else if (retried.error().code != ErrorCode::kConflict) {
      return fail(std::move(retried.error()));
    }
  }
  return queued;
}

}  // namespace vedette::imagery
