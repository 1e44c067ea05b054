#include "traffic/watched_rate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vedette::traffic {
namespace {

constexpr double kWindowS = 10;
constexpr double kLeastToTellS = 8;
// Too slow until it is faster than this: a rate at the limit does not flap.
constexpr double kGoodAgainRate = 4.8;
// One hiccup is a hiccup; watched time tells of longer ones.
constexpr double kLongestGapS = 1;

}  // namespace

void WatchedRate::Sums::add(double gap_s, int times) {
  const double capped = std::min(gap_s, kLongestGapS);
  gaps += times;
  length_s += times * gap_s;
  capped_s += times * capped;
  squares += times * capped * capped;
}

void WatchedRate::add(Micros time) {
  const double gap_s = last_ ? to_seconds(time - *last_) : 0;
  last_ = time;
  if (gap_s <= 0) return;
  all_.add(gap_s, 1);
  recent_.add(gap_s, 1);
  window_.push_back(gap_s);
  while (window_.size() > 1 && recent_.length_s - window_.front() >= kWindowS) {
    recent_.add(window_.front(), -1);
    window_.pop_front();
  }
  if (recent_.length_s >= kLeastToTellS) {
    is_too_slow_ = even_per_second() < (is_too_slow_ ? kGoodAgainRate : kLeastRate);
  }
  if (is_too_slow_) too_slow_s_ += gap_s;
}

Micros WatchedRate::too_slow_for() const {
  const bool is_short = all_.length_s < 2 * kLeastToTellS;
  const double seconds =
      is_short ? (all_.gaps > 0 && even_per_second_in_all() < kLeastRate ? all_.length_s : 0)
               : too_slow_s_;
  return Micros{static_cast<std::int64_t>(seconds * 1e6)};
}

TooSlow explain_too_slow(double looked_at, double even, double given) {
  if (given >= 5 && given > 1.2 * looked_at) {
    return {
        .is_source = false,
        .cause = fmt::format("{:.1f} of {:.1f} pictures a second are looked at; counts may be low.",
                             looked_at, given),
        .remedy = "Use a smaller model or watch fewer cameras on this machine."};
  }
  if (looked_at >= 1.2 * even && looked_at >= kLeastRate) {
    return {.is_source = true,
            .cause = fmt::format("The source's pictures come unevenly: {:.1f} a second, with gaps "
                                 "as long as at {:.1f}; counts may be low.",
                                 looked_at, even),
            .remedy = "Look at the network between the camera and this machine."};
  }
  return {.is_source = true,
          .cause = fmt::format("The source gives {:.1f} pictures a second and counting needs 5; "
                               "counts may be low.",
                               looked_at),
          .remedy = "Set the camera to at least 5 pictures a second; 10 to 25 are good."};
}

}  // namespace vedette::traffic
