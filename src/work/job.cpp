#include "work/job.hpp"

#include <fmt/format.h>

#include "work/job_cell.hpp"
#include "work/job_queue.hpp"

namespace vedette::work {

// One statement for both: the job's row is kept from whoever would end it or take it over, the
// lease's from whoever would take that over (see Fence::check).
Result<void> JobFence::check(db::Session& session) const {
  if (job == 0) return {};
  const bool is_postgres = session.dialect() == db::Dialect::kPostgres;
  VEDETTE_TRY(
      rows,
      session.query(
          fmt::format("select j.state = 'running' and j.attempt = $2 and j.worker = $3 as is_own, "
                      "l.token = $4 and l.holder is not null and l.expires_at > {} as is_valid "
                      "from job j join lease l on l.name = $3 where j.id = $1 {}",
                      db::now_sql(session.dialect()),
                      is_postgres ? "for no key update of j for key share of l" : ""),
          {job, attempt, worker.name, worker.token}));
  if (rows.empty() || !rows.front().get<std::optional<bool>>("is_own").value_or(false)) {
    return fail(ErrorCode::kFenced,
                fmt::format("Job {} is no longer this attempt's ({}); it may not write any more.",
                            job, attempt));
  }
  if (!rows.front().get<std::optional<bool>>("is_valid").value_or(false)) {
    return fail(ErrorCode::kFenced,
                fmt::format("The lease that job {} is held by has run out; this attempt ({}) may "
                            "not write any more.",
                            job, attempt));
  }
  return {};
}

JobContext::JobContext(std::stop_token stop) : stop_(std::move(stop)) {}

JobContext::JobContext(std::shared_ptr<JobCell> cell)
    : cell_(std::move(cell)), stop_(cell_->stop_token()), fence_(cell_->fence()) {}

std::int64_t JobContext::failures() const {
  return cell_ ? cell_->job().failures : 0;
}

std::int64_t JobContext::crashes() const {
  return cell_ ? cell_->job().crashes : 0;
}

void JobContext::progress(std::int64_t done, std::int64_t total, std::string_view message) {
  if (cell_) cell_->progress(done, total, message);
}

void JobContext::alive() {
  if (cell_) cell_->alive();
}

Result<void> JobContext::complete(db::Session& session, std::string_view result) {
  return cell_ ? cell_->complete(session, result) : Result<void>();
}

Result<void> JobContext::add_child(db::Session& session, NewJob child) {
  VEDETTE_CHECK(fence_.check(session));
  if (fence_.job != 0) child.parent = fence_.job;
  VEDETTE_CHECK(enqueue(session, child));
  return {};
}

ChildCounts JobContext::children() const {
  return cell_ ? cell_->job().children : ChildCounts{};
}

}  // namespace vedette::work
