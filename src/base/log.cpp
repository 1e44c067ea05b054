#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

namespace vedette::log {
namespace {

// systemd says which stream it reads: standard error may have been sent elsewhere since.
bool goes_to_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat own{};
  if (stream == nullptr || fstat(STDERR_FILENO, &own) != 0) return false;
  return fmt::format("{}:{}", own.st_dev, own.st_ino) == stream;
}

bool is_for_journal() {
  static const bool answer = goes_to_journal();
  return answer;
}

// The one logger. spdlog keeps the only global; ours is a name in its registry.
spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("vedette",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern(is_for_journal() ? "%v" : "%Y-%m-%dT%H:%M:%S.%eZ %-5l %v",
                      spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

void set_level(Level level) {
  logger().set_level(to_spdlog(level));
}

void write(Level level, std::string_view area, std::string_view message) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  while (!message.empty() && is_control(message.back())) message.remove_suffix(1);
  if (std::ranges::none_of(message, is_control)) {
    logger().log(to_spdlog(level), "{}{}: {}", line_start(level), area, message);
    return;
  }
  std::string line(message);
  std::ranges::replace_if(line, is_control, ' ');
  logger().log(to_spdlog(level), "{}{}: {}", line_start(level), area, line);
}

std::string_view line_start(Level level) {
  if (!is_for_journal()) return {};
  switch (level) {
    case Level::kDebug:
      return "<7>";
    case Level::kInfo:
      return "<6>";
    case Level::kWarn:
      return "<4>";
    case Level::kError:
      return "<3>";
  }
  return "<3>";
}

}  // namespace vedette::log
