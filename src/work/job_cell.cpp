#include "work/job_cell.hpp"

#include <algorithm>
#include <utility>

namespace vedette::work {

JobCell::JobCell(const JobKind& kind, const Fence& worker, ClaimedJob job)
    : kind_(kind), fence_{job.id, job.attempt, worker}, job_(std::move(job)), done_(job_.done) {}

void JobCell::progress(std::int64_t done, std::int64_t total, std::string_view message) {
  const Time now = BootClock::now();
  const Lock lock(progress_mutex_);
  last_sign_ = now;
  done = std::max(done, done_);  // an earlier attempt may have been further already
  if (done == done_ && total == total_ && message == message_) return;
  done_ = done;
  total_ = total;
  if (message_ != message) message_ = message;
  has_news_ = true;
}

void JobCell::alive() {
  const Time now = BootClock::now();
  const Lock lock(progress_mutex_);
  last_sign_ = now;
}

Result<void> JobCell::complete(db::Session& session, std::string_view result) {
  VEDETTE_CHECK(fence_.check(session));
  {
    const Lock lock(progress_mutex_);
    has_completed_ = true;
  }
  return complete_job(session, fence_, result, kind_.keep > Micros::zero());
}

JobCell::Time JobCell::last_sign() const {
  const Lock lock(progress_mutex_);
  return last_sign_;
}

bool JobCell::has_completed() const {
  const Lock lock(progress_mutex_);
  return has_completed_;
}

std::optional<ProgressNote> JobCell::take_note() {
  const Lock lock(progress_mutex_);
  if (!has_news_) return std::nullopt;
  has_news_ = false;
  return ProgressNote{fence_.job, fence_.attempt, done_, total_, message_};
}

void JobCell::renote() {
  const Lock lock(progress_mutex_);
  has_news_ = true;
}

}  // namespace vedette::work
