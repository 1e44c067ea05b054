// GET /api/traffic/...: who is in view, history, crossings, key figures, what was not seen.
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "api/answers.hpp"
#include "api/camera_json.hpp"
#include "api/csv.hpp"
#include "api/handlers.hpp"
#include "api/query.hpp"
#include "api/response_cache.hpp"
#include "api/services.hpp"
#include "db/database.hpp"
#include "traffic/crossings.hpp"
#include "traffic/current.hpp"
#include "traffic/history.hpp"
#include "traffic/kpi.hpp"
#include "traffic/quality.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kCsv = "text/csv; charset=utf-8";

double rounded(double value, double steps) {
  return std::round(value * steps) / steps;
}

json::value rounded_or_null(const std::optional<double>& value, double steps) {
  if (!value) return nullptr;
  return rounded(*value, steps);
}

// The client asks for CSV in words of its own, or by the address.
bool wants_csv(const http::Request& request) {
  if (request.path.ends_with(".csv")) return true;
  const auto accept = request.header("accept");
  return accept && accept->find("text/csv") != std::string_view::npos &&
         accept->find("application/json") == std::string_view::npos;
}

http::Response csv_response(std::string text, std::string_view name) {
  http::Response response = http::text(200, std::move(text), kCsv);
  response.set("content-disposition", fmt::format("attachment; filename=\"{}\"", name));
  return response;
}

Answer current(const Services& services, const http::Request& request) {
  VEDETTE_TRY(filter, filter_of(request));
  VEDETTE_TRY(cameras, services.database->read([&](db::Session& session) {
    return traffic::current(session, filter);
  }));
  json::array list;
  for (const traffic::CurrentCamera& camera : cameras) list.push_back(current_json(camera));
  return answer(
      200, json::object{{"cameras", std::move(list)}, {"speed_reason", traffic::kNoSpeedReason}});
}

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

Answer history(const Services& services, const http::Request& request) {
  VEDETTE_TRY(
      body, services.history_cache->get(history_key(request), [&]() -> Result<ResponseCache::Body> {
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
        VEDETTE_TRY(page, traffic::history(*services.database, filter, *grain, limit, after,
                                           services.clock->now()));
        if (wants_csv(request)) return http::CachedBody::make(std::string(kCsv), history_csv(page));
        return http::CachedBody::make(std::string(kJson), history_json(page, *grain));
      }));
  return history_response(request, std::move(body));
}

std::string crossings_csv(const std::vector<traffic::CrossingRecord>& crossings) {
  std::string text = "t,camera_id,line,direction,label,track_id,vehicle_type,x,y,frame\r\n";
  for (const traffic::CrossingRecord& c : crossings) {
    text += fmt::format("{},{},{},{},{},{},{},{:.1f},{:.1f},{}\r\n", to_rfc3339(c.at),
                        csv_field(c.camera_id), csv_field(c.line), c.direction, csv_field(c.label),
                        c.track_id, csv_field(c.vehicle_type), c.x, c.y, c.frame);
  }
  return text;
}

// (time, id) of a cursor that a page of records was ended with.
Result<std::pair<std::optional<Instant>, std::int64_t>> record_cursor(
    const http::Request& request) {
  VEDETTE_TRY(keys, cursor_of(request, 2));
  if (keys.empty()) return std::pair<std::optional<Instant>, std::int64_t>{};
  const auto time = from_rfc3339(keys[0]);
  const auto id = whole_number(keys[1], 0, std::int64_t{1} << 62);
  if (!time || !id)
    return bad_parameter("cursor", "'cursor' must be the `next` of an earlier answer.");
  return std::pair<std::optional<Instant>, std::int64_t>{time, *id};
}

Answer crossings(const Services& services, const http::Request& request) {
  VEDETTE_TRY(filter, filter_of(request));
  VEDETTE_TRY(limit, limit_of(request));
  VEDETTE_TRY(before, record_cursor(request));
  const std::string line(request.query("line").value_or(""));
  if (line.size() > 64 || line.find('\0') != std::string::npos) {
    return bad_parameter("line", "'line' must be the id of a line, at most 64 characters.");
  }
  VEDETTE_TRY(page, traffic::crossings(*services.database, filter, line, limit, before.first,
                                       before.second));
  if (wants_csv(request)) return csv_response(crossings_csv(page.crossings), "crossings.csv");
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

json::object counted_json(const traffic::Counted& counted) {
  return {{"vehicles", or_null(counted.vehicles)},
          {"coverage_s", rounded(counted.coverage_s, 10)},
          {"period_s", rounded(counted.period_s, 10)}};
}

Answer kpi(const Services& services, const http::Request& request) {
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
  const Instant now = services.clock->now();
  const Instant end = to.value_or(std::max(now, *from + Micros{1}));
  if (end <= *from) return bad_parameter("to", "'to' must be later than 'from'.");
  VEDETTE_TRY(kpi, traffic::kpi(*services.database, *camera, types, *from, end, now));

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
    lines.push_back(
        json::object{{"line_id", line.line_id},
                     {"name", line.name},
                     {"direction", line.direction},
                     {"label", line.label},
                     {"vehicles", line.vehicles},
                     {"by_hour", json::array(line.by_hour.begin(), line.by_hour.end())}});
  }
  return answer(
      200, json::object{{"camera_id", *camera},
                        {"from", to_rfc3339(*from)},
                        {"to", to_rfc3339(end)},
                        {"as_of", to_rfc3339(now)},
                        {"counting", kpi.is_by_lines ? "lines" : "tracks"},
                        {"this_hour", counted_json(kpi.this_hour)},
                        {"last_15_min", std::move(last)},
                        {"total", counted_json(kpi.total)},
                        {"speed", {{"median_kmh", nullptr}, {"reason", traffic::kNoSpeedReason}}},
                        {"mix", std::move(mix)},
                        {"lines", std::move(lines)}});
}

Answer quality(const Services& services, const http::Request& request) {
  VEDETTE_TRY(filter, filter_of(request));
  VEDETTE_TRY(limit, limit_of(request));
  VEDETTE_TRY(before, record_cursor(request));
  VEDETTE_TRY(page,
              traffic::quality(*services.database, filter, limit, before.first, before.second));
  const Instant now = services.clock->now();
  json::array list;
  for (const traffic::QualityIssue& issue : page.issues) {
    const bool is_gap = issue.to != issue.from;
    json::value missing = nullptr;
    if (is_gap)
      missing = rounded(to_seconds(issue.to.value_or(std::max(now, issue.from)) - issue.from), 10);
    list.push_back(json::object{{"id", issue.id},
                                {"camera_id", issue.camera_id},
                                {"issue", issue.issue},
                                {"cause", or_null(issue.cause)},
                                {"from", to_rfc3339(issue.from)},
                                {"to", or_null(issue.to)},
                                {"missing_s", std::move(missing)}});
  }
  json::value next = nullptr;
  if (page.has_more)
    next =
        make_cursor({to_rfc3339(page.issues.back().from), std::to_string(page.issues.back().id)});
  return answer(200, json::object{{"issues", std::move(list)}, {"next", std::move(next)}});
}

}  // namespace

void mount_traffic(http::Router& router, const std::shared_ptr<const Services>& services) {
  router.get("/api/traffic/current", handler(services, current));
  // Mostly the answer was made already, for another viewer.
  const auto at_hand = [services](const http::Request& request) -> std::optional<http::Response> {
    auto body = services->history_cache->find(history_key(request));
    if (!body) return std::nullopt;
    return history_response(request, std::move(body));
  };
  router.get("/api/traffic/history", handler(services, history), {.at_hand = at_hand});
  router.get("/api/traffic/history.csv", handler(services, history), {.at_hand = at_hand});
  router.get("/api/traffic/crossings", handler(services, crossings));
  router.get("/api/traffic/kpi", handler(services, kpi));
  router.get("/api/traffic/quality", handler(services, quality));
}

}  // namespace vedette::api
