// Counts of a period that begins or ends in the midst of five minutes, from the single crossings:
// the sums of five minutes cannot be parted. For kpi.cpp; blocks on the database.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "db/where.hpp"

namespace vedette::db {
class Session;
class Rows;
}  // namespace vedette::db

namespace vedette::traffic {

struct PartQuestion {
  std::string camera;
  std::vector<std::string> types;  // empty: all
  Instant from{};
  Instant to{};
};

/// Whether the period is to be counted so: it cuts five minutes, and every crossing that these sums
/// know of is still kept. Nothing came before `since`, or comes after `now`.
Result<bool> is_part(db::Session& session, const PartQuestion& question, Instant since,
                     Instant now);

/// (vehicle_type, road users that crossed a line).
Result<db::Rows> part_by_type(db::Session& session, const PartQuestion& question);
/// (line_id, direction, 0, crossings).
Result<db::Rows> part_by_line(db::Session& session, const PartQuestion& question);

}  // namespace vedette::traffic
