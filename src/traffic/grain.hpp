// The lengths of the periods that traffic is summed over, and the tables that hold each.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.hpp"

namespace vedette::traffic {

enum class Grain { kFiveMinutes, kHour, kDay };
/// "5min", "hour", "day".
std::string_view name(Grain grain);
std::optional<Grain> grain_named(std::string_view text);
Micros length_of(Grain grain);

/// Where a grain's figures come from; days are summed from hours.
struct GrainTables {
  std::string_view counts;    // the table of vehicles, crossings and samples
  std::string_view period;    // its column of time
  std::string_view coverage;  // the table of watched time, by "bucket"
};
GrainTables tables_of(Grain grain);

}  // namespace vedette::traffic
