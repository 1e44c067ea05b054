#include "app/stop_signal.hpp"

#include <pthread.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include "app/command.hpp"
#include "base/process.hpp"

namespace vedette::app {

StopSignal::StopSignal() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  waiter_ = std::thread([this] { wait_for_signals(); });
}

StopSignal::~StopSignal() {
  is_over_ = true;
  // It is blocked in that thread and waited for: it ends the wait, not the thread.
  pthread_kill(waiter_.native_handle(), SIGINT);
  waiter_.join();
  // One that came meanwhile must not end the program now that nobody waits for it.
  constexpr timespec kNow{};
  while (sigtimedwait(&signals_, nullptr, &kNow) > 0) {
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void StopSignal::wait_for_signals() {
  set_thread_name("signals");
  for (bool was_asked = false;; was_asked = true) {
    int received = 0;
    sigwait(&signals_, &received);
    if (is_over_) return;
    if (was_asked) _exit(kFailed);
    stop_.request_stop();
  }
}

void StopSignal::wait() const {
  std::mutex unused_mutex;
  std::unique_lock lock(unused_mutex);
  std::condition_variable_any asked;
  (void)asked.wait(lock, token(), [] { return false; });
}

}  // namespace vedette::app
