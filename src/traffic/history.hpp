// History by period, read back. Used by the API and the command line; blocks on the database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "traffic/filter.hpp"
#include "traffic/grain.hpp"

namespace vedette::db {
class Database;
}

namespace vedette::traffic {

struct HistoryRow {
  Instant report_hour{};  // start of the period
  std::string camera_id;
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
  std::vector<Coverage> coverage;  // of the same periods, also where nobody came
  std::optional<HistoryCursor> next;
};
/// Rows that the original program left in the table (no watched time known) are not among them.
/// `now` decides which period is still running. Days are UTC days.
Result<HistoryPage> history(db::Database& database, const Filter& filter, Grain grain, int limit,
                            const std::optional<HistoryCursor>& after, Instant now);

}  // namespace vedette::traffic
