// All images in a few figures, as the original's home page shows them. Walks the tables: for
// somebody who asks now and then. Blocks on the database; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "imagery/image_list.hpp"

namespace vedette::imagery {

struct ImageStatistics {
  StatusCounts counts;
  std::int64_t analyzed = 0;
  std::int64_t recent = 0;  // uploaded since
  std::int64_t with_position = 0;
  // Means over the images that have the figure.
  std::optional<double> ndvi;
  std::optional<double> savi;
  std::optional<double> gndvi;
  std::optional<double> health_score;
  std::optional<double> confidence;
  std::map<std::string, std::int64_t> by_health;
};

Result<ImageStatistics> image_statistics(db::Session& session, Instant since);

}  // namespace vedette::imagery
