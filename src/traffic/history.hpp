// History by period, read back. Used by the API and the command line; blocks on the database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "traffic/filter.hpp"
#include "traffic/periods.hpp"

namespace vedette::db {
class Database;
}

namespace vedette::traffic {

struct HistoryRow {
  Instant report_hour{};  // start of the period
  std::string camera_id;
  std::string camera;  // its name; the id when the camera is gone
  std::string vehicle_type;
  std::optional<double> intensity;
  std::optional<double> density;
  double coverage_s = 0;
  std::int64_t crossings = 0;
  std::int64_t vehicles = 0;
  bool is_partial = false;
};
struct Coverage {
  Instant report_hour{};
  std::string camera_id;
  double coverage_s = 0;
};
/// Where a page of history ends: the next one goes on below.
struct HistoryCursor {
  Instant report_hour{};
  std::string camera_id;
  std::string vehicle_type;
};
struct HistoryPage {
  std::vector<HistoryRow> rows;    // newest first, then by camera and type
  std::vector<Coverage> coverage;  // of all periods of the page, also where nobody came
  std::optional<HistoryCursor> next;
};
/// Rows that the original program left in the table (no watched time known) are not among them.
/// `now` decides which period is still running. A page may have fewer than `limit` rows, even none,
/// and a next one, where its periods have much coverage and few rows.
Result<HistoryPage> history(db::Database& database, const Filter& filter, const Periods& periods,
                            int limit, const std::optional<HistoryCursor>& after, Instant now);

struct LineHistoryRow {
  Instant report_hour{};
  std::string camera_id;
  std::string camera;
  std::string line_id;
  std::string line;
  std::string direction;
  std::string label;  // the direction in words
  std::string vehicle_type;
  std::int64_t vehicles = 0;
  std::optional<double> intensity;  // vehicles an hour; absent also where the line came in between
  double coverage_s = 0;            // since the line is there
  std::optional<Instant> since;     // the line counts; absent: not known (recordings of the past)
  bool is_partial = false;
};
struct LineHistoryCursor {
  Instant report_hour{};
  std::string camera_id;
  std::string line_id;
  std::string direction;
  std::string vehicle_type;
};
struct LineHistoryPage {
  std::vector<LineHistoryRow> rows;  // newest first, then by camera, line, direction and type
  std::optional<LineHistoryCursor> next;
};
Result<LineHistoryPage> line_history(db::Database& database, const LineFilter& filter,
                                     const Periods& periods, int limit,
                                     const std::optional<LineHistoryCursor>& after, Instant now);

}  // namespace vedette::traffic
