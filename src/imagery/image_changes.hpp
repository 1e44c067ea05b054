// What changed among the images since the last look, in one question whatever the number of those
// who watch: the live list. Used by the API's event relay; blocks on the database; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "imagery/image_list.hpp"

namespace vedette::imagery {

struct ImageChanges {
  /// Where the next look begins.
  std::int64_t mark = 0;
  /// As they are now. On PostgreSQL one may come again in the next look, unchanged (same
  /// revision): nothing is missed that commits late.
  std::vector<Image> changed;
  struct Removed {
    std::string id;
    std::int64_t revision = 0;
  };
  std::vector<Removed> removed;
  /// More changed than `limit`: whoever watches reads the list anew.
  bool is_more = false;
  StatusCounts counts;
};

/// Where somebody begins who has read the list just now.
Result<std::int64_t> changes_mark(db::Session& session);
Result<ImageChanges> changes_since(db::Session& session, std::int64_t mark, int limit);

/// Forgets what was removed longer ago; how many.
Result<std::int64_t> prune_removed(db::Session& session, Instant before);

}  // namespace vedette::imagery
