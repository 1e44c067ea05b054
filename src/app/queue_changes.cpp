// `vedette queue retry` and `vedette queue cancel`: by number, or all of a kind or state.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "app/progress_line.hpp"
#include "app/queue.hpp"
#include "app/queue_text.hpp"

namespace vedette::app {
namespace {

namespace json = boost::json;

// Jobs changed in one transaction.
constexpr int kBatch = 500;

/// One of the two commands.
struct Change {
  std::string_view name;
  Result<void> (*apply)(db::Session&, std::int64_t);
  /// The states it is about where none is named.
  std::vector<work::JobState> states;
  std::string_view done;   // "12 jobs ..."
  std::string_view asked;  // likewise, of those that run
};

struct Refusal {
  std::int64_t id = 0;
  std::string why;
};

struct Outcome {
  std::vector<std::int64_t> done;
  std::vector<Refusal> refused;
  std::size_t running = 0;  // of those done: they end in a moment
};

bool is_refusal(const Error& error) {
  return error.code == ErrorCode::kConflict || error.code == ErrorCode::kNotFound;
}

/// What a job's state forbids is no failure of the whole.
Result<Outcome> apply_to(db::Database& database, const Change& change,
                         std::span<const std::int64_t> ids) {
  return database.write([&](db::Session& session) -> Result<Outcome> {
    Outcome outcome;
    for (const std::int64_t id : ids) {
      auto applied = change.apply(session, id);
      if (applied) {
        outcome.done.push_back(id);
      } else if (is_refusal(applied.error())) {
        outcome.refused.push_back({id, std::move(applied.error().message)});
      } else {
        return fail(std::move(applied.error()));
      }
    }
    return outcome;
  });
}

Result<void> add(db::Database& database, const Change& change, std::span<const std::int64_t> ids,
                 Outcome& all) {
  auto outcome = apply_to(database, change, ids);
  if (!outcome && is_refusal(outcome.error()) && ids.size() > 1) {
    // One of them broke the transaction: each by itself.
    for (const std::int64_t id : ids) VEDETTE_CHECK(add(database, change, {&id, 1}, all));
    return {};
  }
  if (!outcome && is_refusal(outcome.error())) {
    all.refused.push_back({ids.front(), std::move(outcome.error().message)});
    return {};
  }
  if (!outcome) return fail(std::move(outcome.error()));
  all.done.insert(all.done.end(), outcome->done.begin(), outcome->done.end());
  all.refused.insert(all.refused.end(), outcome->refused.begin(), outcome->refused.end());
  return {};
}

Result<Outcome> change_listed(const Queue& queue, const Change& change, const ChosenJobs& chosen) {
  Outcome all;
  for (const std::string& text : chosen.ids) {
    VEDETTE_TRY(id, job_id(text));
    VEDETTE_CHECK(add(*queue.database, change, {&id, 1}, all));
    VEDETTE_TRY(job, queue.database->read([id](db::Session& s) { return work::job(s, id); }));
    if (job && job->is_cancelling) ++all.running;
  }
  return all;
}

Result<Outcome> change_matching(const Queue& queue, const Change& change,
                                const ChosenJobs& chosen) {
  work::JobFilter filter;
  filter.kinds = chosen.kinds;
  filter.states = chosen.states.empty() ? change.states : job_states(chosen.states);
  filter.limit = kBatch;
  Outcome all;
  ProgressLine progress;
  while (true) {
    VEDETTE_TRY(jobs, queue.database->read(
                          [&](db::Session& session) { return work::jobs(session, filter); }));
    if (jobs.empty()) return all;
    std::vector<std::int64_t> ids;
    for (const work::JobStatus& job : jobs) ids.push_back(job.id);
    VEDETTE_CHECK(add(*queue.database, change, ids, all));
    all.running += static_cast<std::size_t>(
        std::ranges::count(jobs, work::JobState::kRunning, &work::JobStatus::state));
    filter.before = ids.back();
    if (progress.is_due()) progress.show(fmt::format("{} jobs: {}", all.done.size(), change.done));
  }
}

// "Job 7: cancelled." or "12 jobs: cancelled."
void print_done(const Outcome& outcome, std::size_t count, std::string_view done) {
  if (count == 0) return;
  if (count == 1 && outcome.done.size() == 1) {
    fmt::print("Job {}: {}.\n", outcome.done.front(), done);
  } else {
    fmt::print("{} {}: {}.\n", count, count == 1 ? "job" : "jobs", done);
  }
}

void print_text(const Outcome& outcome, const Change& change, bool is_listed) {
  constexpr std::size_t kMostShown = 10;
  const std::size_t running = std::min(outcome.running, outcome.done.size());
  print_done(outcome, outcome.done.size() - running, change.done);
  print_done(outcome, running, change.asked);
  if (outcome.done.empty() && outcome.refused.empty())
    fmt::print("There is no such job to {}.\n", change.name);
  // Of all in a state some have moved on meanwhile: that needs no word for each.
  const std::size_t shown =
      std::min(outcome.refused.size(), is_listed ? outcome.refused.size() : kMostShown);
  for (const Refusal& one : std::span(outcome.refused).first(shown))
    fmt::print(stderr, "{}\n", one.why);
  if (outcome.refused.size() > shown)
    fmt::print(stderr, "... and {} more.\n", outcome.refused.size() - shown);
}

void print_json(const Outcome& outcome) {
  json::array refused;
  for (const Refusal& one : outcome.refused)
    refused.push_back({{"id", one.id}, {"message", one.why}});
  fmt::print("{}\n", json::serialize(json::object{
                         {"done", json::array(outcome.done.begin(), outcome.done.end())},
                         {"refused", std::move(refused)}}));
}

Result<int> run(const Invocation& invocation, const Change& change, const ChosenJobs& chosen) {
  const bool is_listed = !chosen.ids.empty();
  const bool has_filter = !chosen.kinds.empty() || !chosen.states.empty();
  if (is_listed == has_filter) {
    return fail(
        ErrorCode::kUsage,
        fmt::format("say which jobs to {0}: their numbers (vedette queue {0} 41 42), or all "
                    "of a kind or state (vedette queue {0} --kind KIND --state STATE)",
                    change.name));
  }
  for (const std::string& text : chosen.ids) VEDETTE_CHECK(job_id(text));
  VEDETTE_TRY(queue, open_queue(invocation.settings()));
  VEDETTE_TRY(outcome, is_listed ? change_listed(queue, change, chosen)
                                 : change_matching(queue, change, chosen));
  if (invocation.json) {
    print_json(outcome);
  } else {
    print_text(outcome, change, is_listed);
  }
  if (outcome.refused.empty()) return kDone;
  return outcome.done.empty() ? kFailed : kPartlyDone;
}

}  // namespace

void add_queue_changes(CommandLine& line, const Flags& parent) {
  const auto retry =
      std::make_shared<const Change>(Change{"retry",
                                            work::retry_job,
                                            {work::JobState::kDiscarded, work::JobState::kFailed},
                                            "waits for its turn again",
                                            ""});
  const auto cancel = std::make_shared<const Change>(
      Change{"cancel",
             work::cancel_job,
             {work::JobState::kAvailable, work::JobState::kFailed, work::JobState::kRunning},
             "cancelled",
             "asked to stop, which may take a moment"});
  auto retried = std::make_shared<ChosenJobs>();
  line.add(
          "retry", "Do jobs again that failed or ended",
          [=](const Invocation& invocation) { return run(invocation, *retry, *retried); }, parent)
      .arguments("ids", retried->ids, "Their numbers, as `vedette queue list` shows them")
      .texts("kind", "KIND", retried->kinds, "All jobs of this kind; may be given again")
      .words("state", {"failed", "discarded", "cancelled", "completed"}, retried->states,
             "All jobs in this state; may be given again (default with --kind: failed and "
             "discarded)");
  auto cancelled = std::make_shared<ChosenJobs>();
  line.add(
          "cancel", "Stop jobs that wait or run",
          [=](const Invocation& invocation) { return run(invocation, *cancel, *cancelled); },
          parent)
      .arguments("ids", cancelled->ids, "Their numbers, as `vedette queue list` shows them")
      .texts("kind", "KIND", cancelled->kinds, "All jobs of this kind; may be given again")
      .words("state", {"available", "failed", "running"}, cancelled->states,
             "All jobs in this state; may be given again (default with --kind: all that have not "
             "ended)");
}

}  // namespace vedette::app
