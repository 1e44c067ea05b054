#include "traffic/filter.hpp"

#include <fmt/format.h>

#include <utility>

namespace vedette::traffic {

std::string Where::param(db::Value value) {
  values_.push_back(std::move(value));
  return fmt::format("${}", values_.size());
}

void Where::add(std::string condition) {
  text_ += (text_.empty() ? " WHERE " : " AND ") + std::move(condition);
}

void Where::any_of(std::string_view column, const std::vector<std::string>& wanted) {
  if (wanted.empty()) return;
  std::string list;
  for (const std::string& one : wanted) list += (list.empty() ? "" : ", ") + param(one);
  add(fmt::format("{} IN ({})", column, list));
}

void Where::apply(const Filter& filter, std::string_view time, std::string_view camera,
                  std::string_view type) {
  any_of(camera, filter.cameras);
  if (!type.empty()) any_of(type, filter.types);
  if (filter.from) add(fmt::format("{} >= {}", time, param(*filter.from)));
  if (filter.to) add(fmt::format("{} < {}", time, param(*filter.to)));
}

}  // namespace vedette::traffic
