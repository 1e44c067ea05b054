#include "work/testing/child.hpp"

#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace vedette::work::testing {

Child::Child(const std::vector<std::string>& command, const std::string& preload) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::string variable = "LD_PRELOAD=" + preload;
  std::vector<char*> environment;
  for (char** entry = environ; *entry; ++entry) environment.push_back(*entry);
  if (!preload.empty()) environment.push_back(variable.data());
  environment.push_back(nullptr);
  // SIGTERM waits until the child takes it with sigwait: before, it would just end.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &ends);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const int error =
      posix_spawn(&pid_, arguments[0], nullptr, &attributes, arguments.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  if (error != 0) throw std::runtime_error("cannot start " + command[0]);
}

Child::~Child() {
  if (pid_ != 0) kill();
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}

void Child::send(int signal) const {
  if (::kill(pid_, signal) != 0) throw std::runtime_error(std::strerror(errno));
}

void Child::freeze() const {
  send(SIGSTOP);
  int status = 0;
  if (waitpid(pid_, &status, WUNTRACED) != pid_ || !WIFSTOPPED(status)) {
    throw std::runtime_error("the process did not stop");
  }
}

int Child::wait() {
  int status = 0;
  if (waitpid(pid_, &status, 0) != pid_) throw std::runtime_error(std::strerror(errno));
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool Child::has_ended() {
  int status = 0;
  if (pid_ != 0 && waitpid(pid_, &status, WNOHANG) == pid_) pid_ = 0;
  return pid_ == 0;
}

void Child::kill() {
  send(SIGKILL);
  wait();
}

std::vector<Entry> read_account(const std::string& path) {
  std::vector<Entry> entries;
  std::ifstream file(path);
  Entry entry;
  while (file >> entry.what >> entry.loop >> entry.token >> entry.process >> entry.at_us) {
    entries.push_back(entry);
  }
  return entries;
}

std::int64_t monotonic_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

}  // namespace vedette::work::testing
