#include "app/schema.hpp"

#include <algorithm>
#include <vector>

#include "traffic/tables.hpp"
#include "work/tables.hpp"

namespace vedette::app {

std::span<const db::Migration> all_migrations() {
  static const auto kAll = [] {
    auto all = work::migrations();
    std::ranges::move(traffic::migrations(), std::back_inserter(all));
    return all;
  }();
  return kAll;
}

std::optional<std::filesystem::path> sqlite_file(std::string_view url) {
  constexpr std::string_view kScheme = "sqlite:";
  if (!url.starts_with(kScheme) || url.starts_with("sqlite::")) return std::nullopt;
  return std::filesystem::path(url.substr(kScheme.size()));
}

}  // namespace vedette::app
