// What happens on the queue, on the event streams: jobs that run one by one, the rest by kind.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "api/jobs.hpp"
#include "db/database.hpp"
#include "work/job_queue.hpp"

namespace vedette::api {
namespace {

using namespace std::chrono_literals;

constexpr Micros kJobsEvery = 500ms;
constexpr Micros kKindsEvery = 1s;
// More than these are not told one by one; `kinds` tells how many there are.
constexpr int kMostTold = 200;

/// Called by the relay's thread alone.
class JobEvents {
 public:
  explicit JobEvents(std::shared_ptr<const CoreServices> services)
      : services_(std::move(services)) {}

  Result<void> tell_jobs(const Heard& heard, EventPublisher& publisher);
  Result<void> tell_kinds(EventPublisher& publisher);

 private:
  struct Told {
    std::string kind;
    std::string text;
  };

  void tell(const work::JobStatus& job, EventPublisher& publisher);

  std::shared_ptr<const CoreServices> services_;
  std::map<std::int64_t, Told> running_;  // as they were told last
  std::string kinds_;                     // likewise
};

void JobEvents::tell(const work::JobStatus& job, EventPublisher& publisher) {
  std::string text = job_body(job, services_->jobs, *services_->pace);
  Told& told = running_[job.id];
  told.kind = job.kind;
  if (told.text != text) publisher.publish("job", text);
  told.text = std::move(text);
}

Result<void> JobEvents::tell_jobs(const Heard& heard, EventPublisher& publisher) {
  if (!publisher.has_listeners()) {
    running_.clear();
    publisher.skip();
    return {};
  }
  work::JobFilter filter;
  filter.states = {work::JobState::kRunning};
  filter.limit = kMostTold;
  if (!heard.is_anything) filter.kinds.assign(heard.payloads.begin(), heard.payloads.end());
  const auto is_asked_about = [&](const Told& told) {
    return heard.is_anything || heard.payloads.contains(told.kind);
  };
  std::vector<work::JobStatus> now;
  VEDETTE_CHECK(services_->database.read([&](db::Session& session) -> Result<void> {
    VEDETTE_TRY(running, work::jobs(session, filter));
    now = std::move(running);
    // Those that ran a moment ago have ended, or will be tried again.
    for (const auto& [id, told] : running_) {
      const bool is_known = std::ranges::find(now, id, &work::JobStatus::id) != now.end();
      if (is_known || !is_asked_about(told)) continue;
      VEDETTE_TRY(job, work::job(session, id));
      // One that goes on, and is not among the newest any more, is told no longer.
      if (job && job->state != work::JobState::kRunning) now.push_back(std::move(*job));
    }
    return {};
  }));
  std::erase_if(running_, [&](const auto& one) {
    return is_asked_about(one.second) &&
           std::ranges::find(now, one.first, &work::JobStatus::id) == now.end();
  });
  for (const work::JobStatus& job : now) {
    tell(job, publisher);
    if (job.state != work::JobState::kRunning) running_.erase(job.id);
  }
  return {};
}

Result<void> JobEvents::tell_kinds(EventPublisher& publisher) {
  if (!publisher.has_listeners()) {
    kinds_.clear();
    publisher.skip();
    return {};
  }
  VEDETTE_TRY(all, services_->database.read(
                       [&](db::Session& session) { return all_kinds(session, services_->jobs); }));
  std::string text = kinds_body(all, services_->jobs);
  if (text != kinds_) publisher.publish("kinds", text);
  kinds_ = std::move(text);
  return {};
}

}  // namespace

std::vector<EventSource> job_events(const std::shared_ptr<const CoreServices>& services) {
  const auto events = std::make_shared<JobEvents>(services);
  const std::string change(work::kJobChangeChannel);
  return {
      {.topics = {{"job"}},
       .channels = {change},
       .tell = [events](const Heard& heard,
                        EventPublisher& publisher) { return events->tell_jobs(heard, publisher); },
       .every = kJobsEvery},
      {.topics = {{"kinds"}},
       .channels = {change},
       .tell = [events](const Heard&,
                        EventPublisher& publisher) { return events->tell_kinds(publisher); },
       .every = kKindsEvery}};
}

}  // namespace vedette::api
