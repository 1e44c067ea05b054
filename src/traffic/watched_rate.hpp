// How often and how evenly a camera is looked at, and whether that is enough to count by. A road
// user must be seen on both sides of a line, so it is the long gaps between pictures that lose it:
// the rate that counts is the even one whose gaps are as long as those a moment falls into on
// average, the sum of the gaps over the sum of their squares. Measured on the sample clips: from
// about 4.5 a second on counts are those of the full rate. One per camera, one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace vedette::traffic {

/// Pictures a second, evenly spread, below which counts cannot be trusted; asked of sources as 5.
inline constexpr double kLeastRate = 4.5;

/// The word of a camera that is watched too rarely to be counted by: it runs, and its counts may be
/// low.
inline constexpr std::string_view kTooSlowWord = "too slow";

class WatchedRate {
 public:
  /// One more picture was looked at. Times rise, but for restart().
  void add(Micros time);
  /// The next picture does not follow on the last one.
  void restart() { last_.reset(); }

  /// Over the last ten seconds or so.
  double per_second() const { return recent_.per_second(); }
  double even_per_second() const { return recent_.even_per_second(); }
  /// Whether it is too slow to count by now; false until there is enough to tell.
  bool is_too_slow() const { return is_too_slow_; }

  /// The same over everything. What is too short to tell by in parts is judged as a whole.
  double per_second_in_all() const { return all_.per_second(); }
  double even_per_second_in_all() const { return all_.even_per_second(); }
  Micros too_slow_for() const;

 private:
  // Gaps and what they add up to.
  struct Sums {
    std::int64_t gaps = 0;
    double length_s = 0;
    double capped_s = 0;
    double squares = 0;
    void add(double gap_s, int times);
    double per_second() const { return length_s > 0 ? static_cast<double>(gaps) / length_s : 0; }
    double even_per_second() const { return squares > 0 ? capped_s / squares : 0; }
  };

  std::optional<Micros> last_;
  std::deque<double> window_;
  Sums recent_;
  Sums all_;
  double too_slow_s_ = 0;
  bool is_too_slow_ = false;
};

/// Why a camera is too slow, and what to do, in words for people.
struct TooSlow {
  bool is_source = false;  // else: this machine
  std::string cause;
  std::string remedy;
};

/// `looked_at` and `even` as above; `given`: pictures a second that the source gives, 0 when that
/// is not known.
TooSlow explain_too_slow(double looked_at, double even, double given);

}  // namespace vedette::traffic
