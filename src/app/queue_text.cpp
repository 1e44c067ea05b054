#include "app/queue_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "api/jobs.hpp"
#include "app/text_table.hpp"
#include "base/address.hpp"

namespace vedette::app {
namespace {

constexpr std::size_t kWidestWhat = 40;
constexpr std::size_t kWidestNote = 70;

// "what": "Gate (clip.mp4)", or the kind's title where it says no more.
std::string what_of(const work::JobStatus& job, const JobWords& words) {
  return mask_address(words.kinds.describe(job.kind, job.payload));
}

// Since when it is in its state.
Instant since(const work::JobStatus& job, Instant now) {
  if (job.finished_at) return *job.finished_at;
  if (job.state == work::JobState::kRunning && job.started_at) return *job.started_at;
  if (job.state == work::JobState::kFailed && job.started_at) return *job.started_at;
  return job.run_at > job.created_at && job.run_at <= now ? job.run_at : job.created_at;
}

std::string waits_for(const work::JobStatus& job, Instant now) {
  if (job.open_children > 0) return fmt::format("waits for {} of its own", job.open_children);
  if (job.run_at > now) return fmt::format("not before {} from now", time_text(job.run_at - now));
  return {};
}

// Why it is as it is, in a few words.
std::string note_of(const work::JobStatus& job, const JobWords& words) {
  const std::string error = mask_address(job.error);
  switch (job.state) {
    case work::JobState::kAvailable:
      return waits_for(job, words.now);
    case work::JobState::kRunning:
      if (job.is_cancelling) return "asked to stop";
      return progress_text(job, words.pace);
    case work::JobState::kCompleted:
      if (!job.started_at || !job.finished_at) return {};
      return fmt::format("took {}", time_text(*job.finished_at - *job.started_at));
    case work::JobState::kFailed:
      return fmt::format("again in {}: {}", time_text(job.run_at - words.now), error);
    case work::JobState::kDiscarded:
      return error;
    case work::JobState::kCancelled:
      return {};
  }
  return {};
}

void add_line(std::string& text, std::string_view name, std::string_view value) {
  if (!value.empty()) text += fmt::format("  {:<12}{}\n", name, value);
}

std::string moment(Instant at, Instant now) {
  return at > now ? fmt::format("{} (in {})", to_rfc3339(at), time_text(at - now))
                  : fmt::format("{} ({} ago)", to_rfc3339(at), time_text(now - at));
}

std::string attempts_text(const work::JobStatus& job) {
  std::string text = fmt::format("taken {} times", job.attempt);
  if (job.attempt == 0) return {};
  if (job.attempt == 1) text = "taken once";
  if (job.failures > 0) text += fmt::format(", failed {}", job.failures);
  if (job.crashes > 0) text += fmt::format(", its process died {}", job.crashes);
  return text;
}

std::string counted(std::int64_t count) {
  return count > work::kMostCounted ? fmt::format(">{}", work::kMostCounted)
                                    : fmt::format("{}", count);
}

}  // namespace

std::string count_of_jobs(std::int64_t count) {
  if (count > work::kMostCounted) return fmt::format("more than {} jobs", work::kMostCounted);
  return count == 1 ? "1 job" : fmt::format("{} jobs", count);
}

std::string progress_text(const work::JobStatus& job, api::JobPace& pace) {
  std::string text;
  if (job.total > 0) {
    text = fmt::format("{} %", std::min<std::int64_t>(100, job.done * 100 / job.total));
    if (const auto left = pace.left_s(job)) {
      text += fmt::format(", about {} left",
                          time_text(std::chrono::seconds(static_cast<std::int64_t>(*left))));
    }
  } else if (job.done > 0) {
    text = fmt::format("{} so far", job.done);
  }
  if (job.message.empty()) return text;
  return text + (text.empty() ? "" : ", ") + mask_address(job.message);
}

std::string jobs_table(std::span<const work::JobStatus> jobs, const JobWords& words) {
  std::vector<TextRow> rows;
  for (const work::JobStatus& job : jobs) {
    rows.push_back({fmt::format("{}", job.id), job.kind,
                    shortened(what_of(job, words), kWidestWhat), std::string(work::name(job.state)),
                    time_text(words.now - since(job, words.now)),
                    shortened(note_of(job, words), kWidestNote)});
  }
  return text_table({"ID", "KIND", "WHAT", "STATE", "FOR", "NOTE"}, rows);
}

std::string job_page(const work::JobStatus& job, const JobWords& words) {
  const std::string title = words.kinds.title(job.kind);
  const std::string what = what_of(job, words);
  std::string text =
      fmt::format("Job {}: {}{}\n", job.id, title, what == title ? std::string() : ", " + what);
  std::string state(work::name(job.state));
  if (job.is_cancelling) state += ", asked to stop";
  if (const auto waits = waits_for(job, words.now);
      job.state == work::JobState::kAvailable && !waits.empty()) {
    state += ", " + waits;
  }
  add_line(text, "state", state);
  if (job.state == work::JobState::kRunning || job.done > 0) {
    std::string progress = progress_text(job, words.pace);
    if (job.total > 0) progress += fmt::format(" ({} of {})", job.done, job.total);
    add_line(text, "progress", progress);
  }
  add_line(text, "error", mask_address(job.error));
  add_line(text, "result", mask_address(job.result));
  add_line(text, "kind", job.kind);
  add_line(text, "payload", mask_address(job.payload));
  add_line(text, "key", job.key.value_or(""));
  if (job.priority != 0) add_line(text, "priority", fmt::format("{}", job.priority));
  add_line(text, "enqueued", moment(job.created_at, words.now));
  if (job.state == work::JobState::kFailed || job.run_at > words.now)
    add_line(text, "not before", moment(job.run_at, words.now));
  if (job.started_at) add_line(text, "started", moment(*job.started_at, words.now));
  if (job.finished_at) add_line(text, "ended", moment(*job.finished_at, words.now));
  add_line(text, "attempts", attempts_text(job));
  add_line(text, "process", job.process);
  if (job.parent) add_line(text, "parent", fmt::format("job {}", *job.parent));
  if (job.open_children > 0)
    add_line(text, "children", fmt::format("{} have not ended", job.open_children));
  if (api::can_be_retried(job))
    text += fmt::format("\nTo do it again: vedette queue retry {}\n", job.id);
  if (api::can_be_cancelled(job))
    text += fmt::format("\nTo stop it: vedette queue cancel {}\n", job.id);
  return text;
}

std::string kinds_table(std::span<const work::KindStatus> kinds, const JobWords& words) {
  std::vector<TextRow> rows;
  std::string errors;
  for (const work::KindStatus& kind : kinds) {
    const std::string oldest =
        kind.oldest_ready ? time_text(words.now - *kind.oldest_ready) : std::string("-");
    rows.push_back({kind.kind, kind.is_paused ? "paused" : "open", counted(kind.available), oldest,
                    counted(kind.scheduled), counted(kind.running), counted(kind.failed),
                    fmt::format("{}", kind.completed_day), fmt::format("{}", kind.discarded_day),
                    words.kinds.title(kind.kind)});
    if (!kind.last_error.empty() && kind.last_error_at) {
      errors +=
          fmt::format("{}, {} ago: {}\n", kind.kind, time_text(words.now - *kind.last_error_at),
                      mask_address(kind.last_error));
    }
  }
  std::string text = text_table({"KIND", "STATE", "WAITING", "LONGEST", "LATER", "RUNNING",
                                 "TO RETRY", "DONE (DAY)", "FAILED (DAY)", "TITLE"},
                                rows);
  if (!errors.empty()) text += "\nThe last error of each:\n" + errors;
  return text;
}

}  // namespace vedette::app
