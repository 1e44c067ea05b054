// Sums and counts over many floats with NaN among them, in lanes that the compiler turns into
// vector code. Inside src/imagery; pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace vedette::imagery {

/// Of values that are numbers: how many, sum and sum of squares of their distance from `from`.
struct Sums {
  std::int64_t count = 0;
  double sum = 0;
  double squares = 0;
  float min = std::numeric_limits<float>::infinity();
  float max = -std::numeric_limits<float>::infinity();
};
Sums sums_of(std::span<const float> values, double from);

/// Values that are numbers, and of these those outside low to high.
struct Counts {
  std::int64_t numbers = 0;
  std::int64_t outside = 0;
};
Counts counts_of(std::span<const float> values, float low, float high);

/// Places at which all of these have a number; each `size` long.
std::int64_t count_of_all(std::span<const float* const> channels, std::size_t size);

}  // namespace vedette::imagery
