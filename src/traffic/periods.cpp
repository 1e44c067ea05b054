#include "traffic/periods.hpp"

#include <fmt/format.h>

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

}  // namespace

std::string_view name(Grain grain) {
  switch (grain) {
    case Grain::kFiveMinutes:
      return "5min";
    case Grain::kHour:
      return "hour";
    case Grain::kDay:
      return "day";
  }
  return "hour";
}

std::optional<Grain> grain_named(std::string_view text) {
  for (const Grain grain : {Grain::kFiveMinutes, Grain::kHour, Grain::kDay}) {
    if (text == name(grain)) return grain;
  }
  return std::nullopt;
}

Micros length_of(Grain grain) {
  switch (grain) {
    case Grain::kFiveMinutes:
      return 5min;
    case Grain::kHour:
      return 1h;
    case Grain::kDay:
      return 24h;
  }
  return 1h;
}

Instant Periods::start_of(Instant at) const {
  return floor_to(at + offset, length()) - offset;
}

bool Periods::is_of_hours() const {
  return grain != Grain::kFiveMinutes && offset % Micros{1h} == Micros{0};
}

std::string_view Periods::counts_table() const {
  return is_of_hours() ? "traffic_history" : "traffic_5min";
}

std::string_view Periods::counts_column() const {
  return is_of_hours() ? "report_hour" : "bucket";
}

std::string_view Periods::lines_table() const {
  return is_of_hours() ? "traffic_line_hour" : "traffic_line_5min";
}

std::string_view Periods::coverage_table() const {
  return is_of_hours() ? "coverage_hour" : "coverage_5min";
}

std::string Periods::start_sql(db::Dialect dialect, std::string_view column) const {
  const bool is_the_row = grain == (is_of_hours() ? Grain::kHour : Grain::kFiveMinutes);
  if (is_the_row) return std::string(column);
  return vedette::traffic::start_sql(dialect, column, length(), offset);
}

std::string start_sql(db::Dialect dialect, std::string_view column, Micros length, Micros offset) {
  if (offset == Micros{0}) return db::bucket_sql(dialect, column, length);
  const std::string local = db::plus_sql(dialect, column, std::to_string(offset.count()));
  return db::plus_sql(dialect, db::bucket_sql(dialect, local, length),
                      std::to_string(-offset.count()));
}

std::string intensity_sql(std::string_view vehicles, std::string_view coverage_us, Micros length) {
  return fmt::format(
      "CASE WHEN {1} = 0 THEN {0} * 3600000000.0 / {2} WHEN {1} < {3} THEN NULL ELSE {0} * "
      "3600000000.0 / {1} END",
      vehicles, coverage_us, length.count(), kLeastCoverage.count());
}

std::string density_sql(std::string_view samples, std::string_view coverage_us) {
  return fmt::format("CASE WHEN {1} < {2} THEN NULL ELSE {0} * 1000000.0 / {1} END", samples,
                     coverage_us, kLeastCoverage.count());
}

}  // namespace vedette::traffic
