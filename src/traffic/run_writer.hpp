// Collects what one run of a camera sees and has it written about once a second by a thread of its
// own, so that a slow database never holds up a frame. add() from one thread.
#pragma once

#include <mutex>
#include <stop_token>
#include <thread>

#include "base/error.hpp"
#include "traffic/recorder.hpp"
#include "work/loop.hpp"

namespace vedette::traffic {

class RunWriter {
 public:
  /// Each batch written is a success of the loop, each failure is said there. When somebody else
  /// holds the camera by now, `give_up` is asked to stop.
  RunWriter(Recorder recorder, work::LoopContext& context, std::stop_source& give_up);

  /// Calls `add_to` on the batch that is written next.
  template <class F>
  void add(F&& add_to) {
    const std::lock_guard lock(pending_mutex_);
    add_to(pending_);
    has_pending_ = true;
  }

  /// Ends the thread and writes what is left; a database that is away is waited for until stop.
  Result<void> finish(const std::stop_token& stop);

 private:
  Result<void> write_once();
  void take_pending();

  Recorder recorder_;
  work::LoopContext& context_;
  std::stop_source& give_up_;
  std::mutex pending_mutex_;
  Batch pending_;
  bool has_pending_ = false;
  Batch sending_;  // of the writing thread
  bool is_sending_ = false;
  std::jthread writer_;  // last: stops before what it uses goes
};

}  // namespace vedette::traffic
