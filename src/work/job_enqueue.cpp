// How jobs come onto the queue.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <tuple>

#include "base/text.hpp"
#include "work/job_queue.hpp"
#include "work/job_sql.hpp"

namespace vedette::work {
namespace {

constexpr std::size_t kMostName = 200;   // of a kind
constexpr std::size_t kMostKey = 1'000;  // fits into an index entry
constexpr std::size_t kMostPayload = 1U << 20U;
constexpr int kMostPriority = 10'000;
constexpr int kTries = 5;

Result<void> check(const NewJob& job) {
  if (job.kind.empty() || job.kind.size() > kMostName || !is_clean_utf8(job.kind)) {
    return fail(ErrorCode::kInvalid, "A job needs a kind: a name of at most 200 bytes.");
  }
  if (job.priority < -kMostPriority || job.priority > kMostPriority) {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("The priority of a job of kind \"{}\" is {}; it must lie between -10000 "
                    "and 10000.",
                    job.kind, job.priority));
  }
  if (job.key && (job.key->empty() || job.key->size() > kMostKey || !is_clean_utf8(*job.key))) {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("The key of a job of kind \"{}\" must be text of 1 to 1000 bytes.", job.kind));
  }
  if (job.payload.size() > kMostPayload) {
    return fail(ErrorCode::kInvalid,
                fmt::format("The payload of a job of kind \"{}\" has {} bytes; at most 1 MiB is "
                            "taken. Store what is large elsewhere and name it in the payload.",
                            job.kind, job.payload.size()));
  }
  return {};
}

/// The database refused a value: of those that can be wrong by now it is the payload.
Error said_of(Error error, std::string_view kind) {
  if (error.code != ErrorCode::kInvalid) return error;
  error.message = fmt::format("The payload of a job of kind \"{}\" is not JSON.", kind);
  return error;
}

void tell(db::Session& session, std::string_view kind) {
  // Also of jobs for later: workers wait until the next one's time.
  session.notify(kJobReadyChannel, kind);
  session.notify(kJobChangeChannel, kind);
}

/// nullopt: another one has the key.
Result<std::optional<std::int64_t>> insert(db::Session& session, const NewJob& job) {
  const db::Dialect dialect = session.dialect();
  auto rows = session.query(
      fmt::format("insert into job (kind, payload, unique_key, priority, parent_id, run_at, rank, "
                  "created_at, waits_for) "
                  "select $1::text, $2::json, $3::text, $4, $5::bigint, run_at, {}, now, "
                  "case when run_at <= now then 'worker' else 'time' end "
                  "from (select now, coalesce($6::timestamptz, now) as run_at from (select {} as "
                  "now) as clock) "
                  "as times where true on conflict do nothing returning id",
                  db::plus_sql(dialect, "run_at", "-60000000 * $4"), db::now_sql(dialect)),
      {job.kind, job.payload, job.key, job.priority, job.parent, job.run_at});
  if (!rows) return fail(said_of(std::move(rows.error()), job.kind));
  if (rows->empty()) return std::nullopt;
  return rows->scalar<std::int64_t>();
}

Result<std::optional<std::int64_t>> alive_with_key(db::Session& session, const NewJob& job) {
  VEDETTE_TRY(rows, session.query(fmt::format("select id from job where kind = $1 and "
                                              "unique_key = $2 and {}",
                                              kAliveSql),
                                  {job.kind, *job.key}));
  if (rows.empty()) return std::nullopt;
  return rows.scalar<std::int64_t>();
}

}  // namespace

Result<Enqueued> enqueue(db::Session& session, const NewJob& job) {
  VEDETTE_CHECK(check(job));
  // The one that was in the way may end between the two looks.
  for (int i = 0; i < kTries; ++i) {
    VEDETTE_TRY(id, insert(session, job));
    if (id) {
      if (job.parent) VEDETTE_CHECK(add_children(session, *job.parent, 1));
      tell(session, job.kind);
      return Enqueued{.id = *id, .is_new = true};
    }
    if (!job.key) break;
    VEDETTE_TRY(other, alive_with_key(session, job));
    if (other) return Enqueued{.id = *other, .is_new = false};
  }
  return fail(
      ErrorCode::kUnavailable,
      fmt::format("A job of kind \"{}\" cannot be enqueued: others with its key come and go "
                  "too quickly. Try again.",
                  job.kind));
}

Result<std::int64_t> enqueue_all(db::Session& session, std::span<const NewJob> jobs) {
  if (jobs.empty()) return 0;
  for (const NewJob& job : jobs) VEDETTE_CHECK(check(job));
  const db::Dialect dialect = session.dialect();
  VEDETTE_TRY(clock, session.query(fmt::format("select {} as now", db::now_sql(dialect))));
  const auto now = clock.scalar<Instant>();

  // Those with a key may be there already; of those of one parent it must be known how many are
  // new.
  std::vector<const NewJob*> order;
  order.reserve(jobs.size());
  for (const NewJob& job : jobs) order.push_back(&job);
  // By key, so that two who enqueue the same keys do not wait for each other crosswise. The others
  // stay as they came: equal ones are taken in the order of their ids.
  std::ranges::stable_sort(order, {}, [](const NewJob* job) {
    return job->key ? std::make_tuple(true, job->parent.value_or(0), std::string_view(job->kind),
                                      std::string_view(*job->key))
                    : std::make_tuple(false, job->parent.value_or(0), std::string_view(),
                                      std::string_view());
  });
  std::set<std::string_view> kinds;
  std::map<std::int64_t, std::int64_t> children;
  std::int64_t all = 0;
  for (auto begin = order.begin(); begin != order.end();) {
    const bool has_key = (*begin)->key.has_value();
    const auto parent = (*begin)->parent;
    db::BulkInsert rows("job", {"kind", "payload", "unique_key", "priority", "parent_id", "run_at",
                                "rank", "created_at", "waits_for"});
    if (has_key) rows.on_conflict("on conflict do nothing");
    for (;
         begin != order.end() && (*begin)->key.has_value() == has_key && (*begin)->parent == parent;
         ++begin) {
      const NewJob& job = **begin;
      const Instant run_at = job.run_at.value_or(now);
      rows.add(job.kind, job.payload, job.key, job.priority, job.parent, run_at,
               run_at - std::chrono::minutes(job.priority), now, run_at <= now ? "worker" : "time");
      kinds.insert(job.kind);
    }
    auto inserted = session.insert(rows);
    if (!inserted) return fail(said_of(std::move(inserted.error()), jobs.front().kind));
    if (parent) children[*parent] += *inserted;
    all += *inserted;
  }
  for (const auto& [parent, count] : children) {
    VEDETTE_CHECK(add_children(session, parent, count));
  }
  for (const std::string_view kind : kinds) tell(session, kind);
  return all;
}

}  // namespace vedette::work
