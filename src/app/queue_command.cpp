#include "app/queue_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/jobs.hpp"
#include "app/open_database.hpp"
#include "app/pipeline.hpp"
#include "app/queue.hpp"
#include "app/queue_text.hpp"
#include "work/job.hpp"

namespace vedette::app {
namespace {

struct ListArguments {
  std::vector<std::string> kinds;
  std::vector<std::string> states;
  std::string before;
  int limit = 50;
};

JobWords words_of(const Queue& queue) {
  return {*queue.kinds, *queue.pace, queue.clock->now()};
}

std::optional<std::int64_t> next_page(const std::vector<work::JobStatus>& jobs, std::size_t limit) {
  if (jobs.size() < limit) return std::nullopt;
  return jobs.back().id;
}

void print_list(const Queue& queue, const std::vector<work::JobStatus>& jobs,
                const ListArguments& arguments) {
  if (jobs.empty()) {
    const bool is_everything =
        arguments.kinds.empty() && arguments.states.empty() && arguments.before.empty();
    fmt::print("{}\n", is_everything ? "The queue is empty: nothing waits, nothing runs, nothing "
                                       "has ended lately."
                                     : "There is no such job.");
    return;
  }
  fmt::print("{}", jobs_table(jobs, words_of(queue)));
  if (const auto next = next_page(jobs, static_cast<std::size_t>(arguments.limit)))
    fmt::print("\nThere may be more: --before {}, or --limit 1000.\n", *next);
  const auto failed = std::ranges::find_if(
      jobs, [](const work::JobStatus& job) { return job.state == work::JobState::kDiscarded; });
  if (failed != jobs.end()) {
    fmt::print(
        "\nDiscarded: it failed for good. `vedette queue show {0}` says all about it, "
        "`vedette queue retry {0}` tries it again.\n",
        failed->id);
  }
}

Result<int> list(const Invocation& invocation, const ListArguments& arguments) {
  work::JobFilter filter;
  filter.kinds = arguments.kinds;
  filter.states = job_states(arguments.states);
  filter.limit = arguments.limit;
  if (!arguments.before.empty()) {
    VEDETTE_TRY(before, job_id(arguments.before));
    filter.before = before;
  }
  VEDETTE_TRY(queue, open_queue(invocation.settings()));
  VEDETTE_TRY(jobs, queue.database->read(
                        [&](db::Session& session) { return work::jobs(session, filter); }));
  if (!invocation.json) {
    print_list(queue, jobs, arguments);
    return kDone;
  }
  fmt::print("{}\n",
             api::jobs_body(jobs, next_page(jobs, static_cast<std::size_t>(arguments.limit)),
                            *queue.kinds, *queue.pace));
  return kDone;
}

Result<int> show(const Invocation& invocation, const std::string& text) {
  VEDETTE_TRY(id, job_id(text));
  VEDETTE_TRY(queue, open_queue(invocation.settings()));
  VEDETTE_TRY(found, queue.database->read([id](db::Session& s) { return work::job(s, id); }));
  if (!found) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no job {}; what has ended is forgotten after some days "
                            "(`vedette queue list`)",
                            id));
  }
  if (invocation.json) {
    fmt::print("{}\n", api::job_body(*found, *queue.kinds, *queue.pace));
  } else {
    fmt::print("{}", job_page(*found, words_of(queue)));
  }
  return kDone;
}

Result<std::vector<work::KindStatus>> read_kinds(const Queue& queue) {
  return queue.database->read(
      [&](db::Session& session) { return api::all_kinds(session, *queue.kinds); });
}

Result<int> show_kinds(const Invocation& invocation) {
  VEDETTE_TRY(queue, open_queue(invocation.settings()));
  VEDETTE_TRY(kinds, read_kinds(queue));
  if (!invocation.json) {
    fmt::print("{}",
               kinds.empty() ? "There is no kind of job.\n" : kinds_table(kinds, words_of(queue)));
    return kDone;
  }
  fmt::print("{}\n", api::kinds_body(kinds, *queue.kinds));
  return kDone;
}

Result<int> set_paused(const Invocation& invocation, const std::string& name, bool is_paused) {
  VEDETTE_TRY(queue, open_queue(invocation.settings()));
  VEDETTE_TRY(kinds, read_kinds(queue));
  const auto kind = std::ranges::find(kinds, name, &work::KindStatus::kind);
  if (kind == kinds.end()) {
    return fail(
        ErrorCode::kNotFound,
        fmt::format("there is no kind of job \"{}\"; `vedette queue kinds` lists them", name));
  }
  VEDETTE_CHECK(queue.database->write(
      [&](db::Session& session) { return work::pause_kind(session, name, is_paused); }));
  if (invocation.json) {
    kind->is_paused = is_paused;
    fmt::print("{}\n", api::kind_body(*kind, *queue.kinds));
  } else if (is_paused) {
    fmt::print(
        "{0} is paused: no further job is begun anywhere ({1} running, which go on; {2} "
        "waiting). Resume it with `vedette queue resume {0}`.\n",
        name, kind->running, count_of_jobs(kind->available + kind->failed));
  } else {
    fmt::print("{} goes on: {} waiting.\n", name, count_of_jobs(kind->available + kind->failed));
  }
  return kDone;
}

}  // namespace

Result<Queue> open_queue(const config::Settings& settings) {
  Queue queue;
  VEDETTE_TRY(database, open_prepared_database(settings));
  queue.database = std::move(database);
  work::WorkerOptions none;
  none.roles = work::Roles{};
  queue.kinds = std::make_unique<work::Worker>(*queue.database, std::move(none));
  VEDETTE_CHECK(add_known_jobs(*queue.kinds));
  return queue;
}

Result<std::int64_t> job_id(const std::string& text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc{} && end == text.data() + text.size() && id > 0) return id;
  return fail(
      ErrorCode::kUsage,
      fmt::format("\"{}\" is no job: give its number, as `vedette queue list` shows it", text));
}

std::vector<work::JobState> job_states(const std::vector<std::string>& words) {
  std::vector<work::JobState> states;
  for (const std::string& word : words) {
    if (const auto state = work::job_state_named(word)) states.push_back(*state);
  }
  return states;
}

void add_queue_command(CommandLine& line) {
  const Flags queue = line.add(
      "queue", "See and steer the jobs of a deployment; works on its database, without a server",
      nullptr);
  auto listed = std::make_shared<ListArguments>();
  line.add(
          "list", "Jobs, newest first",
          [listed](const Invocation& invocation) { return list(invocation, *listed); }, queue)
      .texts("kind", "KIND", listed->kinds, "Only jobs of this kind; may be given again")
      .words("state", {"available", "running", "completed", "failed", "discarded", "cancelled"},
             listed->states,
             "Only jobs in this state; may be given again (failed: will be tried again, discarded: "
             "failed for good)")
      .number("limit", 1, 1000, listed->limit, "At most so many, 1 to 1000 (default: 50)")
      .text("before", "ID", listed->before, "Only older jobs than this: the next page");
  auto shown = std::make_shared<std::string>();
  line.add(
          "show", "Everything about one job: how far, what failed and why",
          [shown](const Invocation& invocation) { return show(invocation, *shown); }, queue)
      .argument("id", *shown, "Its number, as `vedette queue list` shows it");
  line.add("kinds", "Each kind of job: what waits, runs, ended in the last day", show_kinds, queue);
  add_queue_changes(line, queue);
  auto paused = std::make_shared<std::string>();
  line.add(
          "pause", "Begin no further job of a kind, anywhere in the deployment",
          [paused](const Invocation& invocation) { return set_paused(invocation, *paused, true); },
          queue)
      .argument("kind", *paused, "The kind, as `vedette queue kinds` lists it");
  auto resumed = std::make_shared<std::string>();
  line.add(
          "resume", "The end of a pause",
          [resumed](const Invocation& invocation) {
            return set_paused(invocation, *resumed, false);
          },
          queue)
      .argument("kind", *resumed, "The kind, as `vedette queue kinds` lists it");
  add_queue_drain(line, queue);
}

}  // namespace vedette::app
