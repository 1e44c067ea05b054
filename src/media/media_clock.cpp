#include "media/media_clock.hpp"

#include <algorithm>

namespace vedette::media {
namespace {

using namespace std::chrono_literals;

// A file's stamps further apart than this do not tell of time that passed.
constexpr Micros kLongestGap = 10s;
// Steps up to here need no confirmation, whatever the rate.
constexpr Micros kShortStep = 100ms;
// So many usual steps need none either.
constexpr int kUsualSteps = 3;
// Stamps a little behind the last: a reordering that passes, until so many in a row say it stays.
constexpr Micros kLittle = 1s;
constexpr int kStaysBehind = 8;
constexpr Micros kPaceWindow = 5s;

}  // namespace

Micros MediaClock::next(std::optional<Micros> stamp, std::optional<Micros> arrival) {
  if (!last_) return first(stamp, arrival);
  std::optional<Micros> waited;
  if (arrival) waited = std::max(*arrival - *last_arrival_, Micros{0});
  if (is_by_arrival_) stamp.reset();
  const auto time = std::max(propose(stamp, waited), *last_ + Micros{1});
  last_ = time;
  if (stamp) last_stamp_ = stamp;
  if (arrival) {
    last_arrival_ = arrival;
    watch_the_pace(*arrival);
  }
  return time;
}

Micros MediaClock::first(std::optional<Micros> stamp, std::optional<Micros> arrival) {
  last_ = Micros{0};
  last_stamp_ = stamp;
  last_arrival_ = arrival;
  if (arrival) pace_ = {*arrival, Micros{0}};
  if (stamp) good_ = Point{*stamp, Micros{0}};
  return *last_;
}

Micros MediaClock::propose(std::optional<Micros> stamp, std::optional<Micros> waited) {
  if (!stamp) return without_stamp(waited);
  if (stamp == last_stamp_) {
    // Twice is a fault of the muxer, and the next stamp is right again; oftener there is no clock.
    if (++repeats_ == 1) repeats_from_ = *last_;
    if (waited) return without_stamp(waited);
    return repeats_ == 1 ? *last_ + frame_time_ / 4 : repeats_from_ + repeats_ * frame_time_;
  }
  repeats_ = 0;
  if (!good_) {
    const auto time = without_stamp(waited);
    good_ = Point{*stamp, time};
    return time;
  }
  return judge(*stamp, good_->time + (*stamp - good_->stamp), waited);
}

Micros MediaClock::without_stamp(std::optional<Micros> waited) const {
  return *last_ + (waited ? *waited : frame_time_);
}

Micros MediaClock::judge(Micros stamp, Micros mapped, std::optional<Micros> waited) {
  const auto step = mapped - *last_;
  const auto plain = std::max(kShortStep, kUsualSteps * usual_);
  const bool was_awaited = waited && step > Micros{0} && step <= *waited + *waited / 2 + 500ms;
  if (step > Micros{0} && (step <= plain || was_awaited)) {
    accept(stamp, mapped);
    return mapped;
  }
  const auto provisional =
      waited ? without_stamp(std::max(std::min(*waited, plain), Micros{1})) : *last_ + usual_;
  const bool is_little_back = step <= Micros{0} && -step <= kLittle;
  if (suspect_) {
    const auto since = stamp - *last_stamp_;
    const bool is_gap = !waited && step > Micros{0} && step <= kLongestGap;
    const bool goes_on = since > Micros{0} && since <= (is_gap ? kLongestGap : plain);
    if (goes_on && (!is_little_back || ++suspects_ >= kStaysBehind)) {
      const auto time =
          is_gap ? mapped : std::max(suspect_->time + (stamp - suspect_->stamp), *last_);
      accept(stamp, time);
      // Slow sources: what confirmed itself is usual from now on.
      if (is_gap) usual_ = std::max(usual_, since);
      return time;
    }
    if (goes_on) return *last_ + frame_time_ / 4;
  }
  suspects_ = 1;
  suspect_ = Point{stamp, provisional};
  return is_little_back ? *last_ + frame_time_ / 4 : provisional;
}

void MediaClock::accept(Micros stamp, Micros time) {
  const auto step = time - good_->time;
  if (step > Micros{0} && step <= kLongestGap) usual_ += (step - usual_) / 8;
  usual_ = std::clamp(usual_, Micros{1'000}, kLongestGap);
  good_ = Point{stamp, time};
  suspect_.reset();
  suspects_ = 0;
}

// What says 25 a second and sends 4 would be six times too short.
void MediaClock::watch_the_pace(Micros arrival) {
  const auto arrived = arrival - pace_.stamp;
  if (is_by_arrival_ || arrived < kPaceWindow) return;
  const auto passed = *last_ - pace_.time;
  is_by_arrival_ = passed < arrived / 2 || passed > arrived * 2 + kPaceWindow;
  pace_ = {arrival, *last_};
}

}  // namespace vedette::media
