#include "imagery/sums.hpp"

#include <algorithm>

#include "imagery/lanes.hpp"

namespace vedette::imagery {
namespace {

constexpr std::size_t kLanes = 8;
// Counts of a piece fit small lanes.
constexpr std::size_t kPiece = 1 << 16;

// Lanes that are added up at the end; written so that eight of them are one instruction.
VEDETTE_LOOP Sums sums_body(std::span<const float> values, double from) {
  Sums result;
  alignas(64) std::array<double, kLanes> sum{};
  alignas(64) std::array<double, kLanes> squares{};
  alignas(64) std::array<float, kLanes> min{};
  alignas(64) std::array<float, kLanes> max{};
  min.fill(result.min);
  max.fill(result.max);
  for (std::size_t begin = 0; begin < values.size(); begin += kPiece) {
    const std::size_t size = std::min(kPiece, values.size() - begin);
    const float* piece = values.data() + begin;
    alignas(64) std::array<std::int32_t, kLanes> count{};
    std::size_t i = 0;
    for (; i + kLanes <= size; i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const float value = piece[i + lane];
        const double away = value == value ? static_cast<double>(value) - from : 0.0;
        sum[lane] += away;
        squares[lane] += away * away;
        min[lane] = value < min[lane] ? value : min[lane];
        max[lane] = value > max[lane] ? value : max[lane];
        count[lane] += value == value ? 1 : 0;
      }
    }
    for (; i < size; ++i) {
      const float value = piece[i];
      if (value != value) continue;
      const double away = static_cast<double>(value) - from;
      sum[0] += away;
      squares[0] += away * away;
      min[0] = std::min(min[0], value);
      max[0] = std::max(max[0], value);
      ++count[0];
    }
    for (const std::int32_t each : count) result.count += each;
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    result.sum += sum[lane];
    result.squares += squares[lane];
    result.min = std::min(result.min, min[lane]);
    result.max = std::max(result.max, max[lane]);
  }
  return result;
}

VEDETTE_LOOP Counts counts_body(std::span<const float> values, float low, float high) {
  Counts result;
  for (std::size_t begin = 0; begin < values.size(); begin += kPiece) {
    const std::size_t size = std::min(kPiece, values.size() - begin);
    const float* piece = values.data() + begin;
    std::int32_t numbers = 0;
    std::int32_t outside = 0;
    for (std::size_t i = 0; i < size; ++i) {
      numbers += piece[i] == piece[i] ? 1 : 0;
      outside += (piece[i] < low ? 1 : 0) + (piece[i] > high ? 1 : 0);
    }
    result.numbers += numbers;
    result.outside += outside;
  }
  return result;
}

VEDETTE_AVX2 Sums sums_avx2(std::span<const float> values, double from) {
  return sums_body(values, from);
}
VEDETTE_AVX2 Counts counts_avx2(std::span<const float> values, float low, float high) {
  return counts_body(values, low, high);
}

}  // namespace

Sums sums_of(std::span<const float> values, double from) {
  return has_avx2() ? sums_avx2(values, from) : sums_body(values, from);
}

Counts counts_of(std::span<const float> values, float low, float high) {
  return has_avx2() ? counts_avx2(values, low, high) : counts_body(values, low, high);
}

std::int64_t count_of_all(std::span<const float* const> channels, std::size_t size) {
  constexpr std::size_t kShort = 2048;
  std::array<std::int32_t, kShort> is_number{};
  std::int64_t result = 0;
  for (std::size_t begin = 0; begin < size; begin += kShort) {
    const std::size_t count = std::min(kShort, size - begin);
    is_number.fill(1);
    for (const float* channel : channels) {
      const float* values = channel + begin;
      for (std::size_t i = 0; i < count; ++i) is_number[i] &= values[i] == values[i] ? 1 : 0;
    }
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += is_number[i];
    result += sum;
  }
  return result;
}

}  // namespace vedette::imagery
