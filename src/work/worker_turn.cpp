// The worker's turns: take jobs and hand them out, until it is asked to stop.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <tuple>
#include <utility>

#include "work/job_queue.hpp"
#include "work/worker_engine.hpp"

namespace vedette::work {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Looks that somebody asked for; on SQLite every commit of another process does.
constexpr auto kLookPause = milliseconds(50);
// After the database failed.
constexpr auto kFailurePause = milliseconds(500);
// More endings than this that could not be written yet, and no further jobs are taken.
constexpr std::size_t kMostBacklog = 1'000;
// What a process that stops waits for the database to take the last endings.
constexpr auto kLastWords = seconds(3);

// A claim this slow walks over rows that are gone but cannot be cleared away.
bool is_slow(BootClock::duration took, std::size_t jobs) {
  return took > milliseconds(5) + std::chrono::microseconds(30) * jobs;
}

}  // namespace

Result<void> Worker::Engine::run(LoopContext& loop) {
  for (auto& [name, kind] : kinds_) {
    if (kind->is_run_here) kind->crew->resume();
  }
  // At once, and not when this thread comes to it: it may be waiting for a database whose line has
  // gone dead, and by then another process has the jobs.
  const std::stop_callback halt_all(loop.stop_token(), [this] {
    halt();
    wakeup_.raise();
  });
  fence_ = loop.fence();
  has_unknown_ = true;  // an earlier holding may have left something
  next_look_ = {};
  ready_notices_ = database_.subscribe(std::string(kJobReadyChannel), [this](std::string_view of) {
    const auto kind = kinds_.find(of);
    if (kind != kinds_.end()) {
      kind->second->is_hinted = true;
    } else {
      if (!of.empty()) return;
      is_look_asked_ = true;
    }
    wakeup_.raise();
  });
  cancel_notices_ = database_.subscribe(std::string(kJobCancelChannel), [this](std::string_view) {
    is_recall_asked_ = true;
    wakeup_.raise();
  });
  Result<void> outcome;
  while (outcome && !loop.stopping()) outcome = go_on(loop);
  wind_down();
  ready_notices_.reset();
  cancel_notices_.reset();
  return outcome;
}

Result<void> Worker::Engine::go_on(LoopContext& loop) {
  Time now = BootClock::now();
  if (has_unknown_ || now >= next_inventory_) give_back_unknown(loop);
  const bool is_asked = is_look_asked_ || is_outlook_short_;
  if (now >= next_look_ || (is_asked && now >= last_look_ + kLookPause)) look(loop);
  if (now >= next_promote_) promote(loop);
  look_at_time(now);
  const bool is_recall_asked = is_recall_asked_.exchange(false);
  if (is_recall_asked || now >= next_note_) note_and_recall(loop, is_recall_asked);
  for (auto& [name, kind] : kinds_) {
    if (!kind->is_run_here) continue;
    VEDETTE_CHECK(take_jobs(loop, *kind));
    if (now >= kind->next_periodic) keep_period(loop, *kind);
  }
  if (now >= next_report_) report(loop);

  now = BootClock::now();
  Time next = std::min({next_look_, next_promote_, next_inventory_, next_report_});
  if (is_look_asked_ || is_outlook_short_) next = std::min<Time>(next, last_look_ + kLookPause);
  if (is_working()) next = std::min(next, next_note_);
  for (const auto& [name, kind] : kinds_) {
    if (!kind->is_run_here) continue;
    next = std::min({next, kind->next_periodic, kind->crew->next_look()});
    for (const Intake* intake : {&kind->one_by_one, &kind->ahead}) {
      if (intake->has_more && kind->not_before > now) next = std::min(next, kind->not_before);
      if (intake->has_more && intake->next_from_beginning > now) {
        next = std::min(next, intake->next_from_beginning);
      }
    }
  }
  if (next > now) wakeup_.wait_for(next - now);
  return {};
}

Result<void> Worker::Engine::take_jobs(LoopContext& loop, Kind& kind) {
  const bool is_told = kind.is_hinted.exchange(false);
  const bool is_hinted = std::exchange(kind.is_seen_ready, false) || is_told;
  for (Intake* intake : {&kind.one_by_one, &kind.ahead}) {
    if (!is_hinted) break;
    intake->has_more = true;
    intake->is_dry = false;
  }
  const Time now = BootClock::now();
  if (now < kind.not_before) return {};
  const bool takes_ahead = kind.spec.ahead > 0;
  const auto is_due = [&](const Intake& intake) {
    return intake.has_more && (!intake.is_dry || now >= intake.next_from_beginning);
  };
  if (!is_due(kind.one_by_one) && !(takes_ahead && is_due(kind.ahead))) return {};
  // Said before it is looked at: room made in between is told.
  kind.wants_room = true;
  kind.is_held_back = true;
  if (endings_->backlog() > kMostBacklog + 2 * static_cast<std::size_t>(kind.spec.ahead)) return {};
  kind.is_held_back = false;
  JobCrew::Load load = kind.crew->load();
  // Fetching is worth it only for a good part of what may wait here.
  if (load.room == 0 || load.waiting > kind.spec.ahead / 2) return {};
  const std::int64_t taken_before = taken_;
  if (!takes_ahead) {
    VEDETTE_CHECK(take(loop, kind, kind.one_by_one, load.free, false));
  } else {
    if (is_due(kind.one_by_one) && now >= kind.one_by_one.next_from_beginning) {
      VEDETTE_CHECK(take(loop, kind, kind.one_by_one, std::max(1, load.free), false));
      load = kind.crew->load();
    }
    if (is_due(kind.ahead) && load.room > 0) {
      VEDETTE_CHECK(take(loop, kind, kind.ahead, load.room, true));
    }
  }
  // A look that saw what cannot be had yet (elsewhere its places are taken) needs no other look.
  if (is_told && taken_ == taken_before) is_outlook_short_ = true;
  return {};
}

Result<void> Worker::Engine::take(LoopContext& loop, Kind& kind, Intake& intake, int limit,
                                  bool is_ahead) {
  const Time sent = BootClock::now();
  const bool is_whole = !intake.is_slow || sent >= intake.next_from_beginning;
  const ClaimRequest request{.kind = kind.spec.name,
                             .limit = limit,
                             .at_once_everywhere = kind.spec.at_once_everywhere,
                             .only_unsuspected = is_ahead,
                             .from = is_whole ? JobPlace{} : intake.from};
  Result<Claimed> claimed = database_.write(
      [&](db::Session& session) { return claim_jobs(session, fence_, request); },
      {.stop = loop.stop_token()});  // a timeout of its own would cost two round trips
  if (!claimed) {
    if (claimed.error().code == ErrorCode::kFenced) return fail(std::move(claimed.error()));
    has_unknown_ = true;  // it may have come to pass all the same
    kind.not_before = BootClock::now() + kFailurePause;
    if (!loop.stopping()) loop.failure(claimed.error());
    return {};
  }
  const Time::duration took = BootClock::now() - sent;
  const std::size_t count = claimed->jobs.size();
  if (is_whole) intake.is_slow = is_slow(took, count);
  // One at a time beside whole armfuls, or walking over the dead: a small share of the time.
  const bool is_beside = kind.spec.ahead > 0 && !is_ahead;
  if (is_whole && (is_beside || intake.is_slow)) {
    intake.next_from_beginning = BootClock::now() + took * 19;
  }
  if (claimed->last && std::tie(claimed->last->rank, claimed->last->id) >
                           std::tie(intake.from.rank, intake.from.id)) {
    intake.from = *claimed->last;
  }
  if (count < static_cast<std::size_t>(limit)) {
    intake.has_more = !is_whole;
    intake.is_dry = !is_whole;
  }
  taken_ += static_cast<std::int64_t>(count);
  if (count > 0) {
    hand_out(kind, std::move(claimed->jobs), !is_ahead);
    database_.notify(kJobChangeChannel, kind.spec.name);
  }
  return {};
}

void Worker::Engine::hand_out(Kind& kind, std::vector<ClaimedJob> jobs, bool to_front) {
  std::vector<JobCrew::CellPtr> cells;
  cells.reserve(jobs.size());
  for (ClaimedJob& job : jobs) {
    if (!learn(job)) continue;
    cells.push_back(std::make_shared<JobCell>(kind.spec, fence_, std::move(job)));
  }
  const Time now = BootClock::now();
  next_note_ = std::min<Time>(next_note_, now + options_.progress_every);
  next_report_ = std::min<Time>(next_report_, now + kReportEvery);
  if (kind.crew->add(std::move(cells), to_front)) return;
  give_back_waiting(kind);
  kind.not_before = BootClock::now() + kFailurePause;
}

void Worker::Engine::give_back_waiting(Kind& kind) {
  for (const JobCrew::CellPtr& cell : kind.crew->take_waiting()) {
    finish(kind, {.cell = cell, .stop = JobStop::kStopping, .has_more = true});
  }
}

// The lease is lost, or the process ends: whatever has not begun goes back, and what runs is asked
// to stop and gets its time.
void Worker::Engine::wind_down() {
  halt();
  for (auto& [name, kind] : kinds_) {
    if (kind->is_run_here) give_back_waiting(*kind);
  }
  for (;;) {
    const Time now = BootClock::now();
    look_at_time(now);
    Time next = now + seconds(1);
    for (auto& [name, kind] : kinds_) {
      if (!kind->is_run_here) continue;
      kind->wants_room = true;
      next = std::min(next, kind->crew->next_look());
    }
    if (!is_working()) break;
    if (next > now) wakeup_.wait_for(next - now);
  }
  endings_->drain(kLastWords);
}

void Worker::Engine::halt() {
  for (auto& [name, kind] : kinds_) {
    if (kind->is_run_here) kind->crew->halt(JobStop::kStopping, options_.stop_grace);
  }
}

bool Worker::Engine::is_working() const {
  return std::ranges::any_of(kinds_, [](const auto& entry) {
    if (!entry.second->is_run_here) return false;
    const JobCrew::Load load = entry.second->crew->load();
    return load.running + load.waiting > 0;
  });
}

// False: it is at work here under this very number. A claim does not wait for the disk: a server
// that crashes may forget it, and give the same attempt out again. What is done under it is in the
// same log behind it, and is lost with it, or neither is.
bool Worker::Engine::learn(const ClaimedJob& job) {
  const Lock lock(known_mutex_);
  return known_.emplace(job.id, job.attempt).second;
}

bool Worker::Engine::knows(std::int64_t job, std::int64_t attempt) const {
  const Lock lock(known_mutex_);
  return known_.contains({job, attempt});
}

void Worker::Engine::forget(std::int64_t job, std::int64_t attempt) {
  const Lock lock(known_mutex_);
  known_.erase({job, attempt});
}

}  // namespace vedette::work
