// What the helper programs of the tests with several processes share: an append-only account of
// what they did, and a life from start() to SIGTERM. One thread, but for Account.
#pragma once

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>

#include "work/supervisor.hpp"

namespace vedette::work::testing {

/// A file that several processes add lines to, each line whole. Any thread.
class Account {
 public:
  explicit Account(const char* path)
      : file_(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {}
  ~Account() { close(file_); }
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;

  /// `line` with its line end.
  void add(const std::string& line) const {
    if (write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
  }

 private:
  int file_;
};

inline sigset_t end_signals() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  return ends;
}

/// First in main(), before any thread starts: a killed test leaves nothing behind, and only
/// serve_until_ended() takes SIGTERM.
inline void begin_helper() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const sigset_t ends = end_signals();
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
}

/// Starts the supervisor and stops it at SIGTERM. False: something did not stop in time.
inline bool serve_until_ended(Supervisor& supervisor) {
  supervisor.start();
  const sigset_t ends = end_signals();
  int signal = 0;
  sigwait(&ends, &signal);
  return supervisor.stop(std::chrono::seconds(5)).empty();
}

}  // namespace vedette::work::testing
