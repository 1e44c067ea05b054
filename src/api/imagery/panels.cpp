// PUT and DELETE /api/missions/{id}/panel: the grey panel of a flight, marked once.
#include <fmt/format.h>

#include <array>
#include <boost/json/parse.hpp>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/answers.hpp"
#include "api/imagery/routes.hpp"
#include "db/database.hpp"
#include "imagery/bands.hpp"
#include "imagery/mission_panel.hpp"
#include "imagery/missions.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

constexpr std::size_t kMostMarks = 16;
constexpr double kMostPixels = 1e6;

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message), "marks");
}

Result<imagery::PanelMark> rectangle_of(const std::optional<json::array>& list) {
  std::array<int, 4> corner{};
  bool is_good = list && list->size() == corner.size();
  for (std::size_t i = 0; is_good && i < corner.size(); ++i) {
    const json::value& one = list->at(i);
    const double number = one.is_number() ? one.to_number<double>() : -1;
    is_good = number >= 0 && number <= kMostPixels && number == std::floor(number);
    if (is_good) corner.at(i) = static_cast<int>(number);
  }
  if (!is_good || corner[2] <= corner[0] || corner[3] <= corner[1]) {
    return wrong(
        "'rectangle' is [x0, y0, x1, y1] in whole pixels of the file, x1 and y1 behind the "
        "last one.");
  }
  return imagery::PanelMark{corner[0], corner[1], corner[2], corner[3]};
}

Result<imagery::PanelOf> mark_of(const json::value& value, const std::string& image) {
  if (!value.is_object()) return wrong("'marks' must be a list of objects.");
  Fields fields(value.get_object());
  VEDETTE_TRY(band_name, fields.required_text("band"));
  VEDETTE_TRY(own_image, fields.text("image"));
  VEDETTE_TRY(rectangle, fields.list("rectangle"));
  VEDETTE_TRY(albedo, fields.required_number("albedo"));
  VEDETTE_CHECK(fields.nothing_left());
  const auto band = imagery::parse_band(band_name);
  if (!band) {
    return wrong(fmt::format("'{}' is no band: blue, green, red, red edge or near infrared.",
                             band_name.substr(0, 64)));
  }
  if (!(albedo > 0 && albedo <= 1)) {
    return wrong("'albedo' is the panel's known reflectance, above 0 and at most 1.");
  }
  VEDETTE_TRY(mark, rectangle_of(rectangle));
  imagery::PanelOf one{.band = *band,
                       .image = own_image.value_or(image),
                       .mark = mark,
                       .albedo = albedo,
                       .radiance = 0};
  if (one.image.empty()) return wrong("Which image shows the panel? Say it as 'image'.");
  return one;
}

struct Wanted {
  std::vector<imagery::PanelOf> marks;
  bool is_to_analyze = true;
};

Result<Wanted> wanted_of(const http::Request& request) {
  VEDETTE_TRY(object, object_of(request));
  Fields fields(std::move(object));
  VEDETTE_TRY(image, fields.text("image"));
  VEDETTE_TRY(list, fields.list("marks"));
  VEDETTE_TRY(analyze, fields.boolean("analyze"));
  VEDETTE_CHECK(fields.nothing_left());
  if (!list || list->empty() || list->size() > kMostMarks) {
    return wrong(fmt::format("'marks' must be a list of 1 to {}, one a band.", kMostMarks));
  }
  Wanted wanted{.marks = {}, .is_to_analyze = analyze.value_or(true)};
  for (const json::value& value : *list) {
    VEDETTE_TRY(mark, mark_of(value, image.value_or("")));
    for (const imagery::PanelOf& other : wanted.marks) {
      if (other.band != mark.band) continue;
      return wrong(fmt::format("The band {} is marked twice.", imagery::name(mark.band)));
    }
    wanted.marks.push_back(std::move(mark));
  }
  return wanted;
}

/// Writes it, queues the mission's images, and gives both.
Answer put_text(const ImageryServices& services, std::string_view mission, const std::string& text,
                bool is_to_analyze) {
  VEDETTE_TRY(queued, services.core->database.write([&](db::Session& session) -> Result<int> {
    VEDETTE_CHECK(imagery::set_mission_panel(session, mission, text));
    return is_to_analyze ? imagery::analyze_mission(session, mission) : Result<int>(0);
  }));
  boost::system::error_code failed;
  return answer(200, json::object{{"panel", json::parse(text.empty() ? "null" : text, failed)},
                                  {"queued", queued}});
}

// PUT /api/missions/{id}/panel
Answer put(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(wanted, wanted_of(request));
  VEDETTE_TRY(mission, services.core->database.read([&](db::Session& session) {
    return imagery::find_mission(session, request.param("id"));
  }));
  if (!mission) {
    return fail(ErrorCode::kNotFound, fmt::format("There is no mission '{}'. GET /api/missions "
                                                  "lists them.",
                                                  request.param("id").substr(0, 64)));
  }
  VEDETTE_TRY(measured, imagery::measure_panel(services.core->database, services.blobs,
                                               services.scratch, std::move(wanted.marks)));
  return put_text(services, mission->id, imagery::panel_json(measured, services.core->clock.now()),
                  wanted.is_to_analyze);
}

// DELETE /api/missions/{id}/panel: its images are analysed without it.
Answer remove(const ImageryServices& services, const http::Request& request) {
  return put_text(services, request.param("id"), "", true);
}

}  // namespace

void mount_panels(http::Router& router, const std::shared_ptr<const ImageryServices>& services) {
  router.put("/api/missions/{id}/panel", handler(services, {}, put),
             {.pool = http::PoolKind::kSlow});
  router.del("/api/missions/{id}/panel", handler(services, {}, remove));
}

}  // namespace vedette::api
