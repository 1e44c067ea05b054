// GET /api/traffic/history: the figures by period, as JSON and CSV.
#include "traffic/history.hpp"

#include <fmt/format.h>

#include <utility>

#include "api/answers.hpp"
#include "api/csv.hpp"
#include "api/handlers.hpp"
#include "api/query.hpp"
#include "api/response_cache.hpp"
#include "api/traffic/filter_query.hpp"
#include "api/traffic/routes.hpp"
#include "db/database.hpp"
#include "traffic/kpi.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

constexpr std::string_view kJson = "application/json";

json::object history_row_json(const traffic::HistoryRow& row) {
  return {{"report_hour", to_rfc3339(row.report_hour)},
          {"camera_id", row.camera_id},
          {"vehicle_type", row.vehicle_type},
          {"avg_speed", nullptr},
          {"intensity", rounded_or_null(row.intensity, 10)},
          {"density", rounded_or_null(row.density, 1000)},
          {"coverage_s", rounded(row.coverage_s, 1000)},
          {"crossings", row.crossings},
          {"vehicles", row.vehicles},
          {"partial", row.is_partial}};
}

std::string history_json(const traffic::HistoryPage& page, traffic::Grain grain) {
  json::array rows;
  for (const traffic::HistoryRow& row : page.rows) rows.push_back(history_row_json(row));
  json::array coverage;
  for (const traffic::Coverage& one : page.coverage) {
    coverage.push_back(json::object{{"report_hour", to_rfc3339(one.report_hour)},
                                    {"camera_id", one.camera_id},
                                    {"coverage_s", rounded(one.coverage_s, 1000)}});
  }
  json::value next = nullptr;
  if (page.next) {
    next = make_cursor(
        {to_rfc3339(page.next->report_hour), page.next->camera_id, page.next->vehicle_type});
  }
  return to_text(json::object{{"grain", traffic::name(grain)},
                              {"rows", std::move(rows)},
                              {"coverage", std::move(coverage)},
                              {"speed_reason", traffic::kNoSpeedReason},
                              {"next", std::move(next)}});
}

std::string history_csv(const traffic::HistoryPage& page) {
  std::string text =
      "report_hour,camera_id,vehicle_type,avg_speed,intensity,density,coverage_s,crossings,"
      "vehicles,partial\r\n";
  for (const traffic::HistoryRow& row : page.rows) {
    text += fmt::format("{},{},{},,{},{},{:.3f},{},{},{}\r\n", to_rfc3339(row.report_hour),
                        csv_field(row.camera_id), csv_field(row.vehicle_type),
                        row.intensity ? fmt::format("{:.1f}", *row.intensity) : "",
                        row.density ? fmt::format("{:.3f}", *row.density) : "", row.coverage_s,
                        row.crossings, row.vehicles, row.is_partial);
  }
  return text;
}

std::string history_key(const http::Request& request) {
  return fmt::format(
      "{} {}", wants_csv(request) ? "csv" : "json",
      request.target.substr(std::min(request.target.find('?'), request.target.size())));
}

http::Response history_response(const http::Request& request, ResponseCache::Body body) {
  http::Response response = http::cached(std::move(body));
  response.set("vary", "accept");
  if (wants_csv(request))
    response.set("content-disposition", "attachment; filename=\"traffic-history.csv\"");
  return response;
}

Answer history(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(
      body, services.history_cache.get(history_key(request), [&]() -> Result<ResponseCache::Body> {
        VEDETTE_TRY(filter, filter_of(request));
        VEDETTE_TRY(limit, limit_of(request));
        VEDETTE_TRY(keys, cursor_of(request, 3));
        const auto grain = traffic::grain_named(request.query("grain").value_or("hour"));
        if (!grain) return bad_parameter("grain", "'grain' must be 5min, hour or day.");
        std::optional<traffic::HistoryCursor> after;
        if (!keys.empty()) {
          const auto hour = from_rfc3339(keys[0]);
          if (!hour)
            return bad_parameter("cursor", "'cursor' must be the `next` of an earlier answer.");
          after = traffic::HistoryCursor{*hour, keys[1], keys[2]};
        }
        VEDETTE_TRY(page, traffic::history(services.core->database, filter, *grain, limit, after,
                                           services.core->clock.now()));
        if (wants_csv(request)) return http::CachedBody::make(std::string(kCsv), history_csv(page));
        return http::CachedBody::make(std::string(kJson), history_json(page, *grain));
      }));
  return history_response(request, std::move(body));
}

}  // namespace

void mount_history(http::Router& router, const std::shared_ptr<const TrafficServices>& services) {
  // Mostly the answer was made already, for another viewer.
  const auto at_hand = [services](const http::Request& request) -> std::optional<http::Response> {
    auto body = services->history_cache.find(history_key(request));
    if (!body) return std::nullopt;
    return history_response(request, std::move(body));
  };
  router.get("/api/traffic/history", handler(services, history), {.at_hand = at_hand});
  router.get("/api/traffic/history.csv", handler(services, history), {.at_hand = at_hand});
}

}  // namespace vedette::api
