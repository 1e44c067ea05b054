// The state of one loop in this process: written by its body (through LoopContext) and by the
// supervisor, read by anybody. Thread-safe; holds no other lock while its own is held.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"
#include "work/loop.hpp"

namespace vedette::work {

class LoopCell {
 public:
  /// `on_change(is_visible)` is called after a change, from the changing thread and without the
  /// cell's lock; visible means that a person would see it (more than a newer success time).
  LoopCell(LoopStatus initial, std::function<void(bool is_visible)> on_change);

  LoopStatus status() const;
  /// Grows with every change.
  std::uint64_t version() const;

  // The supervisor's side.

  /// What the supervisor knows and the body does not.
  struct Facts {
    LoopState state = LoopState::kStarting;
    std::string cause{};
    std::string remedy{};
    bool has_no_room = false;  // every process holds as many loops of the group as it may
    std::string held_by{};
    std::int64_t token = 0;
    std::optional<Instant> next_run_at{};
    std::optional<Instant> finished_at{};
  };
  void show(Facts facts);
  /// A new call of the body begins. What the body last reported stays until it says otherwise.
  void begin_run(bool is_restart, std::string_view cause, const Facts& facts);
  /// The body failed. Logs it unless the same was logged since the last success.
  void note_failure(const Error& error);
  bool has_succeeded_in_this_run() const;
  void wake();

  // The body's side, see LoopContext.

  void report(Health health, std::string_view word, std::string_view cause,
              std::string_view remedy);
  void running();
  void success(Micros took);
  bool wait(const std::stop_token& stop, Micros duration);

 private:
  struct Report {
    Health health = Health::kGood;
    std::string word;
    std::string cause;
    std::string remedy;
    bool operator==(const Report&) const = default;
  };

  /// Puts word, health, cause and remedy together; true when any of them, or the state, changed.
  bool refresh() VEDETTE_REQUIRES(status_mutex_);
  void changed(bool is_visible);

  const std::function<void(bool)> on_change_;
  mutable Mutex status_mutex_;
  std::condition_variable_any woken_;
  LoopStatus status_ VEDETTE_GUARDED_BY(status_mutex_);
  std::string supervisor_cause_ VEDETTE_GUARDED_BY(status_mutex_);
  std::string supervisor_remedy_ VEDETTE_GUARDED_BY(status_mutex_);
  bool has_no_room_ VEDETTE_GUARDED_BY(status_mutex_) = false;
  /// Since when attempts have failed in a row.
  std::optional<Instant> failing_since_ VEDETTE_GUARDED_BY(status_mutex_);
  std::optional<Report> report_ VEDETTE_GUARDED_BY(status_mutex_);
  LoopState shown_state_ VEDETTE_GUARDED_BY(status_mutex_) = LoopState::kStarting;
  std::set<std::string> logged_
      VEDETTE_GUARDED_BY(status_mutex_);  // failures since the last success
  bool has_succeeded_ VEDETTE_GUARDED_BY(status_mutex_) = false;
  bool is_woken_ VEDETTE_GUARDED_BY(status_mutex_) = false;
  std::uint64_t version_ VEDETTE_GUARDED_BY(status_mutex_) = 1;
};

}  // namespace vedette::work
