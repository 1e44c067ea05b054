// What each line of a camera counted, by direction. For kpi.cpp; blocks on the database.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "traffic/kpi.hpp"

namespace vedette::db {
class Session;
}

namespace vedette::traffic {

struct LineQuestion {
  std::string camera;
  std::vector<std::string> types;  // empty: all
  Instant from{};
  Instant to{};
  Instant now{};
  Instant hours_from{};     // the first of the 24 hours
  Micros offset{0};         // of the zone in which hours begin
  double coverage_s = 0;    // of [from, to), for lines that were there all the time
  bool is_of_hours = true;  // counted from the sums of hours, else of five minutes
  bool is_part = false;     // counted from the single crossings (part_counts.hpp)
};
Result<std::vector<LineCount>> line_counts(db::Session& session, const LineQuestion& question);

}  // namespace vedette::traffic
