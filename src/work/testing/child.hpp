// Starts and signals the processes of deployment_test, and reads the account they keep.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace vedette::work::testing {

/// A running lease_child; killed when it goes out of scope.
class Child {
 public:
  /// `preload`: a shared object for LD_PRELOAD, or empty.
  Child(const std::vector<std::string>& command, const std::string& preload = {});
  ~Child();
  Child(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  void send(int signal) const;
  /// SIGSTOP, and waits until it stands still.
  void freeze() const;
  /// Waits for its end; its exit code, or minus the signal that ended it.
  int wait();
  /// Whether it has ended by itself; then there is nothing left to wait for.
  bool has_ended();
  /// kill -9, and waits.
  void kill();

 private:
  pid_t pid_ = 0;
};

struct Entry {
  char what = 0;  // B W F E S, see lease_child.cpp
  std::string loop;
  std::int64_t token = 0;
  pid_t process = 0;
  std::int64_t at_us = 0;  // CLOCK_MONOTONIC
};

/// All entries so far, in the order they were written.
std::vector<Entry> read_account(const std::string& path);

/// CLOCK_MONOTONIC in microseconds, as in Entry.
std::int64_t monotonic_us();

}  // namespace vedette::work::testing
