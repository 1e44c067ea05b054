#include "config/settings.hpp"

#include <algorithm>
#include <thread>

namespace vedette::config {

int WatchSettings::thread_count() const {
  if (threads > 0) return threads;
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 4U));
}

}  // namespace vedette::config
