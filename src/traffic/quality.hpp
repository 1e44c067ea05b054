// What was not seen, and why: the entries that loops make in quality_log, and the gaps in the
// watched time that no entry explains.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "traffic/filter.hpp"
#include "work/loop.hpp"

namespace vedette::db {
class Database;
class Session;
}  // namespace vedette::db

namespace vedette::traffic {

struct QualityNote;

/// A gap that nobody noted has a negative id.
struct QualityIssue {
  std::int64_t id = 0;
  std::string camera_id;
  std::string issue;
  std::optional<std::string> cause;
  Instant from{};
  std::optional<Instant> to;
};
struct QualityPage {
  std::vector<QualityIssue> issues;  // newest first
  bool has_more = false;
};
Result<QualityPage> quality(db::Database& database, const Filter& filter, int limit,
                            std::optional<Instant> before, std::int64_t before_id);

/// Opens the camera's entry that says why nothing is seen and closes any other; one with the same
/// issue that is open stays. kFenced: somebody else holds the camera now.
Result<void> note_outage(db::Database& database, const work::Fence& fence,
                         std::string_view camera_id, std::string_view issue,
                         std::string_view cause);

/// Within a transaction. A state that has begun already, or has ended, stays as it is.
Result<void> note_quality(db::Session& session, std::string_view camera_id,
                          const QualityNote& note);

/// Notes that the camera was not watched for so long because of the database.
Result<void> note_past_outage(db::Database& database, const work::Fence& fence,
                              std::string_view camera_id, const work::Outage& outage);

/// Closes the camera's open entries, within a transaction: it is seen again.
Result<void> end_outages(db::Session& session, std::string_view camera_id);

}  // namespace vedette::traffic
