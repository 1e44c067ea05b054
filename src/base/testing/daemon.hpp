// A server program that a test starts, and that never outlives the test: ended with this object,
// and by the kernel when the test is killed. For the testing/ folders that start real servers. Use
// from one thread at a time.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace vedette {

struct DaemonOptions {
  /// The program's whole path and its arguments.
  std::vector<std::string> words;
  /// What it says is added to this file.
  std::filesystem::path log;
  /// "NAME=VALUE", beside what the test has.
  std::vector<std::string> environment = {};
  struct Owner {
    uid_t user;
    gid_t group;
  };
  /// Who it runs as, for a test that runs as root.
  std::optional<Owner> owner = {};
  /// What the kernel sends it when the test is gone.
  int last_signal = 9;
};

class Daemon {
 public:
  /// Starts it. Throws when there is no process to be had; a program that cannot run ends at once.
  explicit Daemon(const DaemonOptions& options);
  /// Ends it with SIGKILL where it still runs.
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// It has not ended by itself.
  bool is_running() const;
  pid_t process() const { return process_; }
  void signal(int number) const;
  /// Sends a signal that ends it, and waits until it has. Idempotent. Its exit code, or minus the
  /// signal.
  int end_with(int number);
  /// Waits until it ends by itself. Its exit code, or minus the signal.
  int wait();

 private:
  pid_t process_ = -1;
  int status_ = 0;
  // Forks the program and waits for it: the kernel ends the program when this thread is gone.
  std::jthread keeper_;
};

/// A port of 127.0.0.1 that is free now.
int free_port();
/// All of a file, or "".
std::string text_of(const std::filesystem::path& file);

}  // namespace vedette
