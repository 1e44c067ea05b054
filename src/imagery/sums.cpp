#include "imagery/sums.hpp"

#include <algorithm>

namespace vedette::imagery {
namespace {

constexpr std::size_t kLanes = 8;
// Counts of a piece fit small lanes.
constexpr std::size_t kPiece = 1 << 16;

}  // namespace

Sums sums_of(std::span<const float> values, double from) {
  Sums result;
  std::array<double, kLanes> sum{};
  std::array<double, kLanes> squares{};
  std::array<float, kLanes> min{};
  std::array<float, kLanes> max{};
  min.fill(result.min);
  max.fill(result.max);
  const auto add = [&](std::size_t lane, float value, std::int32_t& count) {
    const bool is_number = value == value;
    const double away = is_number ? static_cast<double>(value) - from : 0.0;
    sum[lane] += away;
    squares[lane] += away * away;
    min[lane] = value < min[lane] ? value : min[lane];
    max[lane] = value > max[lane] ? value : max[lane];
    count += is_number ? 1 : 0;
  };
  for (std::size_t begin = 0; begin < values.size(); begin += kPiece) {
    const std::span<const float> piece =
        values.subspan(begin, std::min(kPiece, values.size() - begin));
    std::array<std::int32_t, kLanes> count{};
    std::size_t i = 0;
    for (; i + kLanes <= piece.size(); i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) add(lane, piece[i + lane], count[lane]);
    }
    for (; i < piece.size(); ++i) add(0, piece[i], count[0]);
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

Counts counts_of(std::span<const float> values, float low, float high) {
  Counts result;
  for (std::size_t begin = 0; begin < values.size(); begin += kPiece) {
    std::int32_t numbers = 0;
    std::int32_t outside = 0;
    for (const float value : values.subspan(begin, std::min(kPiece, values.size() - begin))) {
      numbers += value == value ? 1 : 0;
      outside += (value < low ? 1 : 0) + (value > high ? 1 : 0);
    }
    result.numbers += numbers;
    result.outside += outside;
  }
  return result;
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
