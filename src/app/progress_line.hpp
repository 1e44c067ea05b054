// How far a command is, while it works: one line that is written over on a terminal, a line now and
// then elsewhere. On standard error, so that standard output carries results alone. One thread.
#pragma once

#include <chrono>
#include <string>

namespace vedette::app {

class ProgressLine {
 public:
  ProgressLine();
  /// Clears the line.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Whether it is time to show something again.
  bool is_due();
  void show(const std::string& text);
  bool is_terminal() const { return is_terminal_; }

 private:
  using SteadyClock = std::chrono::steady_clock;

  bool is_terminal_;
  bool has_written_ = false;
  SteadyClock::time_point due_;
};

/// "[#####     ]", for a part of the whole from 0 to 1.
std::string progress_bar(double part);

}  // namespace vedette::app
