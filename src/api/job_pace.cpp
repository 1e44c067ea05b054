#include "api/job_pace.hpp"

#include <chrono>
#include <cmath>
#include <cstddef>

namespace vedette::api {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostRemembered = 4000;
constexpr Micros kForgotten = 5min;
// A first attempt is judged by its whole time, once that says anything.
constexpr Micros kFirstWord = 2s;
constexpr Micros kBetweenLooks = 400ms;
constexpr double kMemory_s = 20;

}  // namespace

std::optional<double> JobPace::left_s(const work::JobStatus& job) {
  const bool is_measurable =
      job.state == work::JobState::kRunning && job.total > 0 && job.done <= job.total;
  if (!is_measurable) return std::nullopt;
  const Instant now = clock_.now();
  const Lock lock(seen_mutex_);
  if (seen_.size() >= kMostRemembered) {
    std::erase_if(seen_, [&](const auto& one) { return now - one.second.at > kForgotten; });
    if (seen_.size() >= kMostRemembered) seen_.clear();
  }
  auto [found, is_new] = seen_.try_emplace(job.id);
  Seen& seen = found->second;
  const Micros passed = now - seen.at;
  if (is_new || seen.attempt != job.attempt || job.done < seen.done || passed < Micros{0}) {
    seen = {.attempt = job.attempt, .done = job.done, .at = now};
  } else if (passed >= kBetweenLooks) {
    const double per_s = static_cast<double>(job.done - seen.done) / to_seconds(passed);
    // Weighs by the time it is measured over: a long one says more than a short one.
    const double weight = seen.per_s ? 1 - std::exp(-to_seconds(passed) / kMemory_s) : 1;
    seen.per_s = seen.per_s.value_or(0) + weight * (per_s - seen.per_s.value_or(0));
    seen.done = job.done;
    seen.at = now;
  }
  std::optional<double> per_s = seen.per_s;
  if (!per_s && job.attempt == 1 && job.started_at && now - *job.started_at >= kFirstWord) {
    per_s = static_cast<double>(job.done) / to_seconds(now - *job.started_at);
  }
  if (!per_s || *per_s <= 0) return std::nullopt;
  return std::round(static_cast<double>(job.total - job.done) / *per_s);
}

}  // namespace vedette::api
