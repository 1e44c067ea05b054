// What a direction is called, from a row that was joined with its line. Internal to traffic/.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "db/rows.hpp"
#include "traffic/camera.hpp"
#include "traffic/direction_names.hpp"

namespace vedette::traffic {

/// The columns that label_of() reads, of `camera_line l`.
inline constexpr std::string_view kLabelColumns = "l.a_to_b, l.b_to_a, l.x1, l.y1, l.x2, l.y2";

/// From those columns, beginning at `first`; empty where the line is gone from the database.
inline std::string label_of(const db::Row& row, std::size_t first, std::string_view direction) {
  const auto a_to_b = row.get<std::optional<std::string>>(first);
  if (!a_to_b) return {};
  Line line;
  line.a_to_b = *a_to_b;
  line.b_to_a = row.get<std::string>(first + 1);
  line.x1 = row.get<double>(first + 2);
  line.y1 = row.get<double>(first + 3);
  line.x2 = row.get<double>(first + 4);
  line.y2 = row.get<double>(first + 5);
  return direction_name(line, direction == "a_to_b" ? Direction::kAToB : Direction::kBToA);
}

}  // namespace vedette::traffic
