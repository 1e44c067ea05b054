// GET /api/traffic/history: what was counted by period, for cameras or for their lines and
// directions, as JSON and CSV.
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
#include "base/csv.hpp"
#include "db/database.hpp"
#include "traffic/kpi.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;
using Body = Result<ResponseCache::Body>;

constexpr std::string_view kJson = "application/json";
constexpr int kRowsAtOnce = 10'000;
// A file without a limit is whole, or is not given.
constexpr std::size_t kMostCsvRows = 100'000;

struct Question {
  traffic::LineFilter filter;
  traffic::Periods periods;
  bool is_by_line = false;
  int limit = 0;
  std::vector<std::string> cursor;
  Instant now{};
};

std::unexpected<Error> bad_cursor() {
  return bad_parameter("cursor", "'cursor' must be the `next` of an earlier answer.");
}

Result<Question> question_of(const http::Request& request, Instant now) {
  Question question;
  question.now = now;
  VEDETTE_TRY(filter, line_filter_of(request));
  question.filter = std::move(filter);
  VEDETTE_TRY(periods, periods_of(request));
  question.periods = periods;
  VEDETTE_TRY(limit, limit_of(request));
  question.limit = limit;
  const std::string_view by = request.query("by").value_or("camera");
  if (by != "camera" && by != "line") return bad_parameter("by", "'by' must be camera or line.");
  question.is_by_line = by == "line";
  for (const std::string_view name : {"line", "direction"}) {
    if (!question.is_by_line && request.query(name)) {
      return bad_parameter(
          name, fmt::format("'{}' chooses among lines: it goes with by=line only.", name));
    }
  }
  VEDETTE_TRY(cursor, cursor_of(request, question.is_by_line ? 5 : 3));
  question.cursor = std::move(cursor);
  return question;
}

Result<traffic::HistoryPage> page_of(const TrafficServices& services, const Question& question) {
  std::optional<traffic::HistoryCursor> after;
  if (const auto& keys = question.cursor; !keys.empty()) {
    const auto start = from_rfc3339(keys[0]);
    if (!start) return bad_cursor();
    after = traffic::HistoryCursor{*start, keys[1], keys[2]};
  }
  return traffic::history(services.core->database, question.filter.filter, question.periods,
                          question.limit, after, question.now);
}

std::vector<std::string> keys_of(const traffic::HistoryCursor& cursor) {
  return {to_rfc3339(cursor.report_hour), cursor.camera_id, cursor.vehicle_type};
}

Result<traffic::LineHistoryPage> lines_page_of(const TrafficServices& services,
                                               const Question& question) {
  std::optional<traffic::LineHistoryCursor> after;
  if (const auto& keys = question.cursor; !keys.empty()) {
    const auto start = from_rfc3339(keys[0]);
    if (!start) return bad_cursor();
    after = traffic::LineHistoryCursor{*start, keys[1], keys[2], keys[3], keys[4]};
  }
  return traffic::line_history(services.core->database, question.filter, question.periods,
                               question.limit, after, question.now);
}

std::vector<std::string> keys_of(const traffic::LineHistoryCursor& cursor) {
  return {to_rfc3339(cursor.report_hour), cursor.camera_id, cursor.line_id, cursor.direction,
          cursor.vehicle_type};
}

json::object row_json(const traffic::HistoryRow& row) {
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

json::object row_json(const traffic::LineHistoryRow& row) {
  return {{"report_hour", to_rfc3339(row.report_hour)},
          {"camera_id", row.camera_id},
          {"camera", row.camera},
          {"line_id", row.line_id},
          {"line", row.line},
          {"direction", row.direction},
          {"label", row.label},
          {"vehicle_type", row.vehicle_type},
          {"vehicles", row.vehicles},
          {"flow_per_h", rounded_or_null(row.intensity, 10)},
          {"coverage_s", rounded(row.coverage_s, 1000)},
          {"since", or_null(row.since)},
          {"partial", row.is_partial}};
}

template <class Page>
json::object page_json(const Page& page, const traffic::Periods& periods) {
  json::array rows;
  for (const auto& row : page.rows) rows.push_back(row_json(row));
  json::value next = nullptr;
  if (page.next) next = make_cursor(keys_of(*page.next));
  return {{"grain", traffic::name(periods.grain)},
          {"rows", std::move(rows)},
          {"next", std::move(next)}};
}

json::array coverage_json(const traffic::HistoryPage& page) {
  json::array coverage;
  for (const traffic::Coverage& one : page.coverage) {
    coverage.push_back(json::object{{"report_hour", to_rfc3339(one.report_hour)},
                                    {"camera_id", one.camera_id},
                                    {"coverage_s", rounded(one.coverage_s, 1000)}});
  }
  return coverage;
}

std::string text_of(const std::optional<double>& value, int decimals) {
  return value ? fmt::format("{:.{}f}", *value, decimals) : std::string();
}

void add_csv(std::string& text, const traffic::HistoryRow& row, Micros length) {
  text += fmt::format("{},{},{},{},{},{},{},{:.3f},{},{},{}\r\n", to_rfc3339(row.report_hour),
                      to_rfc3339(row.report_hour + length), csv_field(row.camera),
                      csv_field(row.vehicle_type), row.vehicles, text_of(row.intensity, 1),
                      text_of(row.density, 3), row.coverage_s, row.crossings, row.is_partial,
                      csv_field(row.camera_id));
}

void add_csv(std::string& text, const traffic::LineHistoryRow& row, Micros length) {
  text += fmt::format("{},{},{},{},{},{},{},{},{:.3f},{},{},{},{},{}\r\n",
                      to_rfc3339(row.report_hour), to_rfc3339(row.report_hour + length),
                      csv_field(row.camera), csv_field(row.line), csv_field(row.label),
                      csv_field(row.vehicle_type), row.vehicles, text_of(row.intensity, 1),
                      row.coverage_s, row.since ? to_rfc3339(*row.since) : "", row.is_partial,
                      csv_field(row.camera_id), csv_field(row.line_id), row.direction);
}

// All pages where no limit is asked for, else the one.
template <class Read>
Result<std::string> csv_of(const http::Request& request, Question question, Read read) {
  std::string text =
      question.is_by_line
          ? "start_utc,end_utc,camera,line,direction,vehicle_type,vehicles,vehicles_per_h,"
            "watched_s,counts_since_utc,partial,camera_id,line_id,direction_id\r\n"
          : "start_utc,end_utc,camera,vehicle_type,vehicles,vehicles_per_h,mean_in_view,watched_s,"
            "crossings,partial,camera_id\r\n";
  const bool is_whole = !request.query("limit");
  if (is_whole) question.limit = kRowsAtOnce;
  std::size_t rows = 0;
  while (true) {
    VEDETTE_TRY(page, read(question));
    rows += page.rows.size();
    if (rows > kMostCsvRows) {
      return bad_parameter("from", fmt::format("These are more than {} rows: ask for a shorter "
                                               "time, fewer cameras or a coarser grain.",
                                               kMostCsvRows));
    }
    for (const auto& row : page.rows) add_csv(text, row, question.periods.length());
    if (!is_whole || !page.next) return text;
    question.cursor = keys_of(*page.next);
  }
}

Result<std::string> text_of(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(question, question_of(request, services.core->clock.now()));
  if (question.is_by_line) {
    const auto read = [&](const Question& q) { return lines_page_of(services, q); };
    if (wants_csv(request)) return csv_of(request, question, read);
    VEDETTE_TRY(page, read(question));
    return to_text(page_json(page, question.periods));
  }
  const auto read = [&](const Question& q) { return page_of(services, q); };
  if (wants_csv(request)) return csv_of(request, question, read);
  VEDETTE_TRY(page, read(question));
  json::object answer = page_json(page, question.periods);
  answer["coverage"] = coverage_json(page);
  answer["speed_reason"] = traffic::kNoSpeedReason;
  return to_text(answer);
}

std::string history_key(const http::Request& request) {
  return fmt::format(
      "{} {}", wants_csv(request) ? "csv" : "json",
      request.target.substr(std::min(request.target.find('?'), request.target.size())));
}

http::Response history_response(const http::Request& request, ResponseCache::Body body,
                                Instant now) {
  http::Response response = http::cached(std::move(body));
  response.set("vary", "accept");
  if (wants_csv(request)) {
    // The answer is there, so both can be read.
    const auto filter = filter_of(request);
    const auto offset = offset_of(request);
    const std::string name = filter ? file_name_of(*filter, offset.value_or(Micros{0}), now)
                                    : std::string("traffic-history");
    response.set("content-disposition", fmt::format("attachment; filename=\"{}.csv\"", name));
  }
  return response;
}

Answer history(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(body, services.history_cache.get(history_key(request), [&]() -> Body {
    VEDETTE_TRY(text, text_of(services, request));
    return http::CachedBody::make(std::string(wants_csv(request) ? kCsv : kJson), std::move(text));
  }));
  return history_response(request, std::move(body), services.core->clock.now());
}

}  // namespace

void mount_history(http::Router& router, const std::shared_ptr<const TrafficServices>& services) {
  // Mostly the answer was made already, for another viewer.
  const auto at_hand = [services](const http::Request& request) -> std::optional<http::Response> {
    auto body = services->history_cache.find(history_key(request));
    if (!body) return std::nullopt;
    return history_response(request, std::move(body), services->core->clock.now());
  };
  const Parameters parameters{"camera", "types", "line",   "direction", "from",  "to",
                              "grain",  "by",    "offset", "limit",     "cursor"};
  for (const char* path : {"/api/traffic/history", "/api/traffic/history.csv"})
    router.get(path, handler(services, parameters, history), {.at_hand = at_hand});
}

}  // namespace vedette::api
