// SIGINT and SIGTERM as a stop that is asked for, once for every command that runs until then. One
// thread of its own waits for them; whoever asks twice waits for nothing. Made by a command's body
// before it starts any other thread, so that all of them leave these signals to it.
#pragma once

#include <atomic>
#include <csignal>
#include <stop_token>
#include <thread>

namespace vedette::app {

class StopSignal {
 public:
  StopSignal();
  /// Signals do again what they did before.
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// Fires at the first signal. The second one ends the process at once, with kFailed.
  std::stop_token token() const { return stop_.get_token(); }
  /// As a signal would, from within. Any thread.
  void request_stop() { stop_.request_stop(); }
  /// Blocks until a stop is asked for.
  void wait() const;

 private:
  void wait_for_signals();

  sigset_t signals_{};
  sigset_t before_{};
  std::stop_source stop_;
  std::atomic<bool> is_over_{false};
  std::thread waiter_;  // last: uses the rest
};

}  // namespace vedette::app
