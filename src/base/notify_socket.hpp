// The socket on which the service manager that started this process (systemd, podman) hears how it
// is: the datagrams of sd_notify(3), without its library. Made by a command's body; any thread may
// tell.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/time.hpp"

namespace vedette {

class NotifySocket {
 public:
  /// `socket` is a path, or a name after '@' (abstract); empty: nobody is there.
  explicit NotifySocket(std::string socket, Micros watchdog = {});
  /// The one that NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID name.
  static NotifySocket of_environment();

  bool is_there() const { return !socket_.empty(); }
  /// It ends this process when it does not hear WATCHDOG=1 for so long; zero: it does not.
  Micros watchdog() const { return watchdog_; }
  /// Lines of sd_notify(3), "READY=1\nSTATUS=..."; never blocks for long. Nothing where nobody is
  /// there; kUnavailable where the manager cannot be told.
  Result<void> tell(const std::string& lines) const;

 private:
  std::string socket_;
  Micros watchdog_;
};

}  // namespace vedette
