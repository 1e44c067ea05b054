#include "imagery/samples.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "imagery/lanes.hpp"

namespace vedette::imagery {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// Buffers of bytes are aligned for any of the types: they come from the heap.
template <class Sample>
VEDETTE_LOOP void convert(const std::byte* bytes, std::optional<double> nodata,
                          std::span<float> values) {
  const auto* samples = reinterpret_cast<const Sample*>(bytes);
  if constexpr (std::numeric_limits<Sample>::is_integer) {
    const bool fits = nodata &&
                      *nodata >= static_cast<double>(std::numeric_limits<Sample>::min()) &&
                      *nodata <= static_cast<double>(std::numeric_limits<Sample>::max()) &&
                      *nodata == std::floor(*nodata);
    if (!fits) {
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(samples[i]);
      return;
    }
    const auto none = static_cast<Sample>(*nodata);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = samples[i] == none ? kNaN : static_cast<float>(samples[i]);
    }
  } else {
    // A float32 file's nodata is often written with a double's digits.
    const Sample none =
        nodata ? static_cast<Sample>(*nodata) : std::numeric_limits<Sample>::quiet_NaN();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto value = static_cast<float>(samples[i]);
      values[i] = samples[i] == none || !std::isfinite(value) ? kNaN : value;
    }
  }
}

// Where the upright pixel (x, y) lies in a stored picture of this size.
struct Place {
  int x;
  int y;
};
Place stored_place(int x, int y, int orientation, int width, int height) {
  switch (orientation) {
    case 2:
      return {width - 1 - x, y};
    case 3:
      return {width - 1 - x, height - 1 - y};
    case 4:
      return {x, height - 1 - y};
    case 5:
      return {y, x};
    case 6:
      return {y, height - 1 - x};
    case 7:
      return {width - 1 - y, height - 1 - x};
    case 8:
      return {width - 1 - y, x};
    default:
      return {x, y};
  }
}

VEDETTE_LOOP void to_floats_body(std::span<const std::byte> samples, SampleType type,
                                 std::optional<double> nodata, std::span<float> values) {
  switch (type) {
    case SampleType::kUint8:
      return convert<std::uint8_t>(samples.data(), nodata, values);
    case SampleType::kUint16:
      return convert<std::uint16_t>(samples.data(), nodata, values);
    case SampleType::kInt16:
      return convert<std::int16_t>(samples.data(), nodata, values);
    case SampleType::kUint32:
      return convert<std::uint32_t>(samples.data(), nodata, values);
    case SampleType::kInt32:
      return convert<std::int32_t>(samples.data(), nodata, values);
    case SampleType::kFloat32:
      return convert<float>(samples.data(), nodata, values);
    case SampleType::kFloat64:
      return convert<double>(samples.data(), nodata, values);
  }
}

VEDETTE_AVX2 void to_floats_avx2(std::span<const std::byte> samples, SampleType type,
                                 std::optional<double> nodata, std::span<float> values) {
  to_floats_body(samples, type, nodata, values);
}

}  // namespace

void to_floats(std::span<const std::byte> samples, SampleType type, std::optional<double> nodata,
               std::span<float> values) {
  if (has_avx2()) return to_floats_avx2(samples, type, nodata, values);
  to_floats_body(samples, type, nodata, values);
}

void apply_mask(std::span<const std::uint8_t> mask, std::span<float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (mask[i] == 0) values[i] = kNaN;
  }
}

Window stored_window(const Window& upright, int orientation, int stored_width, int stored_height) {
  const Place a = stored_place(upright.x, upright.y, orientation, stored_width, stored_height);
  const Place b = stored_place(upright.x + upright.width - 1, upright.y + upright.height - 1,
                               orientation, stored_width, stored_height);
  return {std::min(a.x, b.x), std::min(a.y, b.y), std::abs(a.x - b.x) + 1, std::abs(a.y - b.y) + 1};
}

void turn_upright(std::vector<float>& values, int orientation, int width, int height) {
  if (orientation <= 1) return;
  const int upright_width = orientation >= 5 ? height : width;
  const int upright_height = orientation >= 5 ? width : height;
  std::vector<float> turned(values.size());
  std::size_t at = 0;
  for (int y = 0; y < upright_height; ++y) {
    for (int x = 0; x < upright_width; ++x) {
      const Place from = stored_place(x, y, orientation, width, height);
      turned[at++] = values[static_cast<std::size_t>(from.y) * static_cast<std::size_t>(width) +
                            static_cast<std::size_t>(from.x)];
    }
  }
  values.swap(turned);
}

}  // namespace vedette::imagery
