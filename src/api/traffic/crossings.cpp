// GET /api/traffic/crossings: who crossed which line, newest first.
#include "traffic/crossings.hpp"

#include <fmt/format.h>

#include <utility>

#include "api/answers.hpp"
#include "api/csv.hpp"
#include "api/handlers.hpp"
#include "api/query.hpp"
#include "api/traffic/camera_json.hpp"
#include "api/traffic/filter_query.hpp"
#include "api/traffic/routes.hpp"
#include "base/csv.hpp"
#include "db/database.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

std::string crossings_csv(const std::vector<traffic::CrossingRecord>& crossings) {
  std::string text = "t,camera_id,line,direction,label,track_id,vehicle_type,x,y,frame\r\n";
  for (const traffic::CrossingRecord& c : crossings) {
    text += fmt::format("{},{},{},{},{},{},{},{:.1f},{:.1f},{}\r\n", to_rfc3339(c.at),
                        csv_field(c.camera_id), csv_field(c.line), c.direction, csv_field(c.label),
                        c.track_id, csv_field(c.vehicle_type), c.x, c.y, c.frame);
  }
  return text;
}

Answer crossings(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(filter, line_filter_of(request));
  VEDETTE_TRY(limit, limit_of(request));
  VEDETTE_TRY(before, record_cursor(request));
  VEDETTE_TRY(page, traffic::crossings(services.core->database, filter, limit, before.first,
                                       before.second));
  if (wants_csv(request)) {
    return csv_response(
        crossings_csv(page.crossings),
        file_name_of(filter.filter, Micros{0}, services.core->clock.now()) + "_crossings.csv");
  }
  json::array list;
  for (const traffic::CrossingRecord& crossing : page.crossings)
    list.push_back(crossing_json(crossing));
  json::value next = nullptr;
  if (page.has_more) {
    next = make_cursor(
        {to_rfc3339(page.crossings.back().at), std::to_string(page.crossings.back().id)});
  }
  return answer(200, json::object{{"crossings", std::move(list)}, {"next", std::move(next)}});
}

}  // namespace

void mount_crossings(http::Router& router, const std::shared_ptr<const TrafficServices>& services) {
  router.get(
      "/api/traffic/crossings",
      handler(services, {"camera", "types", "line", "direction", "from", "to", "limit", "cursor"},
              crossings));
}

}  // namespace vedette::api
