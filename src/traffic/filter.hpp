// Which rows a question about traffic is about. Used by what reads the traffic tables.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "db/where.hpp"

namespace vedette::traffic {

struct Filter {
  std::vector<std::string> cameras;  // empty: all
  std::vector<std::string> types;    // empty: all
  std::optional<Instant> from;       // inclusive
  std::optional<Instant> to;         // exclusive
};

struct LineFilter {
  Filter filter = {};
  std::string line = {};       // empty: all
  std::string direction = {};  // "a_to_b" or "b_to_a"; empty: both
};

/// Adds the filter on these columns; an empty `type` leaves the types out.
void add_filter(db::Where& where, const Filter& filter, std::string_view time,
                std::string_view camera, std::string_view type);

}  // namespace vedette::traffic
