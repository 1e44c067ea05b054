// Taking jobs, and looking after those that run.
#include "work/job_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <tuple>

#include "base/text.hpp"
#include "work/job_queue.hpp"
#include "work/job_sql.hpp"
#include "work/worker.hpp"

namespace vedette::work {
namespace {

/// On PostgreSQL a claim does not wait for the disk. A server that crashes may forget it; then the
/// job waits again, the attempt that is under way is fenced, and a worker that gets the same
/// attempt again knows it (Worker::Engine::learn).
constexpr std::string_view kNoWaitForTheDisk = "set_config('synchronous_commit', 'off', true)";

/// Checks the lease as Fence::check, keeps it until the transaction ends, and on PostgreSQL tells
/// the planner, all in one round trip. The name of the process that holds it.
Result<std::string> hold(db::Session& session, const Fence& worker) {
  if (worker.name.empty()) {
    VEDETTE_CHECK(tune_planner(session));
    return std::string();
  }
  const db::Dialect dialect = session.dialect();
  VEDETTE_TRY(rows, session.query(
                        fmt::format("select process, {}, {} from lease where name = $1 and "
                                    "token = $2 and holder is not null and expires_at > {} {}",
                                    planner_sql(dialect),
                                    dialect == db::Dialect::kPostgres ? kNoWaitForTheDisk : "1",
                                    db::now_sql(dialect), only_postgres(dialect, "for key share")),
                        {worker.name, worker.token}));
  if (!rows.empty()) return rows.front().get<std::string>(0);
  VEDETTE_CHECK(worker.check(session));  // says what it is
  return fail(ErrorCode::kFenced, fmt::format("The lease \"{}\" has run out.", worker.name));
}

/// How many of the kind may still begin in the deployment. Whoever asks has the kind for himself
/// until his transaction ends: two that counted at once would both take the last place.
Result<std::int64_t> room_everywhere(db::Session& session, const ClaimRequest& request) {
  const db::Dialect dialect = session.dialect();
  VEDETTE_CHECK(
      session.execute("insert into job_kind (kind) select $1::text where not exists "
                      "(select 1 from job_kind where kind = $1::text) on conflict do nothing",
                      {request.kind}));
  VEDETTE_CHECK(session.query(fmt::format("select kind from job_kind where kind = $1 {}",
                                          only_postgres(dialect, "for no key update")),
                              {request.kind}));
  VEDETTE_TRY(rows, session.query("select count(*) from job where state = 'running' and kind = $1",
                                  {request.kind}));
  return request.at_once_everywhere - rows.scalar<std::int64_t>();
}

ClaimedJob claimed_from(const db::Row& row) {
  ClaimedJob job{.id = row.get<std::int64_t>(0),
                 .attempt = row.get<std::int64_t>(2),
                 .payload = row.get<std::string>(3)};
  const auto history = row.get<std::optional<std::string_view>>(4);
  if (!history) return job;
  std::string_view rest = *history;
  for (std::int64_t* member : {&job.failures, &job.crashes, &job.done, &job.children.completed,
                               &job.children.discarded, &job.children.cancelled}) {
    const auto number = cut(rest, ' ');
    std::from_chars(number.data(), number.data() + number.size(), *member);
  }
  return job;
}

/// What claimed_from() reads of a job's past, as one column: each costs the server as much as a
/// part of the claim, and nearly no job has any.
constexpr const char* kHistorySql =
    "case when failures = 0 and crashes = 0 and done = 0 and children_completed = 0 and "
    "children_discarded = 0 and children_cancelled = 0 then null else "
    "failures || ' ' || crashes || ' ' || done || ' ' || children_completed || ' ' || "
    "children_discarded || ' ' || children_cancelled end";

}  // namespace

std::string claim_sql(db::Dialect dialect, bool only_unsuspected) {
  // By their place in the table, which spares PostgreSQL to look each up again by its id. One that
  // was changed in this very moment and is ready still is locked in its new place, which the
  // statement does not see: the next claim takes it.
  const bool is_postgres = dialect == db::Dialect::kPostgres;
  const std::string wanted = fmt::format(
      "select {} from job{} where kind = $3 and waits_for = 'worker' and (rank, id) >= ($4, $5){} "
      "and not exists (select 1 from job_kind where kind = $3 and is_paused) "
      "order by rank, id limit $6 {}",
      is_postgres ? "ctid" : "id", indexed_by(dialect, "job_ready"),
      only_unsuspected ? " and crashes = 0" : "", only_postgres(dialect, "for update skip locked"));
  return fmt::format(
      "update job set state = 'running', waits_for = null, attempt = attempt + 1, worker = $1, "
      "process = $2, started_at = {} where {} returning id, rank, attempt, payload, {}",
      db::now_sql(dialect),
      is_postgres ? fmt::format("ctid = any(array({}))", wanted) : id_among(dialect, wanted),
      kHistorySql);
}

Result<Claimed> claim_jobs(db::Session& session, const Fence& worker, const ClaimRequest& request) {
  const db::Dialect dialect = session.dialect();
  VEDETTE_TRY(process, hold(session, worker));
  std::int64_t limit = request.limit;
  if (request.at_once_everywhere > 0) {
    VEDETTE_TRY(room, room_everywhere(session, request));
    limit = std::min(limit, room);
  }
  Claimed claimed;
  if (limit <= 0) return claimed;
  VEDETTE_TRY(rows, session.query(claim_sql(dialect, request.only_unsuspected),
                                  {worker.name, process, request.kind, request.from.rank,
                                   request.from.id, limit}));
  // In which order an UPDATE returns its rows is its own affair.
  std::vector<std::tuple<Instant, std::int64_t, std::size_t>> order;
  order.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    order.emplace_back(rows[i].get<Instant>(1), rows[i].get<std::int64_t>(0), i);
  }
  std::ranges::sort(order);
  claimed.jobs.reserve(rows.size());
  for (const auto& [rank, id, index] : order) {
    claimed.jobs.push_back(claimed_from(rows[index]));
    claimed.last = JobPlace{rank, id};
  }
  return claimed;
}

Result<std::vector<HeldJob>> held_jobs(db::Session& session, const Fence& worker) {
  VEDETTE_TRY(rows, session.query("select kind, id, attempt from job where state = 'running' and "
                                  "worker = $1 order by id",
                                  {worker.name}));
  std::vector<HeldJob> held;
  held.reserve(rows.size());
  for (const db::Row row : rows) {
    held.push_back({.kind = row.get<std::string>(0),
                    .id = row.get<std::int64_t>(1),
                    .attempt = row.get<std::int64_t>(2)});
  }
  return held;
}

Result<std::vector<Recalled>> note_progress(db::Session& session, const Fence& worker,
                                            std::span<const ProgressNote> notes) {
  if (notes.empty()) return std::vector<Recalled>{};
  if (notes.size() > 1) VEDETTE_CHECK(tune_planner(session));
  const db::Dialect dialect = session.dialect();
  std::string json = "[";
  std::vector<std::pair<std::int64_t, std::int64_t>> attempts;
  for (const ProgressNote& note : notes) {
    fmt::format_to(std::back_inserter(json),
                   R"({}{{"id":{},"attempt":{},"done":{},"total":{},"message":)",
                   attempts.empty() ? "" : ",", note.id, note.attempt, note.done, note.total);
    append_json_text(json, clean_text(note.message, kMostMessage));
    json += '}';
    attempts.emplace_back(note.id, note.attempt);
  }
  json += ']';
  // What a body holds for its own transaction is left out: it need not be told its own progress.
  const std::string_view unlocked = only_postgres(
      dialect, " and job.id in (select id from job where id = e.id for no key update skip locked)");
  VEDETTE_CHECK(session.execute(
      fmt::format(
          "update job set done = {}(job.done, e.done), total = e.total, "
          "message = e.message from {} where job.id = e.id and job.attempt = e.attempt "
          "and {}{}",
          dialect == db::Dialect::kPostgres ? "greatest" : "max",
          json_rows_sql(dialect, "id bigint,attempt bigint,done bigint,total bigint,message text"),
          runs_under_sql(dialect, "$2"), unlocked),
      {json, worker.name}));
  return recalled(session, worker, attempts);
}

Result<std::vector<Recalled>> recalled(
    db::Session& session, const Fence& worker,
    std::span<const std::pair<std::int64_t, std::int64_t>> attempts) {
  std::vector<Recalled> back;
  if (attempts.empty()) return back;
  if (attempts.size() > 1) VEDETTE_CHECK(tune_planner(session));
  std::string json = "[";
  for (const auto& [id, attempt] : attempts) {
    fmt::format_to(std::back_inserter(json), R"({}{{"id":{}}})", json.size() > 1 ? "," : "", id);
  }
  json += ']';
  VEDETTE_TRY(rows,
              session.query(fmt::format("select job.id, job.attempt, job.cancel_at is not null "
                                        "from {}, job where job.id = e.id and {}",
                                        json_rows_sql(session.dialect(), "id bigint"),
                                        runs_under_sql(session.dialect(), "$2")),
                            {json, worker.name}));
  std::map<std::pair<std::int64_t, std::int64_t>, bool> running;
  for (const db::Row row : rows) {
    running[{row.get<std::int64_t>(0), row.get<std::int64_t>(1)}] = row.get<bool>(2);
  }
  for (const auto& attempt : attempts) {
    const auto found = running.find(attempt);
    if (found == running.end()) {
      back.push_back({.id = attempt.first, .is_lost = true});
    } else if (found->second) {
      back.push_back({.id = attempt.first, .is_lost = false});
    }
  }
  return back;
}

Result<Outlook> look_for_jobs(db::Session& session, std::span<const KindLook> kinds,
                              const Fence& worker) {
  const db::Dialect dialect = session.dialect();
  std::vector<db::Value> params{db::Value(worker.name)};
  const auto param = [&](db::Value value) {
    params.push_back(std::move(value));
    return params.size();
  };
  std::string sql = fmt::format(
      "select 'worker' as what, name, {} as left_us from lease where name like '{}%' "
      "and name <> $1",
      dialect == db::Dialect::kPostgres ? "null::bigint" : "null", kWorkerLease);
  for (const KindLook& look : kinds) {
    const auto kind = param(look.kind);
    const auto rank = param(look.from.rank);
    const auto id = param(look.from.id);
    // `limit 1` and not `exists`: that would let the planner begin anywhere in the table.
    fmt::format_to(
        std::back_inserter(sql),
        " union all select 'ready', ${0}::text, null where "
        "(select id from job{1} where kind = ${0}::text and waits_for = 'worker' and "
        "(rank, id) >= (${2}, ${3}) order by rank, id limit 1) is not null "
        "and not exists (select 1 from job_kind where kind = ${0}::text and is_paused) "
        "union all select 'due', ${0}::text, {4} from (select run_at from job{5} "
        "where kind = ${0}::text and waits_for = 'time' and {6} order by run_at limit 1) as next",
        kind, indexed_by(dialect, "job_ready"), rank, id,
        db::elapsed_sql(dialect, db::now_sql(dialect), "run_at"), indexed_by(dialect, "job_later"),
        kLaterSql);
  }
  VEDETTE_TRY(rows, session.query(sql, params));
  Outlook outlook;
  for (const db::Row row : rows) {
    const auto what = row.get<std::string_view>(0);
    auto name = row.get<std::string>(1);
    if (what == "worker") {
      outlook.workers.push_back(std::move(name));
    } else if (what == "ready") {
      outlook.ready.push_back(std::move(name));
    } else {
      const Micros left(row.get<std::int64_t>(2));
      outlook.next_due = std::min(outlook.next_due.value_or(left), left);
    }
  }
  return outlook;
}

Result<std::int64_t> promote_due(db::Session& session, std::span<const std::string> kinds,
                                 int limit) {
  const db::Dialect dialect = session.dialect();
  VEDETTE_CHECK(tune_planner(session));
  const std::string due = fmt::format(
      "select id from job{} where kind = $1 and waits_for = 'time' and {} and run_at <= {} "
      "order by run_at limit $2 {}",
      indexed_by(dialect, "job_later"), kLaterSql, db::now_sql(dialect),
      only_postgres(dialect, "for update skip locked"));
  std::int64_t all = 0;
  for (const std::string& kind : kinds) {
    VEDETTE_TRY(promoted, session.execute(fmt::format("update job set state = 'available', "
                                                      "waits_for = 'worker' where {}",
                                                      id_among(dialect, due)),
                                          {kind, limit}));
    if (promoted == 0) continue;
    all += promoted;
    session.notify(kJobReadyChannel, kind);
    session.notify(kJobChangeChannel, kind);
  }
  return all;
}

}  // namespace vedette::work
