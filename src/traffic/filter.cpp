#include "traffic/filter.hpp"

#include <fmt/format.h>

namespace vedette::traffic {

void add_filter(db::Where& where, const Filter& filter, std::string_view time,
                std::string_view camera, std::string_view type) {
  where.any_of(camera, filter.cameras);
  if (!type.empty()) where.any_of(type, filter.types);
  if (filter.from) where.add(fmt::format("{} >= {}", time, where.param(*filter.from)));
  if (filter.to) where.add(fmt::format("{} < {}", time, where.param(*filter.to)));
}

}  // namespace vedette::traffic
