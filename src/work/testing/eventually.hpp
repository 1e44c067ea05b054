// Waits in tests: for a condition, never for a time.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace vedette::work::testing {

/// True as soon as `condition` holds; false when it has not within `limit`.
inline bool eventually(const std::function<bool()>& condition,
                       std::chrono::milliseconds limit = std::chrono::seconds(15)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace vedette::work::testing
