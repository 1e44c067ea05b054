#include "work/loop_cell.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include "base/log.hpp"

namespace vedette::work {
namespace {

constexpr std::size_t kMostLoggedFailures = 16;
// Only so that sums with the present time do not overflow.
constexpr Micros kLongestWait = std::chrono::hours(24 * 365);

struct Words {
  std::string_view word;
  Health health;
};

Words words(LoopState state) {
  switch (state) {
    case LoopState::kStarting:
      return {"starting", Health::kWait};
    case LoopState::kRunning:
      return {"running", Health::kGood};
    case LoopState::kWaiting:
      return {"waiting", Health::kGood};
    case LoopState::kStandby:
      return {"standby", Health::kWait};
    case LoopState::kRetrying:
      return {"retrying", Health::kBad};
    case LoopState::kUnreachable:
      return {"database unreachable", Health::kBad};
    case LoopState::kFinished:
      return {"finished", Health::kGood};
    case LoopState::kStopping:
      return {"stopping", Health::kWait};
    case LoopState::kStopped:
      return {"stopped", Health::kWait};
  }
  return {"unknown", Health::kBad};
}

// The body is called, or will be: what it said about itself is the better description.
bool is_attempt(LoopState state) {
  return state == LoopState::kRunning || state == LoopState::kWaiting ||
         state == LoopState::kRetrying;
}

Instant now() {
  return SystemClock().now();
}

Instant midnight(Instant t) {
  return floor_to(t, std::chrono::hours(24));
}

}  // namespace

LoopCell::LoopCell(LoopStatus initial, std::function<void(bool)> on_change)
    : on_change_(std::move(on_change)), status_(std::move(initial)) {
  status_.since = now();
  refresh();
}

LoopStatus LoopCell::status() const {
  const Lock lock(status_mutex_);
  LoopStatus copy = status_;
  if (copy.last_error_at && midnight(*copy.last_error_at) != midnight(now())) {
    copy.restarts_today = 0;
  }
  return copy;
}

std::uint64_t LoopCell::version() const {
  const Lock lock(status_mutex_);
  return version_;
}

bool LoopCell::refresh() {
  const Words plain = words(status_.state);
  std::string word(plain.word);
  Health health = plain.health;
  std::string cause = supervisor_cause_;
  std::string remedy = supervisor_remedy_;
  if (has_no_room_) {
    word = "no room";
    health = Health::kBad;
  }
  if (report_ && is_attempt(status_.state)) {
    word = report_->word;
    health = report_->health;
    cause = report_->cause;
    remedy = report_->remedy;
  }
  const bool is_other_word = word != status_.word;
  const bool is_other = is_other_word || status_.state != shown_state_ ||
                        health != status_.health || cause != status_.cause ||
                        remedy != status_.remedy;
  if (is_other_word) status_.since = now();
  // Whatever a retry calls itself: the trouble is as old as its first failure.
  if (failing_since_ && is_attempt(status_.state) && health != Health::kGood) {
    status_.since = *failing_since_;
  }
  status_.word = std::move(word);
  status_.health = health;
  status_.cause = std::move(cause);
  status_.remedy = std::move(remedy);
  shown_state_ = status_.state;
  return is_other;
}

void LoopCell::changed(bool is_visible) {
  if (on_change_) on_change_(is_visible);
}

void LoopCell::show(Facts facts) {
  {
    const Lock lock(status_mutex_);
    const bool is_other = status_.held_by != facts.held_by || status_.token != facts.token ||
                          status_.next_run_at != facts.next_run_at;
    status_.state = facts.state;
    status_.held_by = std::move(facts.held_by);
    status_.token = facts.token;
    status_.next_run_at = facts.next_run_at;
    supervisor_cause_ = std::move(facts.cause);
    supervisor_remedy_ = std::move(facts.remedy);
    has_no_room_ = facts.has_no_room;
    if (status_.state == LoopState::kStandby || status_.state == LoopState::kFinished) {
      failing_since_.reset();  // whose attempts they were is somebody else now
      status_.attempts = 0;
    }
    const bool has_changed = refresh();
    if (facts.finished_at) status_.since = *facts.finished_at;
    if (!has_changed && !is_other) return;
    ++version_;
  }
  changed(true);
}

void LoopCell::begin_run(bool is_restart, std::string_view cause, const Facts& facts) {
  {
    const Lock lock(status_mutex_);
    has_succeeded_ = false;
    is_woken_ = false;
    if (is_restart) {
      ++status_.restarts;
      ++status_.restarts_today;
    }
    status_.state = LoopState::kRunning;
    status_.held_by = facts.held_by;
    status_.token = facts.token;
    status_.next_run_at.reset();
    supervisor_cause_ = cause;
    supervisor_remedy_.clear();
    has_no_room_ = false;
    refresh();
    ++version_;
  }
  changed(true);
}

void LoopCell::note_failure(const Error& error) {
  bool is_new = false;
  std::string loop;
  {
    const Lock lock(status_mutex_);
    const Instant at = now();
    if (!status_.last_error_at || midnight(*status_.last_error_at) != midnight(at)) {
      status_.restarts_today = 0;
    }
    // What the body said of itself before it failed counts: that is when it saw the trouble.
    if (!failing_since_) failing_since_ = status_.health == Health::kBad ? status_.since : at;
    ++status_.attempts;
    status_.last_error = error.message;
    status_.last_error_at = at;
    if (logged_.size() >= kMostLoggedFailures) logged_.clear();
    refresh();
    is_new = logged_.insert(error.message + error.detail).second;
    loop = status_.name;
    ++version_;
  }
  if (is_new) {
    log::warn("work", "{}: {}{}{}", loop, error.message, error.detail.empty() ? "" : " | ",
              error.detail);
  }
  changed(true);
}

bool LoopCell::has_succeeded_in_this_run() const {
  const Lock lock(status_mutex_);
  return has_succeeded_;
}

void LoopCell::wake() {
  {
    const Lock lock(status_mutex_);
    is_woken_ = true;
  }
  woken_.notify_all();
}

void LoopCell::report(Health health, std::string_view word, std::string_view cause,
                      std::string_view remedy) {
  {
    const Lock lock(status_mutex_);
    if (report_ && report_->health == health && report_->word == word && report_->cause == cause &&
        report_->remedy == remedy) {
      return;
    }
    report_ = Report{health, std::string(word), std::string(cause), std::string(remedy)};
    if (!refresh()) return;
    ++version_;
  }
  changed(true);
}

void LoopCell::running() {
  {
    const Lock lock(status_mutex_);
    if (!report_ && supervisor_cause_.empty()) return;
    report_.reset();
    supervisor_cause_.clear();
    if (!refresh()) return;
    ++version_;
  }
  changed(true);
}

void LoopCell::success(Micros took) {
  bool is_visible = false;
  bool has_recovered = false;
  std::string loop;
  {
    const Lock lock(status_mutex_);
    status_.last_success_at = now();
    status_.last_took = took;
    has_succeeded_ = true;
    if (failing_since_) status_.since = now();
    failing_since_.reset();
    status_.attempts = 0;
    has_recovered = !logged_.empty();
    if (has_recovered) {
      logged_.clear();
      loop = status_.name;
    }
    if (report_ && report_->health == Health::kBad) report_.reset();
    supervisor_cause_.clear();
    is_visible = refresh();
    ++version_;
  }
  if (has_recovered) log::info("work", "{}: works again", loop);
  changed(is_visible);
}

bool LoopCell::wait(const std::stop_token& stop, Micros duration) {
  duration = std::min<Micros>(duration, kLongestWait);
  Lock lock(status_mutex_);
  if (is_woken_ || duration <= Micros::zero() || stop.stop_requested()) {
    is_woken_ = false;
    return !stop.stop_requested();
  }
  status_.state = LoopState::kWaiting;
  status_.next_run_at = now() + duration;
  refresh();
  ++version_;
  lock.unlock();
  changed(true);
  lock.lock();
  woken_.wait_for(lock, stop, duration,
                  [this]() VEDETTE_REQUIRES(status_mutex_) { return is_woken_; });
  is_woken_ = false;
  // When asked to stop, the state is the supervisor's to say.
  if (stop.stop_requested()) return false;
  status_.state = LoopState::kRunning;
  status_.next_run_at.reset();
  refresh();
  ++version_;
  lock.unlock();
  changed(true);
  return true;
}

}  // namespace vedette::work
