// The time thread: starts and ends bodies, and gives up leases that can no longer be trusted.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <system_error>
#include <utility>

#include "base/log.hpp"
#include "base/process.hpp"
#include "work/engine.hpp"

namespace vedette::work {
namespace {

using std::chrono::milliseconds;

constexpr auto kChangeInterval = milliseconds(250);
constexpr auto kLongestSleep = std::chrono::seconds(60);

Result<void> call(const LoopBody& body, LoopContext& context) {
  try {
    return body(context);
  } catch (const std::exception& thrown) {
    return fail(ErrorCode::kInternal, "It failed unexpectedly; the log says more.", thrown.what());
  } catch (...) {
    return fail(ErrorCode::kInternal, "It failed unexpectedly; the log says more.",
                "something that is not a std::exception was thrown");
  }
}

}  // namespace

void Supervisor::Engine::run_time() {
  set_thread_name("work time");
  Time last_change{};
  while (true) {
    Todo todo;
    const Time now = BootClock::now();
    time_came_round_ = now;
    todo.next = now + kLongestSleep;
    {
      const Lock lock(loops_mutex_);
      if (is_time_over_) return;
      for (auto entry = loops_.begin(); entry != loops_.end();) {
        advance(*entry->second, now, todo);
        entry = drop_if_done(entry, todo);
      }
      settled_.notify_all();
    }
    // Outside the lock: stop callbacks and what a body holds on to may be anybody's code.
    for (std::stop_source& stop : todo.stops) stop.request_stop();
    if (todo.is_unfinished()) continue;

    if (has_visible_change_ && now >= last_change + kChangeInterval) {
      has_visible_change_ = false;
      last_change = now;
      options_.on_change();
    }
    if (has_visible_change_) todo.next = std::min<Time>(todo.next, last_change + kChangeInterval);
    const Time after = BootClock::now();
    if (todo.next > after) time_wakeup_.wait_for(todo.next - after);
  }
}

Supervisor::Engine::Loops::iterator Supervisor::Engine::drop_if_done(Loops::iterator entry,
                                                                     Todo& todo) {
  Loop& loop = *entry->second;
  if (!loop.is_forgotten || !is_settled(loop)) return std::next(entry);
  // Whoever waits in remove() may rely on it that nothing of the body is left.
  if (loop.spec.body) {
    todo.bodies.push_back(std::exchange(loop.spec.body, nullptr));
    return std::next(entry);
  }
  dropped_.push_back(entry->first);
  cell_changed(true);
  return loops_.erase(entry);
}

void Supervisor::Engine::advance(Loop& loop, Time now, Todo& todo) {
  const bool needs_lease = !loop.spec.lease.empty();
  if (loop.token > 0 && now >= loop.trusted_until) {
    lose(loop, "it could not be renewed in time");
  }
  if (loop.has_returned && loop.body.joinable()) {
    todo.ended.push_back(std::move(loop.body));
    return;
  }
  if (loop.has_returned) settle(loop, now);
  const bool may_run = loop.is_wanted && !loop.is_handed_over && (!needs_lease || loop.token > 0);
  if (loop.is_running && !may_run) {
    if (!loop.stop_sent) {
      loop.stop_sent = true;
      todo.stops.push_back(loop.body.get_stop_source());
    } else {
      loop.cell->show(describe(loop, now));
    }
  }
  if (!loop.is_running) {
    if (may_run && !loop.is_finished && now >= loop.next_attempt) {
      start_body(loop, now);
    } else {
      loop.cell->show(describe(loop, now));
      if (may_run && !loop.is_finished) todo.next = std::min(todo.next, loop.next_attempt);
      const bool is_done = !loop.is_wanted || loop.is_handed_over || loop.is_finished;
      if (is_done && loop.token > 0 && !loop.is_in_database) database_wakeup_.raise();
    }
  }
  if (loop.token > 0) todo.next = std::min(todo.next, loop.trusted_until);
}

void Supervisor::Engine::start_body(Loop& loop, Time now) {
  const bool is_restart = loop.failures > 0;
  loop.stop_sent = false;
  loop.started_at = now;
  loop.next_attempt_at.reset();
  loop.outcome = {};
  const Fence fence{loop.spec.lease, loop.token};
  std::optional<Outage> outage = std::exchange(loop.outage, std::nullopt);
  if (outage) outage->until = SystemClock().now();
  loop.is_running = true;
  loop.cell->begin_run(is_restart, std::exchange(loop.taken_over_from, {}), describe(loop, now));
  try {
    loop.body =
        std::jthread([this, &loop, fence, outage = std::move(outage)](std::stop_token stop) {
          run_body(loop, std::move(stop), fence, outage);
        });
  } catch (const std::system_error& thrown) {
    loop.is_running = false;
    loop.cell->note_failure(
        {ErrorCode::kUnavailable, "No thread could be started for it.", true, thrown.what()});
    back_off(loop, now);
  }
}

// The loop outlives its body: it is dropped only after the body's thread was joined.
void Supervisor::Engine::run_body(Loop& loop, std::stop_token stop, Fence fence,
                                  std::optional<Outage> outage) {
  set_thread_name(loop.spec.name);
  LoopContext context(loop.cell, std::move(stop), std::move(fence), std::move(outage));
  Result<void> outcome = call(loop.spec.body, context);
  {
    const Lock lock(loops_mutex_);
    loop.outcome = std::move(outcome);
    loop.has_returned = true;
  }
  time_wakeup_.raise();
}

void Supervisor::Engine::settle(Loop& loop, Time now) {
  loop.has_returned = false;
  loop.is_running = false;
  if (!loop.spec.lease.empty() && loop.token == 0) look_asked_ = true;
  database_wakeup_.raise();
  // After a stop was asked for, whatever the body returned is no news.
  if (loop.stop_sent) {
    loop.stop_sent = false;
    return;
  }
  if (loop.outcome) {
    loop.is_finished = true;
    loop.finished_at = SystemClock().now();
    log::info("work", "{}: finished", loop.spec.name);
    return;
  }
  const Error& error = loop.outcome.error();
  if (error.code == ErrorCode::kFenced && loop.token > 0) {
    lose(loop, error.message);
    loop.next_attempt = now + loop.spec.options.backoff_min;
    return;
  }
  const LoopOptions& options = loop.spec.options;
  if (loop.cell->has_succeeded_in_this_run() && now - loop.started_at >= options.healthy_after) {
    loop.failures = 0;
  }
  note_outage(loop);
  loop.cell->note_failure(error);
  back_off(loop, now);
}

// The loop stops now: because of the database, where that is in trouble.
void Supervisor::Engine::note_outage(Loop& loop) const {
  if (!database_error_ || loop.outage || loop.spec.lease.empty()) return;
  loop.outage = Outage{unreachable_since_, {}, *database_error_};
}

void Supervisor::Engine::back_off(Loop& loop, Time now) {
  const LoopOptions& options = loop.spec.options;
  loop.failures = std::min(loop.failures + 1, 20);
  const Micros most =
      std::min(options.backoff_max, Micros(options.backoff_min.count() << loop.failures));
  std::uniform_int_distribution<std::int64_t> draw(options.backoff_min.count(),
                                                   std::max(options.backoff_min, most).count());
  const Micros delay(draw(random_));
  loop.next_attempt = now + delay;
  loop.next_attempt_at = SystemClock().now() + delay;
}

void Supervisor::Engine::lose(Loop& loop, std::string_view why) {
  log::warn("work", "{}: lost its lease (attempt {}): {}", loop.spec.name, loop.token, why);
  loop.token = 0;
  note_outage(loop);
  loop.is_handed_over = false;
  loop.sighting.reset();
  ++counters_.leases_lost;
  look_asked_ = true;
  database_wakeup_.raise();
}

LoopCell::Facts Supervisor::Engine::describe(const Loop& loop, Time now) const {
  LoopCell::Facts facts;
  facts.token = loop.token;
  const bool needs_lease = !loop.spec.lease.empty();
  if (loop.token > 0 || (!needs_lease && loop.is_running)) facts.held_by = process_.name;
  if (loop.is_running && loop.stop_sent) {
    facts.state = LoopState::kStopping;
    if (loop.is_handed_over) {
      facts.cause = "Another process takes it over, which has fewer.";
    } else if (loop.is_wanted && needs_lease && loop.token == 0) {
      facts.cause = "The lease is lost; what it is doing has not ended yet.";
    }
    return facts;
  }
  if (loop.is_running) {
    facts.state = LoopState::kRunning;
    return facts;
  }
  if (!loop.is_wanted) {
    facts.state = LoopState::kStopped;
    return facts;
  }
  if (loop.is_finished) {
    facts.state = LoopState::kFinished;
    facts.finished_at = loop.finished_at;
    return facts;
  }
  if (needs_lease && loop.token == 0) {
    if (database_error_) {
      facts.state = LoopState::kUnreachable;
      facts.cause = unreachable_cause();
    } else if (loop.sighting && loop.sighting->view.holder &&
               *loop.sighting->view.holder != process_.id) {
      facts.state = LoopState::kStandby;
      facts.held_by = loop.sighting->view.process;
      facts.cause = fmt::format("{} runs it.", loop.sighting->view.process);
    } else {
      facts.state = LoopState::kStarting;
      facts.cause = loop.no_room;
      facts.has_no_room = !loop.no_room.empty();
      if (facts.has_no_room) facts.remedy = loop.spec.group.remedy;
    }
    return facts;
  }
  if (loop.next_attempt_at && now < loop.next_attempt) {
    facts.state = LoopState::kRetrying;
    facts.next_run_at = loop.next_attempt_at;
    if (!loop.outcome) facts.cause = loop.outcome.error().message;
    return facts;
  }
  facts.state = LoopState::kStarting;
  return facts;
}

std::string Supervisor::Engine::unreachable_cause() const {
  return fmt::format("since {}: {}",
                     to_rfc3339(floor_to(unreachable_since_, std::chrono::seconds(1))),
                     database_error_->message);
}

bool Supervisor::Engine::is_settled(const Loop& loop) const {
  return !loop.is_wanted && !loop.is_running && !loop.is_in_database && loop.token == 0;
}

}  // namespace vedette::work
