#include "db/sql.hpp"

#include <fmt/format.h>

namespace vedette::db {

std::string now_sql(Dialect dialect) {
  if (dialect == Dialect::kPostgres) return "clock_timestamp()";
  // Through whole milliseconds, because seconds times a million is not exact in a double.
  return "(CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000)";
}

std::string plus_sql(Dialect dialect, std::string_view instant, std::string_view micros) {
  if (dialect == Dialect::kSqlite) return fmt::format("({} + {})", instant, micros);
  return fmt::format("({} + ({}) * interval '1 microsecond')", instant, micros);
}

std::string elapsed_sql(Dialect dialect, std::string_view from, std::string_view to) {
  if (dialect == Dialect::kSqlite) return fmt::format("({} - {})", to, from);
  return fmt::format("(extract(epoch FROM ({} - {})) * 1000000)::bigint", to, from);
}

std::string bucket_sql(Dialect dialect, std::string_view column, Micros step) {
  const auto us = step.count();
  if (dialect == Dialect::kPostgres) {
    return fmt::format("date_bin(interval '{} microseconds', {}, '1970-01-01 00:00:00+00')", us,
                       column);
  }
  return fmt::format("({0} - (({0} % {1}) + {1}) % {1})", column, us);
}

}  // namespace vedette::db
