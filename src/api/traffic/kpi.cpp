// GET /api/traffic/kpi: the key figures of one camera.
#include "traffic/kpi.hpp"

#include <utility>

#include "api/answers.hpp"
#include "api/handlers.hpp"
#include "api/query.hpp"
#include "api/traffic/routes.hpp"
#include "db/database.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

json::object counted_json(const traffic::Counted& counted) {
  return {{"vehicles", or_null(counted.vehicles)},
          {"coverage_s", rounded(counted.coverage_s, 10)},
          {"period_s", rounded(counted.period_s, 10)}};
}

Answer kpi(const TrafficServices& services, const http::Request& request) {
  const auto camera = request.query("camera");
  if (!camera || camera->empty() || camera->size() > 64 ||
      camera->find('\0') != std::string_view::npos) {
    return bad_parameter("camera", "'camera' must be the id of a camera.");
  }
  VEDETTE_TRY(types, list_of(request, "types"));
  VEDETTE_TRY(from, instant_of(request, "from"));
  VEDETTE_TRY(to, instant_of(request, "to"));
  if (!from)
    return bad_parameter(
        "from", "'from' is missing: the start of the period, for example 2026-11-22T00:00:00Z.");
  const Instant now = services.core->clock.now();
  const Instant end = to.value_or(std::max(now, *from + Micros{1}));
  if (end <= *from) return bad_parameter("to", "'to' must be later than 'from'.");
  VEDETTE_TRY(offset, offset_of(request));
  VEDETTE_TRY(kpi, traffic::kpi(services.core->database, *camera, types, *from, end, now, offset));

  json::object last = counted_json(kpi.last_15_min);
  last["flow_per_h"] = rounded_or_null(kpi.flow_per_h, 10);
  json::array mix;
  for (const traffic::TypeShare& share : kpi.mix) {
    mix.push_back(json::object{{"vehicle_type", share.vehicle_type},
                               {"vehicles", share.vehicles},
                               {"share", rounded(share.share, 10000)}});
  }
  json::array lines;
  for (const traffic::LineCount& line : kpi.lines) {
    json::array by_hour;
    for (const auto& count : line.by_hour) by_hour.push_back(or_null(count));
    lines.push_back(json::object{{"line_id", line.line_id},
                                 {"name", line.name},
                                 {"direction", line.direction},
                                 {"label", line.label},
                                 {"since", or_null(line.since)},
                                 {"coverage_s", rounded(line.coverage_s, 10)},
                                 {"vehicles", or_null(line.vehicles)},
                                 {"by_hour", std::move(by_hour)}});
  }
  return answer(
      200, json::object{{"camera_id", *camera},
                        {"from", to_rfc3339(*from)},
                        {"to", to_rfc3339(end)},
                        {"as_of", to_rfc3339(now)},
                        {"since", to_rfc3339(kpi.since)},
                        {"counting", kpi.is_by_lines ? "lines" : "tracks"},
                        {"this_hour", counted_json(kpi.this_hour)},
                        {"last_15_min", std::move(last)},
                        {"last_60_min", counted_json(kpi.last_60_min)},
                        {"total", counted_json(kpi.total)},
                        {"speed", {{"median_kmh", nullptr}, {"reason", traffic::kNoSpeedReason}}},
                        {"mix", std::move(mix)},
                        {"hours_from", to_rfc3339(kpi.hours_from)},
                        {"lines", std::move(lines)}});
}

}  // namespace

void mount_kpi(http::Router& router, const std::shared_ptr<const TrafficServices>& services) {
  router.get("/api/traffic/kpi",
             handler(services, {"camera", "types", "from", "to", "offset"}, kpi));
}

}  // namespace vedette::api
