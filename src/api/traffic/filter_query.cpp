#include "api/traffic/filter_query.hpp"

#include <utility>

#include "api/query.hpp"

namespace vedette::api {

Result<traffic::Filter> filter_of(const http::Request& request) {
  traffic::Filter filter;
  VEDETTE_TRY(cameras, list_of(request, "camera"));
  VEDETTE_TRY(types, list_of(request, "types"));
  VEDETTE_TRY(from, instant_of(request, "from"));
  VEDETTE_TRY(to, instant_of(request, "to"));
  if (from && to && *from >= *to) return bad_parameter("to", "'to' must be later than 'from'.");
  filter.cameras = std::move(cameras);
  filter.types = std::move(types);
  filter.from = from;
  filter.to = to;
  return filter;
}

}  // namespace vedette::api
