#include "imagery/statistics.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "imagery/lanes.hpp"
#include "imagery/sums.hpp"

namespace vedette::imagery {
namespace {

constexpr std::size_t kLinearBins = 65'536;
// Sign, exponent and nine bits of the fraction: bins of 0.2 % of their value.
constexpr int kDroppedBits = 14;
constexpr std::size_t kLogBins = std::size_t{1} << (32 - kDroppedBits);
constexpr std::size_t kPiece = 1024;
constexpr float kLastBin = kLinearBins - 1;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Floats as whole numbers in the same order.
std::uint32_t ordered(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return (bits & 0x8000'0000U) != 0 ? ~bits : bits | 0x8000'0000U;
}

float unordered(std::uint32_t key) {
  return std::bit_cast<float>((key & 0x8000'0000U) != 0 ? key & 0x7FFF'FFFFU : ~key);
}

using Places = std::array<std::uint32_t, kPiece>;

// What is no number has a bin of its own behind the others, which nobody looks at.
VEDETTE_LOOP void linear_places(std::span<const float> piece, float low, float scale,
                                Places& places) {
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const float at = (piece[i] - low) * scale;
    const float above = at > 0 ? at : 0.0F;
    const float within = above < kLastBin ? above : kLastBin;
    const auto place = static_cast<std::int32_t>(within);
    places[i] = static_cast<std::uint32_t>(
        piece[i] == piece[i] ? place : static_cast<std::int32_t>(kLinearBins));
  }
}

VEDETTE_AVX2 void linear_places_avx2(std::span<const float> piece, float low, float scale,
                                     Places& places) {
  linear_places(piece, low, scale, places);
}

void log_places(std::span<const float> piece, Places& places) {
  for (std::size_t i = 0; i < piece.size(); ++i) {
    places[i] = piece[i] == piece[i] ? ordered(piece[i]) >> kDroppedBits
                                     : static_cast<std::uint32_t>(kLogBins);
  }
}

}  // namespace

Gatherer::Gatherer(std::optional<double> low, std::optional<double> high)
    : is_linear_(low.has_value() && high.has_value() && *low < *high),
      low_(is_linear_ ? *low : 0),
      high_(is_linear_ ? *high : 0),
      min_(std::numeric_limits<float>::infinity()),
      max_(-std::numeric_limits<float>::infinity()),
      bins_((is_linear_ ? kLinearBins : kLogBins) + 1) {}

void Gatherer::add(std::span<const float> values) {
  const double from = middle(values);
  add_sums(sums_of(values, from), from);
  add_places(values);
}

// Distances from about the mean keep their digits when squared.
double Gatherer::middle(std::span<const float> values) const {
  if (count_ > 0) return mean_;
  const auto first = std::ranges::find_if(values, [](float value) { return value == value; });
  return first == values.end() ? 0 : static_cast<double>(*first);
}

void Gatherer::add_sums(const Sums& sums, double from) {
  if (sums.count == 0) return;
  const auto added = static_cast<double>(sums.count);
  join(sums.count, from + sums.sum / added,
       std::max(0.0, sums.squares - sums.sum * sums.sum / added));
  min_ = std::min(min_, sums.min);
  max_ = std::max(max_, sums.max);
}

void Gatherer::add_places(std::span<const float> values) {
  Places places{};
  const auto low = static_cast<float>(low_);
  const auto scale = static_cast<float>(static_cast<double>(kLinearBins) / (high_ - low_));
  for (std::size_t begin = 0; begin < values.size(); begin += kPiece) {
    const std::span<const float> piece =
        values.subspan(begin, std::min(kPiece, values.size() - begin));
    if (!is_linear_) {
      log_places(piece, places);
    } else if (has_avx2()) {
      linear_places_avx2(piece, low, scale, places);
    } else {
      linear_places(piece, low, scale, places);
    }
    for (std::size_t i = 0; i < piece.size(); ++i) ++bins_[places[i]];
  }
}

// Chan, Golub, LeVeque 1979: parts joined without loss.
void Gatherer::join(std::int64_t count, double mean, double squares) {
  const auto before = static_cast<double>(count_);
  const auto added = static_cast<double>(count);
  const double apart = mean - mean_;
  mean_ += apart * added / (before + added);
  squares_ += squares + apart * apart * before * added / (before + added);
  count_ += count;
}

void Gatherer::merge(const Gatherer& other) {
  if (other.count_ == 0) return;
  join(other.count_, other.mean_, other.squares_);
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  for (std::size_t i = 0; i < bins_.size(); ++i) bins_[i] += other.bins_[i];
}

double Gatherer::edge(std::size_t bin) const {
  if (is_linear_) {
    return low_ + static_cast<double>(bin) * (high_ - low_) / static_cast<double>(kLinearBins);
  }
  if (bin >= kLogBins) return static_cast<double>(std::numeric_limits<float>::max());
  const float value = unordered(static_cast<std::uint32_t>(bin) << kDroppedBits);
  return std::isfinite(value)
             ? static_cast<double>(value)
             : std::copysign(static_cast<double>(std::numeric_limits<float>::max()),
                             bin < kLogBins / 2 ? -1.0 : 1.0);
}

double Gatherer::percentile(double part) const {
  // The place among the sorted values, as numpy's linear interpolation has it: between two of them,
  // each where its bin is.
  const double place = part * static_cast<double>(count_ - 1);
  const auto first = static_cast<std::int64_t>(place);
  std::optional<double> lower;
  std::int64_t below = 0;
  for (std::size_t bin = 0; bin + 1 < bins_.size(); ++bin) {
    const std::int64_t here = bins_[bin];
    const auto value_of = [&](std::int64_t number) {
      const double low = std::max(edge(bin), static_cast<double>(min_));
      const double high = std::min(edge(bin + 1), static_cast<double>(max_));
      const double within = (static_cast<double>(number - below) + 0.5) / static_cast<double>(here);
      return low + std::max(0.0, high - low) * within;
    };
    if (!lower && first < below + here) lower = value_of(first);
    if (lower && first + 1 < below + here) {
      return *lower + (place - static_cast<double>(first)) * (value_of(first + 1) - *lower);
    }
    below += here;
  }
  return lower.value_or(static_cast<double>(max_));
}

Statistics Gatherer::result() const {
  Statistics result;
  result.valid_px = count_;
  if (count_ == 0) {
    result.mean = result.std = result.min = result.max = kNaN;
    result.p2 = result.p50 = result.p98 = kNaN;
    return result;
  }
  result.mean = mean_;
  result.std = std::sqrt(std::max(0.0, squares_ / static_cast<double>(count_)));
  result.min = static_cast<double>(min_);
  result.max = static_cast<double>(max_);
  const auto within = [&](double value) { return std::clamp(value, result.min, result.max); };
  result.p2 = within(percentile(0.02));
  result.p50 = within(percentile(0.5));
  result.p98 = within(percentile(0.98));
  result.histogram.resize(kShownBins);
  result.histogram_low = is_linear_ ? low_ : within(percentile(0.001));
  result.histogram_high = is_linear_ ? high_ : within(percentile(0.999));
  if (!(result.histogram_low < result.histogram_high)) {
    result.histogram_high = result.histogram_low + 1;
  }
  const double scale = kShownBins / (result.histogram_high - result.histogram_low);
  for (std::size_t bin = 0; bin + 1 < bins_.size(); ++bin) {
    if (bins_[bin] == 0) continue;
    const double middle = (edge(bin) + edge(bin + 1)) / 2;
    const double at = std::clamp((middle - result.histogram_low) * scale, 0.0, kShownBins - 1.0);
    result.histogram[static_cast<std::size_t>(at)] += bins_[bin];
  }
  return result;
}

}  // namespace vedette::imagery
