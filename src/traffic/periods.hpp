// The periods that history is given in: how long, where they begin, and the tables that hold them.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "db/sql.hpp"

namespace vedette::traffic {

enum class Grain { kFiveMinutes, kHour, kDay };
/// "5min", "hour", "day".
std::string_view name(Grain grain);
std::optional<Grain> grain_named(std::string_view text);
Micros length_of(Grain grain);

/// Less than this much watched time is not scaled to a whole hour.
inline constexpr Micros kLeastCoverage = std::chrono::minutes(1);

struct Periods {
  Grain grain = Grain::kHour;
  /// Of the zone in which hours and days begin, east of Greenwich; whole five minutes.
  Micros offset{0};

  Micros length() const { return length_of(grain); }
  /// Where the period of this instant begins.
  Instant start_of(Instant at) const;
  /// The finest table that is needed: hours where periods are made of whole ones.
  bool is_of_hours() const;
  /// "traffic_history", "report_hour" or "traffic_5min", "bucket".
  std::string_view counts_table() const;
  std::string_view counts_column() const;
  std::string_view lines_table() const;
  std::string_view coverage_table() const;
  /// The start of the period that a row of those tables at `column` lies in.
  std::string start_sql(db::Dialect dialect, std::string_view column) const;
};

/// The start of the hour or other length that `column` lies in, in a zone `offset` east of
/// Greenwich.
std::string start_sql(db::Dialect dialect, std::string_view column, Micros length, Micros offset);

/// The one telling of what is made of counts (contracts.md): vehicles in an hour, scaled by what
/// was watched of the period; null when less than kLeastCoverage was; unscaled where no watched
/// time is recorded at all (rows of other programs).
std::string intensity_sql(std::string_view vehicles, std::string_view coverage_us, Micros length);
/// The mean number of road users in view, from one sample a second and road user.
std::string density_sql(std::string_view samples, std::string_view coverage_us);

}  // namespace vedette::traffic
