// One line an event, to standard error: time, level, area, message; to systemd's journal, which
// stamps the time itself, priority, area, message. Thread-safe. Messages are one sentence; secrets
// never reach them.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace vedette::log {

enum class Level { kDebug, kInfo, kWarn, kError };

void set_level(Level level);
void write(Level level, std::string_view area, std::string_view message);
/// What a line for people on standard error begins with: "<3>", the priority, where the journal
/// reads it, else nothing.
std::string_view line_start(Level level);

template <class... Args>
void debug(std::string_view area, fmt::format_string<Args...> text, Args&&... args) {
  write(Level::kDebug, area, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void info(std::string_view area, fmt::format_string<Args...> text, Args&&... args) {
  write(Level::kInfo, area, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void warn(std::string_view area, fmt::format_string<Args...> text, Args&&... args) {
  write(Level::kWarn, area, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void error(std::string_view area, fmt::format_string<Args...> text, Args&&... args) {
  write(Level::kError, area, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace vedette::log
