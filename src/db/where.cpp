#include "db/where.hpp"

#include <fmt/format.h>

#include <utility>

namespace vedette::db {

std::string Where::param(Value value) {
  values_.push_back(std::move(value));
  return fmt::format("${}", values_.size());
}

void Where::add(std::string condition) {
  text_ += (text_.empty() ? " WHERE " : " AND ") + std::move(condition);
}

void Where::any_of(std::string_view column, std::span<const std::string> wanted) {
  if (wanted.empty()) return;
  std::string list;
  for (const std::string& one : wanted) list += (list.empty() ? "" : ", ") + param(one);
  add(fmt::format("{} IN ({})", column, list));
}

}  // namespace vedette::db
