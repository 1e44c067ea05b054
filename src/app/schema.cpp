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
    std::ranges::sort(all, {}, &db::Migration::version);
    return all;
  }();
  return kAll;
}

Result<int> applied_version(db::Database& database) {
  return database.read([](db::Session& session) -> Result<int> {
    const bool is_sqlite = session.dialect() == db::Dialect::kSqlite;
    VEDETTE_TRY(
        tables,
        session.query(is_sqlite ? "SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'"
                                : "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = "
                                  "'vedette' AND tablename = 'schema_migrations'"));
    if (tables.empty()) return 0;
    VEDETTE_TRY(rows, session.query("SELECT coalesce(max(version), 0) FROM schema_migrations"));
    return rows.scalar<int>();
  });
}

std::optional<std::filesystem::path> sqlite_file(std::string_view url) {
  constexpr std::string_view kScheme = "sqlite:";
  if (!url.starts_with(kScheme) || url.starts_with("sqlite::")) return std::nullopt;
  return std::filesystem::path(url.substr(kScheme.size()));
}

}  // namespace vedette::app
