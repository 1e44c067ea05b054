// The counted crossings, one by one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "traffic/filter.hpp"

namespace vedette::db {
class Database;
class Session;
}  // namespace vedette::db

namespace vedette::traffic {

struct CrossingRecord {
  std::int64_t id = 0;
  Instant at{};
  std::string camera_id;
  std::string line_id;
  std::string line;  // the line's name
  std::string direction;
  std::string label;  // the direction in words
  std::int64_t track_id = 0;
  std::string vehicle_type;
  double x = 0;
  double y = 0;
  std::int64_t frame = 0;
};
struct CrossingPage {
  std::vector<CrossingRecord> crossings;  // newest first
  bool has_more = false;
};
/// Goes on below (`before`, `before_id`) where those are given.
Result<CrossingPage> crossings(db::Database& database, const LineFilter& filter, int limit,
                               std::optional<Instant> before, std::int64_t before_id);

/// Crossings of a camera that were stored after the one with this id, oldest first; for the live
/// feed. Ids of one camera rise in the order of their commits: one process at a time writes them.
Result<std::vector<CrossingRecord>> crossings_after(db::Session& session, std::string_view camera,
                                                    std::int64_t id, int limit);
/// 0 when there is none; of all cameras when none is named.
Result<std::int64_t> newest_crossing_id(db::Session& session,
                                        std::optional<std::string_view> camera = std::nullopt);
/// Those with crossings of a higher id.
Result<std::vector<std::string>> cameras_with_crossings_after(db::Session& session,
                                                              std::int64_t id);

}  // namespace vedette::traffic
