// Going on in the middle of a file: enters it at a key picture and finds the place by the stamps of
// the pictures around it.
#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>

#include "media/video_reader.hpp"

namespace vedette::media {
namespace {

using namespace std::chrono_literals;

// How long before the place it is entered: the next one, where there was no key picture behind the
// one before, or too few pictures to compare.
constexpr Micros kBefore[] = {2s, 8s, 32s, 128s};
// So many pictures in a row must be those that are known before the place: a decoder that began at
// a key picture may leave out some at first.
constexpr std::size_t kCompared = 8;

bool is_rising(std::span<const std::optional<Micros>> stamps) {
  return std::ranges::all_of(stamps, [](const auto& stamp) { return stamp.has_value(); }) &&
         std::ranges::adjacent_find(stamps, std::ranges::greater_equal()) == stamps.end();
}

}  // namespace

Result<bool> VideoReader::skip(std::span<const std::optional<Micros>> stamps, Micros& time,
                               const std::stop_token& stop) {
  for (const auto& stamp : stamps) time = clock_.next(stamp);
  if (is_live_ || !is_file(url_.kind) || stamps.empty() || !is_rising(stamps)) return false;
  for (const Micros before : kBefore) {
    const Micros from = *stamps.back() - before;
    // Reading from the beginning is as quick.
    if (from <= *stamps.front() || !enter(from)) return false;
    VEDETTE_TRY(is_there, read_up_to(stamps, stop));
    if (is_there) return true;
  }
  return false;
}

bool VideoReader::enter(Micros stamp) {
  const AVRational base = format_->streams[stream_]->time_base;
  const std::int64_t ticks = av_rescale_q(stamp.count(), AVRational{1, 1'000'000}, base);
  constexpr auto kAnyBefore = std::numeric_limits<std::int64_t>::min();
  if (avformat_seek_file(format_.get(), stream_, kAnyBefore, ticks, ticks, 0) < 0) return false;
  avcodec_flush_buffers(codec_.get());
  is_draining_ = false;
  end_reason_ = 0;
  awaits_key_ = true;
  packets_ = 0;
  pictures_ = 0;
  return true;
}

Result<bool> VideoReader::read_up_to(std::span<const std::optional<Micros>> stamps,
                                     const std::stop_token& stop) {
  std::size_t in_row = 0;
  std::size_t expected = 0;
  while (in_row == 0 || expected < stamps.size()) {
    const auto decoded = decode(stop);
    if (!decoded && decoded.error().code == ErrorCode::kCancelled) return fail(decoded.error());
    if (!decoded || !*decoded) return false;
    const std::optional<Micros> stamp = (*decoded)->stamp;
    if (!stamp || *stamp > *stamps.back()) return false;
    if (in_row > 0 && stamp == stamps[expected]) {
      ++in_row;
      ++expected;
      continue;
    }
    const auto place = std::ranges::lower_bound(stamps, stamp);
    const bool is_known = place != stamps.end() && *place == stamp;
    in_row = is_known ? 1 : 0;
    expected = static_cast<std::size_t>(place - stamps.begin()) + 1;
  }
  if (in_row < kCompared) return false;
  // As if all had been read: whether the file is cut off is told by these.
  packets_ += static_cast<std::int64_t>(stamps.size()) - pictures_;
  pictures_ = static_cast<std::int64_t>(stamps.size());
  return true;
}

}  // namespace vedette::media
