// Says to the service manager that a server is there, and that it lives, for as long as it does: a
// thread asks it at times as a client would. A server that is alive for the kernel and answers
// nobody falls silent, and is ended and started again by the manager. Made by serve_command.cpp;
// without a manager it does nothing.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/error.hpp"
#include "base/notify_socket.hpp"
#include "base/time.hpp"

namespace vedette::app {

class LifeSignal {
 public:
  struct Sources {
    /// An error: it does not live as it should, and why. Within about the time that it is given.
    std::function<Result<void>(Micros patience)> check;
    /// A line for `systemctl status`.
    std::function<std::string()> describe;
  };

  /// READY=1 goes out after the first check that finds nothing. The functions are called on a
  /// thread of its own.
  LifeSignal(NotifySocket socket, Sources sources);
  /// Says STOPPING=1: whoever ends this has begun to stop.
  ~LifeSignal();
  LifeSignal(const LifeSignal&) = delete;
  LifeSignal& operator=(const LifeSignal&) = delete;

 private:
  void run(const std::stop_token& stop);
  /// How often it is asked: often enough that one check which fails is no end.
  Micros pause() const;
  void tell(const std::string& lines);

  NotifySocket socket_;
  Sources sources_;
  bool could_tell_ = true;
  std::jthread thread_;  // last: uses the rest
};

}  // namespace vedette::app
