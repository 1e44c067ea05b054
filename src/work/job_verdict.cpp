#include "work/job_verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>

namespace vedette::work {
namespace {

// Fenced without having been asked to stop: the worker will hear of it soon; until then the body
// must not be called in a hot loop.
constexpr Micros kAfterFenced = std::chrono::seconds(1);

Ending failed(const JobKind& kind, const ClaimedJob& job, Ending ending, bool is_retryable,
              std::string_view error) {
  const std::int64_t failures = job.failures + 1;
  ending.error = error;
  ending.kind = Ending::Kind::kDiscarded;
  if (is_retryable && failures < kind.most_failures) {
    ending.kind = Ending::Kind::kFailed;
    ending.wait = draw_backoff(kind, failures);
  }
  return ending;
}

Ending ended_well(const JobEnd& end, Ending ending) {
  switch (end.kind) {
    case JobEnd::Kind::kCompleted:
      ending.kind = Ending::Kind::kCompleted;
      ending.result = end.result;
      break;
    case JobEnd::Kind::kWaitForChildren:
      ending.kind = Ending::Kind::kWaiting;
      break;
    case JobEnd::Kind::kLater:
      ending.kind = Ending::Kind::kLater;
      ending.wait = std::max(end.wait, Micros::zero());
      break;
  }
  return ending;
}

}  // namespace

Micros draw_backoff(const JobKind& kind, std::int64_t failures) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto doublings = static_cast<int>(std::clamp<std::int64_t>(failures, 0, 20));
  const std::int64_t top = std::max<std::int64_t>(
      0, std::min(kind.backoff_max.count(), kind.backoff_min.count() << doublings));
  return Micros(std::uniform_int_distribution<std::int64_t>(top / 2, top)(random));
}

std::optional<Ending> verdict(const JobKind& kind, const ClaimedJob& job,
                              const Result<JobEnd>* outcome, JobStop stop, Micros took) {
  if (stop == JobStop::kLost) return std::nullopt;
  Ending ending;
  ending.id = job.id;
  ending.attempt = job.attempt;
  ending.took = took;
  ending.is_kept = kind.keep > Micros::zero();
  const bool is_well = outcome != nullptr && outcome->has_value();
  // What finished while it was being asked to stop has finished.
  if (is_well && (**outcome).kind == JobEnd::Kind::kCompleted) {
    return ended_well(**outcome, std::move(ending));
  }
  if (stop == JobStop::kCancelled) {
    ending.kind = Ending::Kind::kCancelled;
    return ending;
  }
  if (stop == JobStop::kStalled) {
    const std::string error =
        fmt::format("It gave no sign of life for {:g} s and was stopped.", to_seconds(kind.stall));
    return failed(kind, job, std::move(ending), true, error);
  }
  if (is_well) return ended_well(**outcome, std::move(ending));
  if (stop == JobStop::kStopping) {
    ending.kind = Ending::Kind::kGivenBack;
    return ending;
  }
  const Error& error = outcome->error();
  if (error.code == ErrorCode::kFenced) {
    ending.kind = Ending::Kind::kLater;
    ending.wait = kAfterFenced;
    return ending;
  }
  return failed(kind, job, std::move(ending), error.retryable, error.message);
}

}  // namespace vedette::work
