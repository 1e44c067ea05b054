// Brings the database to this program's tables at the start of `serve`, however late the database
// comes: pages say why until then, and work begins when it is there. One thread of its own.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <thread>

#include "api/readiness.hpp"
#include "base/error.hpp"

namespace vedette::app {

class Preparer {
 public:
  struct Steps {
    /// Applies what is missing; called again every second while it fails for a passing reason (the
    /// database is away, its disk is full).
    std::function<Result<void>()> prepare;
    /// Once, when it went well.
    std::function<void()> begin;
    /// Once, when it never will: a newer program's database, or another program's.
    std::function<void()> give_up;
  };

  /// Starts the thread; the functions are called on it. `readiness` outlives this.
  Preparer(api::Readiness& readiness, Steps steps);
  /// Stops.
  ~Preparer() { stop(); }
  Preparer(const Preparer&) = delete;
  Preparer& operator=(const Preparer&) = delete;

  /// Ends the thread; waits for a step that runs. Idempotent.
  void stop();
  /// After stop(): why it gave up, if it did.
  const std::optional<Error>& refusal() const { return refusal_; }

 private:
  void prepare_until(const std::stop_token& stop);

  api::Readiness& readiness_;
  Steps steps_;
  std::optional<Error> refusal_;  // the thread's, until stop()
  std::jthread thread_;           // last: uses the rest
};

}  // namespace vedette::app
