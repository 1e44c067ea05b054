#include "api/traffic/filter_query.hpp"

#include <fmt/format.h>

#include <algorithm>
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

Result<traffic::LineFilter> line_filter_of(const http::Request& request) {
  VEDETTE_TRY(filter, filter_of(request));
  const std::string line(request.query("line").value_or(""));
  if (line.size() > 64 || line.find('\0') != std::string::npos)
    return bad_parameter("line", "'line' must be the id of a line, at most 64 characters.");
  const std::string direction(request.query("direction").value_or(""));
  if (!direction.empty() && direction != "a_to_b" && direction != "b_to_a")
    return bad_parameter("direction", "'direction' must be a_to_b or b_to_a.");
  return traffic::LineFilter{std::move(filter), line, direction};
}

Result<traffic::Periods> periods_of(const http::Request& request) {
  const auto grain = traffic::grain_named(request.query("grain").value_or("hour"));
  if (!grain) return bad_parameter("grain", "'grain' must be 5min, hour or day.");
  VEDETTE_TRY(offset, offset_of(request));
  return traffic::Periods{*grain, offset};
}

std::string file_name_of(const traffic::Filter& filter, Micros offset, Instant now) {
  std::string name = "all-cameras";
  if (filter.cameras.size() == 1) name = filter.cameras.front();
  if (filter.cameras.size() > 1) name = fmt::format("{}-cameras", filter.cameras.size());
  std::ranges::replace_if(
      name,
      [](char c) {
        return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                 c == '-' || c == '_' || c == '.');
      },
      '-');
  const auto day = [&](Instant at) { return to_rfc3339(at + offset).substr(0, 10); };
  const Instant end = std::min(filter.to.value_or(now), now);
  const std::string last = day(std::max(end - Micros{1}, filter.from.value_or(Instant::min())));
  if (!filter.from) return fmt::format("{}_until_{}", name, last);
  const std::string first = day(*filter.from);
  return first == last ? fmt::format("{}_{}", name, first)
                       : fmt::format("{}_{}_{}", name, first, last);
}

}  // namespace vedette::api
