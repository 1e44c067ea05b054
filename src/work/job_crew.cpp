#include "work/job_crew.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>
#include <system_error>

#include "base/log.hpp"
#include "base/process.hpp"

namespace vedette::work {
namespace {

std::unexpected<Error> thrown(std::string message) {
  return fail(Error{ErrorCode::kInternal, std::move(message), true, {}});
}

Result<JobEnd> call(JobCell& cell, JobContext& context) {
  try {
    return cell.kind().body(cell.job().payload, context);
  } catch (const std::bad_alloc&) {
    return thrown("It ran out of memory.");
  } catch (const std::exception& error) {
    return thrown(fmt::format("It failed unexpectedly: {}", error.what()));
  } catch (...) {
    return thrown("It failed unexpectedly: what was thrown is no std::exception.");
  }
}

bool is_attempt(const JobCell& cell, std::int64_t job, std::int64_t attempt) {
  return cell.fence().job == job && cell.fence().attempt == attempt;
}

Micros since(JobCrew::Time begun) {
  return std::chrono::duration_cast<Micros>(BootClock::now() - begun);
}

}  // namespace

JobCrew::JobCrew(const JobKind& kind, OnFinish on_finish, OnRoom on_room)
    : kind_(kind), on_finish_(std::move(on_finish)), on_room_(std::move(on_room)) {}

JobCrew::~JobCrew() {
  halt(JobStop::kStopping, Micros::zero());
  std::vector<std::thread> threads;
  {
    const Lock lock(crew_mutex_);
    is_closing_ = true;
    waiting_.clear();
    threads.swap(threads_);
  }
  available_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

int JobCrew::hanging() const {
  return static_cast<int>(
      std::ranges::count_if(runs_, [](const Run& run) { return run.is_given_up; }));
}

JobCrew::Load JobCrew::load() const {
  const Lock lock(crew_mutex_);
  Load load;
  load.hanging = hanging();
  load.running = static_cast<int>(runs_.size()) - load.hanging;
  load.waiting = static_cast<int>(waiting_.size());
  const int usable = kind_.at_once - load.hanging;
  if (usable <= 0) return load;
  load.free = std::max(0, usable - load.running - load.waiting);
  load.room = std::max(0, usable + kind_.ahead - load.running - load.waiting);
  return load;
}

bool JobCrew::has_thread_for_all() {
  while (idle_ < static_cast<int>(waiting_.size()) &&
         static_cast<int>(threads_.size()) < kind_.at_once) {
    try {
      threads_.emplace_back([this] { work(); });
    } catch (const std::system_error& error) {
      log::warn("work", "no thread could be started for {}: {}", kind_.name, error.what());
      return !threads_.empty();
    }
    ++idle_;  // it will come for work, and counts itself from then on
  }
  return true;
}

bool JobCrew::add(std::vector<CellPtr> cells, bool to_front) {
  int to_wake = 0;
  bool has_threads = true;
  {
    const Lock lock(crew_mutex_);
    waiting_.insert(to_front ? waiting_.begin() : waiting_.end(), cells.begin(), cells.end());
    to_wake = std::min(idle_, static_cast<int>(waiting_.size()));
    has_threads = has_thread_for_all();
  }
  for (; to_wake > 0; --to_wake) available_.notify_one();
  return has_threads;
}

std::vector<JobCrew::CellPtr> JobCrew::take_waiting() {
  const Lock lock(crew_mutex_);
  std::vector<CellPtr> cells(waiting_.begin(), waiting_.end());
  waiting_.clear();
  return cells;
}

std::vector<JobCrew::CellPtr> JobCrew::all(bool with_waiting) const {
  const Lock lock(crew_mutex_);
  std::vector<CellPtr> cells;
  if (with_waiting) cells.assign(waiting_.begin(), waiting_.end());
  for (const Run& run : runs_) {
    if (run.is_live()) cells.push_back(run.cell);
  }
  return cells;
}

JobCrew::CellPtr JobCrew::stop(std::int64_t job, std::int64_t attempt, JobStop why) {
  const auto is_it = [&](const CellPtr& cell) { return is_attempt(*cell, job, attempt); };
  CellPtr stopped;
  {
    const Lock lock(crew_mutex_);
    const auto waiting = std::ranges::find_if(waiting_, is_it);
    if (waiting != waiting_.end()) {
      CellPtr cell = *waiting;
      waiting_.erase(waiting);
      return cell;
    }
    for (Run& run : runs_) {
      if (!is_it(run.cell) || !run.is_live()) continue;
      // Being somebody else's outdoes all other reasons: there is nothing to write any more.
      if (run.stop == JobStop::kNone || why == JobStop::kLost) run.stop = why;
      run.give_up_at = std::min<Time>(run.give_up_at, BootClock::now() + kind_.grace);
      stopped = run.cell;
    }
  }
  if (stopped) stopped->request_stop();
  return nullptr;
}

void JobCrew::resume() {
  {
    const Lock lock(crew_mutex_);
    is_halted_ = false;
  }
  available_.notify_all();
}

void JobCrew::halt(JobStop why, Micros grace) {
  std::vector<CellPtr> stopped;
  {
    const Lock lock(crew_mutex_);
    is_halted_ = true;
    const Time give_up_at = BootClock::now() + std::min(grace, kind_.grace);
    for (Run& run : runs_) {
      if (!run.is_live()) continue;
      if (run.stop == JobStop::kNone) run.stop = why;
      run.give_up_at = std::min(run.give_up_at, give_up_at);
      stopped.push_back(run.cell);
    }
  }
  // Outside the lock: stop callbacks are the body's code.
  for (const CellPtr& cell : stopped) cell->request_stop();
}

std::vector<JobCrew::Finished> JobCrew::look_at_time(Time now) {
  std::vector<CellPtr> stalled;
  std::vector<Finished> given_up;
  {
    const Lock lock(crew_mutex_);
    for (Run& run : runs_) {
      if (!run.is_live()) continue;
      if (run.stop == JobStop::kNone && kind_.stall > Micros::zero() &&
          now - run.cell->last_sign() > kind_.stall) {
        run.stop = JobStop::kStalled;
        run.give_up_at = now + kind_.grace;
        stalled.push_back(run.cell);
      }
      if (now < run.give_up_at) continue;
      run.is_given_up = true;
      given_up.push_back({.cell = run.cell,
                          .stop = run.stop,
                          .took = since(run.begun),
                          .is_given_up = true,
                          .has_more = true});
    }
  }
  for (const CellPtr& cell : stalled) cell->request_stop();
  return given_up;
}

JobCrew::Time JobCrew::next_look() const {
  Time next = Time::max();
  const Lock lock(crew_mutex_);
  for (const Run& run : runs_) {
    if (!run.is_live()) continue;
    next = std::min(next, run.give_up_at);
    if (run.stop == JobStop::kNone && kind_.stall > Micros::zero()) {
      next = std::min<Time>(next, run.cell->last_sign() + kind_.stall);
    }
  }
  return next;
}

void JobCrew::work() {
  set_thread_name(kind_.name);
  Lock lock(crew_mutex_);
  for (;;) {
    available_.wait(lock, [this]() VEDETTE_REQUIRES(crew_mutex_) {
      return is_closing_ || (!is_halted_ && !waiting_.empty());
    });
    if (is_closing_) return;
    --idle_;
    waiting_.front()->alive();  // or it has been silent for ever when look_at_time() sees it
    const auto run = runs_.insert(runs_.end(), Run{std::move(waiting_.front()), BootClock::now()});
    waiting_.pop_front();
    lock.unlock();
    run_one(*run);
    lock.lock();
    runs_.erase(run);
    ++idle_;
    if (static_cast<int>(waiting_.size()) > kind_.ahead / 2) continue;
    lock.unlock();
    on_room_();
    lock.lock();
  }
}

// The run stays where it is until this returns; what others change of it is under the lock.
void JobCrew::run_one(Run& run) {
  JobContext context(run.cell);
  const Result<JobEnd> outcome = call(*run.cell, context);
  Finished finished{.cell = run.cell, .outcome = &outcome, .took = since(run.begun)};
  {
    const Lock lock(crew_mutex_);
    run.has_returned = true;
    finished.stop = run.stop;
    finished.is_late = run.is_given_up;
    finished.has_more = !waiting_.empty() || runs_.size() > 1;
  }
  on_finish_(finished);
}

}  // namespace vedette::work
