#include "work/lease_store.hpp"

#include <fmt/format.h>

#include <utility>

#include "db/where.hpp"

namespace vedette::work {
namespace {

bool is_postgres(const db::Session& session) {
  return session.dialect() == db::Dialect::kPostgres;
}

std::string_view least(const db::Session& session) {
  return is_postgres(session) ? "least" : "min";
}
std::string_view greatest(const db::Session& session) {
  return is_postgres(session) ? "greatest" : "max";
}

// Where the present holding of a row ends when it ends now: a lease given back has its end in
// expires_at; one that ran out ended when it ran out. Never before its beginning, even when the
// database's clock was set back meanwhile, so that intervals stay in order.
std::string end_sql(const db::Session& session, std::string_view now) {
  return fmt::format(
      "case when holder is null then expires_at else {}(acquired_at, {}(expires_at, {})) end",
      greatest(session), least(session), now);
}

}  // namespace

LeaseStore::LeaseStore(std::string holder, std::string process, LeaseOptions options)
    : holder_(std::move(holder)), process_(std::move(process)), options_(options) {}

Result<std::vector<LeaseView>> LeaseStore::look(db::Session& session,
                                                std::span<const std::string> names) {
  if (names.empty()) return std::vector<LeaseView>{};
  db::Where where;
  where.any_of("name", names);
  const std::string now = db::now_sql(session.dialect());
  VEDETTE_TRY(
      rows,
      session.query(
          fmt::format("select name, token, holder, process, renewed_at, {} as left_us, "
                      "renewed_at > {} as is_in_future, finished_edition, finished_at from lease{}",
                      db::elapsed_sql(session.dialect(), now, "expires_at"), now, where.text()),
          where.values()));
  std::vector<LeaseView> views;
  views.reserve(rows.size());
  for (const db::Row row : rows) {
    views.push_back({.name = row.get<std::string>("name"),
                     .token = row.get<std::int64_t>("token"),
                     .holder = row.get<std::optional<std::string>>("holder"),
                     .process = row.get<std::string>("process"),
                     .renewed_at = row.get<Instant>("renewed_at"),
                     .left = Micros(row.get<std::int64_t>("left_us")),
                     .is_in_future = row.get<bool>("is_in_future"),
                     .finished_edition = row.get<std::optional<std::string>>("finished_edition"),
                     .finished_at = row.get<std::optional<Instant>>("finished_at")});
  }
  return views;
}

Result<void> LeaseStore::introduce(db::Session& session, std::string_view name) const {
  const std::string now = db::now_sql(session.dialect());
  // A row that was lost must not make tokens begin anew.
  VEDETTE_CHECK(session.execute(
      fmt::format("insert into lease (name, token, acquired_at, renewed_at, expires_at) "
                  "select $1::text, coalesce((select max(token) from lease_history "
                  "where name = $1::text), 0), {0}, {0}, {0} where true "
                  "on conflict (name) do nothing",
                  now),
      {name}));
  return {};
}

Result<std::optional<Claim>> LeaseStore::claim(db::Session& session, std::string_view name,
                                               const LeaseView* unchanged,
                                               std::string_view edition) const {
  const db::Dialect dialect = session.dialect();
  // A token must never be given out twice, so a take-over waits for the disk even where the server
  // is told not to: synchronous_commit = off loses the last commits when the server crashes.
  if (is_postgres(session)) {
    VEDETTE_CHECK(
        session.query("select set_config('synchronous_commit', 'on', true) "
                      "where current_setting('synchronous_commit') = 'off'"));
  }
  // One moment for all: PostgreSQL's clock goes on within a statement, and one holding would end
  // after the next had begun.
  const std::string_view now = "(select now from moment)";
  const std::string end = end_sql(session, now);
  // SKIP LOCKED: whoever writes under the lease at this moment, or takes it, is not waited for, so
  // that the renewals of this process are never held up by somebody else's transaction.
  const std::string sql = fmt::format(
      "with moment as materialized (select {clock} as now) "
      "update lease set previous_holder = holder, previous_process = process, "
      "previous_ended_at = {end}, holder = $2, process = $3, token = token + 1, "
      "acquired_at = {greatest}({now}, {end}), renewed_at = {now}, expires_at = {expires}, "
      "finished_edition = null, finished_at = null "
      "where name = (select name from lease where name = $1 and "
      "(holder is null or holder = $2 or expires_at <= {now} or (token = $5 and renewed_at = $6)) "
      "and (finished_edition is null or finished_edition <> $7) "
      "{lock}) "
      "returning token, acquired_at, previous_holder, previous_process, previous_ended_at",
      fmt::arg("clock", db::now_sql(dialect)), fmt::arg("end", end), fmt::arg("now", now),
      fmt::arg("greatest", greatest(session)),
      fmt::arg("expires", db::plus_sql(dialect, now, "$4")),
      fmt::arg("lock", is_postgres(session) ? "for update skip locked" : ""));
  VEDETTE_TRY(rows, session.query(sql, {name, holder_, process_, options_.row_life().count(),
                                        unchanged ? unchanged->token : std::int64_t{-1},
                                        unchanged ? unchanged->renewed_at : Instant{}, edition}));
  if (rows.empty()) return std::nullopt;
  const db::Row row = rows.front();
  Claim claim{.token = row.get<std::int64_t>("token"),
              .previous_holder = row.get<std::optional<std::string>>("previous_holder"),
              .previous_process = row.get<std::string>("previous_process"),
              .previous_ended_at = row.get<std::optional<Instant>>("previous_ended_at")};
  VEDETTE_CHECK(remember(session, name, claim, row.get<Instant>("acquired_at")));
  return claim;
}

Result<void> LeaseStore::remember(db::Session& session, std::string_view name, const Claim& claim,
                                  Instant acquired_at) const {
  if (claim.previous_holder) {
    VEDETTE_CHECK(
        session.execute("update lease_history set ended_at = $3, ended_by = $4 "
                        "where name = $1 and token = $2 and ended_at is null",
                        {name, claim.token - 1, claim.previous_ended_at,
                         *claim.previous_holder == holder_ ? "reclaimed" : "expired"}));
  }
  VEDETTE_CHECK(
      session.execute("insert into lease_history (name, token, holder, process, acquired_at) "
                      "values ($1, $2, $3, $4, $5)",
                      {name, claim.token, holder_, process_, acquired_at}));
  VEDETTE_CHECK(session.execute("delete from lease_history where name = $1 and token <= $2",
                                {name, claim.token - options_.history}));
  return {};
}

Result<bool> LeaseStore::renew(db::Session& session, std::string_view name,
                               std::int64_t token) const {
  const std::string now = db::now_sql(session.dialect());
  VEDETTE_TRY(changed,
              session.execute(fmt::format("update lease set renewed_at = {}, expires_at = {} "
                                          "where name = $1 and token = $2 and holder = $3",
                                          now, db::plus_sql(session.dialect(), now, "$4")),
                              {name, token, holder_, options_.row_life().count()}));
  return changed == 1;
}

Result<void> LeaseStore::release(db::Session& session, std::string_view name, std::int64_t token,
                                 const std::string* finished) const {
  const std::string now = db::now_sql(session.dialect());
  std::optional<std::string> edition;
  if (finished != nullptr) edition = *finished;
  VEDETTE_TRY(rows, session.query(fmt::format("update lease set expires_at = {}, holder = null, "
                                              "finished_edition = $4, finished_at = {} "
                                              "where name = $1 and token = $2 and holder = $3 "
                                              "returning expires_at",
                                              end_sql(session, now), finished ? now : "null"),
                                  {name, token, holder_, edition}));
  if (rows.empty()) return {};
  VEDETTE_CHECK(
      session.execute("update lease_history set ended_at = $3, ended_by = 'released' "
                      "where name = $1 and token = $2 and ended_at is null",
                      {name, token, rows.scalar<Instant>()}));
  session.notify(kLeaseChannel, name);
  return {};
}

}  // namespace vedette::work
