#include "app/progress_line.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>

namespace vedette::app {
namespace {

constexpr std::size_t kBarWidth = 24;

std::chrono::milliseconds pause(bool is_terminal) {
  return is_terminal ? std::chrono::milliseconds{200} : std::chrono::milliseconds{5000};
}

}  // namespace

ProgressLine::ProgressLine()
    : is_terminal_(isatty(STDERR_FILENO) != 0), due_(SteadyClock::now() + pause(is_terminal_)) {}

ProgressLine::~ProgressLine() {
  if (is_terminal_ && has_written_) std::fputs("\r\x1b[K", stderr);
}

bool ProgressLine::is_due() {
  const auto now = SteadyClock::now();
  if (now < due_) return false;
  due_ = now + pause(is_terminal_);
  return true;
}

void ProgressLine::show(const std::string& text) {
  has_written_ = true;
  const std::string line = is_terminal_ ? "\r\x1b[K" + text : text + "\n";
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

std::string progress_bar(double part) {
  const double bounded = std::isfinite(part) ? std::clamp(part, 0.0, 1.0) : 0.0;
  const auto full = static_cast<std::size_t>(bounded * static_cast<double>(kBarWidth));
  return "[" + std::string(full, '#') + std::string(kBarWidth - full, ' ') + "]";
}

}  // namespace vedette::app
