// `vedette queue drain`: waits until nothing is left to do.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "api/jobs.hpp"
#include "app/options.hpp"
#include "app/progress_line.hpp"
#include "app/queue.hpp"
#include "app/queue_text.hpp"
#include "app/text_table.hpp"
#include "base/text.hpp"
#include "work/job.hpp"
#include "work/supervisor.hpp"

namespace vedette::app {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;
namespace json = boost::json;

constexpr Micros kBetweenLooks = 300ms;
constexpr int kLastLooks = 3;
// A server that was started just now has this long to say that it is there.
constexpr auto kPatience = 5s;

struct DrainArguments {
  std::vector<std::string> kinds;
  std::string timeout;
};

/// The queue at one moment, of the kinds asked about.
struct Look {
  std::vector<work::KindStatus> kinds;
  std::vector<work::JobStatus> running;  // some of them, with their progress
  std::vector<work::ProcessInfo> processes;

  std::int64_t left() const {
    std::int64_t sum = 0;
    for (const work::KindStatus& kind : kinds) sum += left_of(kind);
    return sum;
  }
  std::int64_t sum(std::int64_t work::KindStatus::* count) const {
    std::int64_t total = 0;
    for (const work::KindStatus& kind : kinds) total += kind.*count;
    return total;
  }
  /// What is for later is not waited for; what waits for its children ends with them.
  static std::int64_t left_of(const work::KindStatus& kind) {
    return kind.available + kind.running + kind.failed;
  }
};

Result<Look> look_at(const Queue& queue, const DrainArguments& arguments,
                     const work::LeaseOptions& lease) {
  Look look;
  VEDETTE_CHECK(queue.database->read([&](db::Session& session) -> Result<void> {
    VEDETTE_TRY(kinds, api::all_kinds(session, *queue.kinds));
    look.kinds = std::move(kinds);
    if (!arguments.kinds.empty()) {
      std::erase_if(look.kinds, [&](const work::KindStatus& kind) {
        return std::ranges::find(arguments.kinds, kind.kind) == arguments.kinds.end();
      });
    }
    work::JobFilter filter;
    filter.kinds = arguments.kinds;
    filter.states = {work::JobState::kRunning};
    VEDETTE_TRY(running, work::jobs(session, filter));
    look.running = std::move(running);
    return {};
  }));
  VEDETTE_TRY(processes, work::processes(*queue.database, lease));
  look.processes = std::move(processes);
  return look;
}

/// Why nobody will do what is left of a kind; empty when somebody may.
std::string why_stuck(const work::KindStatus& kind, const Look& look, const work::Worker& known) {
  if (kind.is_paused) {
    if (kind.running > 0) return {};
    return fmt::format("paused; `vedette queue resume {}` ends that", kind.kind);
  }
  const work::JobKind* one = known.kind(kind.kind);
  if (one == nullptr)
    return kind.running > 0 ? std::string()
                            : std::string("no such work in this version of Vedette");
  const std::string_view role = work::name(one->role);
  const bool has_somebody = std::ranges::any_of(look.processes, [&](const auto& process) {
    const auto roles = split(process.roles, ',');
    return !process.is_stale && !process.stopped_at &&
           std::ranges::find(roles, role) != roles.end();
  });
  if (has_somebody) return {};
  return fmt::format("no process with the role {} is running; `vedette serve` starts one", role);
}

/// What is left and why nobody does it, when that is so of all that is left.
std::optional<std::string> stuck(const Look& look, const work::Worker& known) {
  std::string text;
  for (const work::KindStatus& kind : look.kinds) {
    const std::int64_t left = Look::left_of(kind);
    if (left == 0) continue;
    const std::string why = why_stuck(kind, look, known);
    if (why.empty()) return std::nullopt;
    text += fmt::format("{}{} of {} ({})", text.empty() ? "" : "; ", count_of_jobs(left), kind.kind,
                        why);
  }
  return text;
}

std::string left_text(const Look& look) {
  std::string text;
  for (const work::KindStatus& kind : look.kinds) {
    if (const std::int64_t left = Look::left_of(kind); left > 0)
      text += fmt::format("{}{} of {}", text.empty() ? "" : ", ", count_of_jobs(left), kind.kind);
  }
  return text;
}

// "12 of 30 done, 2 running (count-file 43 %, about 2 min left), 1 to be tried again"
std::string drain_text(const Look& look, std::int64_t most, api::JobPace& pace, bool is_terminal) {
  const std::int64_t left = look.left();
  double part = static_cast<double>(most - left) / static_cast<double>(most);
  std::string first;
  for (const work::JobStatus& job : look.running) {
    if (job.total > 0)
      part += static_cast<double>(job.done) / static_cast<double>(job.total * most);
    if (const auto text = progress_text(job, pace); first.empty() && !text.empty())
      first = fmt::format("{} {}", job.kind, text);
  }
  std::string text = most > work::kMostCounted
                         ? fmt::format("{} left", count_of_jobs(left))
                         : fmt::format("{} of {} done", most - left, count_of_jobs(most));
  text += fmt::format(", {} running", look.sum(&work::KindStatus::running));
  if (!first.empty()) text += fmt::format(" ({})", first);
  if (const auto failed = look.sum(&work::KindStatus::failed); failed > 0)
    text += fmt::format(", {} to be tried again", failed);
  if (!is_terminal) return text;
  const std::string bar = most > work::kMostCounted ? "" : progress_bar(part) + " ";
  return bar + shortened(text, 90);
}

struct Tally {
  std::int64_t completed = 0;
  std::int64_t discarded = 0;
};

// What ended in between, by the tallies of the day.
Tally between(const Look& first, const Look& last) {
  const auto grown = [&](std::int64_t work::KindStatus::* count) {
    return std::max<std::int64_t>(0, last.sum(count) - first.sum(count));
  };
  return {grown(&work::KindStatus::completed_day), grown(&work::KindStatus::discarded_day)};
}

void print_end(const Look& look, const Tally& ended) {
  fmt::print("Nothing is left to do.");
  if (ended.completed + ended.discarded > 0) {
    fmt::print(" Meanwhile {} ended{}.", count_of_jobs(ended.completed + ended.discarded),
               ended.discarded > 0 ? fmt::format(", {} of them failed for good", ended.discarded)
                                   : std::string());
  }
  fmt::print("\n");
  if (ended.discarded > 0)
    fmt::print("`vedette queue list --state discarded` says which and why.\n");
  if (const auto later = look.sum(&work::KindStatus::scheduled); later > 0)
    fmt::print("{} for later; they were not waited for.\n", count_of_jobs(later));
}

Result<void> check_kinds(const Queue& queue, const DrainArguments& arguments) {
  VEDETTE_TRY(kinds, queue.database->read([&](db::Session& session) {
    return api::all_kinds(session, *queue.kinds);
  }));
  for (const std::string& name : arguments.kinds) {
    if (std::ranges::find(kinds, name, &work::KindStatus::kind) != kinds.end()) continue;
    return fail(
        ErrorCode::kNotFound,
        fmt::format("there is no kind of job \"{}\"; `vedette queue kinds` lists them", name));
  }
  return {};
}

Result<int> drain(const Invocation& invocation, const DrainArguments& arguments) {
  VEDETTE_TRY(timeout, time_of_flag("timeout", arguments.timeout));
  VEDETTE_TRY(queue, open_queue(invocation.settings()));
  VEDETTE_CHECK(check_kinds(queue, arguments));
  const work::LeaseOptions lease = lease_options(invocation.settings());
  const auto start = SteadyClock::now();
  auto has_hope = start;  // when last somebody might have done what is left
  VEDETTE_TRY(first, look_at(queue, arguments, lease));
  Look look = first;
  std::int64_t most = look.left();
  {
    ProgressLine progress;
    while (look.left() > 0) {
      const auto now = SteadyClock::now();
      most = std::max(most, look.left());
      if (progress.is_due())
        progress.show(drain_text(look, most, *queue.pace, progress.is_terminal()));
      const auto why = stuck(look, *queue.kinds);
      if (!why) has_hope = now;
      if (why && now - has_hope >= kPatience)
        return fail(ErrorCode::kUnavailable, fmt::format("nobody does what is left: {}", *why));
      if (timeout && now - start >= *timeout) {
        return fail(ErrorCode::kTimeout,
                    fmt::format("not done within {}: {} left", arguments.timeout, left_text(look)));
      }
      sleep_for(std::stop_token{}, kBetweenLooks);
      VEDETTE_TRY(next, look_at(queue, arguments, lease));
      look = std::move(next);
    }
  }
  Tally ended = between(first, look);
  // One that ended in its own transaction is counted a moment later.
  for (int again = 0; most > 0 && again < kLastLooks && ended.completed + ended.discarded < most;
       ++again) {
    sleep_for(std::stop_token{}, kBetweenLooks);
    VEDETTE_TRY(last, look_at(queue, arguments, lease));
    ended = between(first, last);
  }
  if (invocation.json) {
    fmt::print("{}\n", json::serialize(
                           json::object{{"left", 0},
                                        {"completed", ended.completed},
                                        {"discarded", ended.discarded},
                                        {"scheduled", look.sum(&work::KindStatus::scheduled)}}));
  } else {
    print_end(look, ended);
  }
  return ended.discarded > 0 ? kPartlyDone : kDone;
}

}  // namespace

void add_queue_drain(CommandLine& line, const Flags& parent) {
  auto arguments = std::make_shared<DrainArguments>();
  line.add(
          "drain",
          "Wait until nothing is left to do; exit code 1 with what is left when nobody does it, 3 "
          "when something failed for good meanwhile",
          [arguments](const Invocation& invocation) { return drain(invocation, *arguments); },
          parent)
      .texts("kind", "KIND", arguments->kinds, "Only jobs of this kind; may be given again")
      .text("timeout", "TIME", arguments->timeout,
            "Give up after this long, such as 5m (default: wait as long as somebody works)");
}

}  // namespace vedette::app
