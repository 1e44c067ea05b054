#include "work/lease.hpp"

#include <fmt/format.h>

namespace vedette::work {

Result<void> Fence::check(db::Session& session) const {
  if (name.empty()) return {};
  const bool is_postgres = session.dialect() == db::Dialect::kPostgres;
  VEDETTE_TRY(
      rows,
      session.query(fmt::format("select token, holder is not null and expires_at > {} "
                                "as is_valid from lease where name = $1 {}",
                                db::now_sql(session.dialect()), is_postgres ? "for key share" : ""),
                    {name}));
  if (rows.empty()) {
    return fail(ErrorCode::kFenced, fmt::format("There is no lease \"{}\".", name));
  }
  if (rows.front().get<std::int64_t>("token") != token) {
    return fail(ErrorCode::kFenced,
                fmt::format("The lease \"{}\" has been taken over; this attempt ({}) may not write "
                            "any more.",
                            name, token));
  }
  if (!rows.front().get<bool>("is_valid")) {
    return fail(ErrorCode::kFenced,
                fmt::format("The lease \"{}\" has run out; this attempt ({}) may not write any "
                            "more.",
                            name, token));
  }
  return {};
}

Result<std::vector<Holding>> lease_history(db::Database& database, std::string_view name,
                                           int limit) {
  return database.read([&](db::Session& session) -> Result<std::vector<Holding>> {
    VEDETTE_TRY(rows,
                session.query("select h.token, h.holder, h.process, h.acquired_at, h.ended_at, "
                              "h.ended_by, case when h.ended_at is null then l.expires_at end "
                              "as expires_at from lease_history h left join lease l "
                              "on l.name = h.name and l.token = h.token "
                              "where h.name = $1 order by h.token desc limit $2",
                              {name, limit}));
    std::vector<Holding> holdings;
    holdings.reserve(rows.size());
    for (const db::Row row : rows) {
      holdings.push_back({.name = std::string(name),
                          .token = row.get<std::int64_t>("token"),
                          .holder = row.get<std::string>("holder"),
                          .process = row.get<std::string>("process"),
                          .acquired_at = row.get<Instant>("acquired_at"),
                          .ended_at = row.get<std::optional<Instant>>("ended_at"),
                          .expires_at = row.get<std::optional<Instant>>("expires_at"),
                          .ended_by = row.get<std::string>("ended_by")});
    }
    return holdings;
  });
}

}  // namespace vedette::work
