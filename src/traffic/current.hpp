// Who is in view: each camera's newest sample.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "traffic/filter.hpp"

namespace vedette::db {
class Session;
}

namespace vedette::traffic {

struct CurrentRow {
  std::string vehicle_type;
  std::int64_t track_id = 0;
  double x = 0;
  double y = 0;
  Instant last_update{};
  std::optional<Instant> first_seen;
  bool is_moving = false;
};

/// A camera's newest sample; `as_of` is absent when it never had one. No rows: nobody was in view
/// then.
struct CurrentCamera {
  std::string camera_id;
  std::optional<Instant> as_of;
  std::vector<CurrentRow> rows;
};
Result<std::vector<CurrentCamera>> current(db::Session& session, const Filter& filter);

}  // namespace vedette::traffic
