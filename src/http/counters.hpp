// What one io thread counts. Written by that thread alone, read by any: relaxed atomics suffice,
// and no two threads share a cache line. Internal to http.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "http/server.hpp"

namespace vedette::http {

/// Upper bounds of the latency histogram in microseconds; above the last: the infinite bucket.
inline constexpr std::array<std::int64_t, ServerStats::kBuckets - 1> kLatencyBounds_us = {
    50,     100,    250,     500,     1'000,   2'500,     5'000,    10'000,
    25'000, 50'000, 100'000, 250'000, 500'000, 1'000'000, 5'000'000};

struct alignas(64) Counters {
  using Count = std::atomic<std::uint64_t>;
  std::array<Count, 6> by_class{};
  std::array<Count, ServerStats::kBuckets> latency{};
  Count latency_sum_us{0};
  Count refused{0};
  Count timed_out{0};
  Count malformed{0};
  Count pool_full{0};
  Count bytes_sent{0};
  std::atomic<std::uint32_t> connections{0};
  std::atomic<std::uint32_t> streams{0};

  static void add(Count& count, std::uint64_t by = 1) {
    // One writer: a plain load and store, no locked instruction.
    count.store(count.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  void count_answer(int status, std::int64_t took_us) {
    add(by_class[static_cast<std::size_t>(status / 100 % 6)]);
    std::size_t bucket = 0;
    while (bucket < kLatencyBounds_us.size() && took_us > kLatencyBounds_us[bucket]) ++bucket;
    add(latency[bucket]);
    add(latency_sum_us, static_cast<std::uint64_t>(took_us));
  }
};

}  // namespace vedette::http
