// The figures of an index over a picture: mean, population standard deviation, extremes exactly;
// percentiles from a fine histogram, interpolated within a bin. Gathered in parts that are merged,
// so that threads need no lock. A Gatherer is used by one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "imagery/sums.hpp"

namespace vedette::imagery {

inline constexpr int kShownBins = 256;

struct Statistics {
  std::int64_t valid_px = 0;
  /// Pixels with data whose value is not a number (0/0): left out of everything.
  std::int64_t undefined_px = 0;
  // NaN when valid_px is 0.
  double mean = 0;
  double std = 0;
  double min = 0;
  double max = 0;
  double p2 = 0;
  double p50 = 0;
  double p98 = 0;
  /// kShownBins bins of equal width from histogram_low to histogram_high; what lies outside is
  /// counted in the first and last.
  std::vector<std::int64_t> histogram;
  double histogram_low = 0;
  double histogram_high = 0;
};

class Gatherer {
 public:
  /// With a range the fine bins are of equal width in it; without, of equal relative width.
  Gatherer(std::optional<double> low, std::optional<double> high);

  /// NaN is left out.
  void add(std::span<const float> values);
  /// add() in two halves, for who has the sums anyway: once the sums of every part of `values`,
  /// with their distance from `from`, and once the values themselves.
  void add_sums(const Sums& sums, double from);
  void add_places(std::span<const float> values);
  /// About where the next values lie, to take distances from.
  double middle(std::span<const float> values) const;
  void merge(const Gatherer& other);
  Statistics result() const;
  std::int64_t count() const { return count_; }

 private:
  void join(std::int64_t count, double mean, double squares);
  double percentile(double part) const;
  double edge(std::size_t bin) const;

  bool is_linear_;
  double low_;
  double high_;
  std::int64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;  // sum of squared distances from the mean
  float min_;
  float max_;
  std::vector<std::uint32_t> bins_;
};

}  // namespace vedette::imagery
