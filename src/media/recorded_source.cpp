#include "media/recorded_source.hpp"

#include <chrono>
#include <utility>

#include "media/file_source.hpp"
#include "media/recording_names.hpp"
#include "media/source_url.hpp"

namespace vedette::media {
namespace {

// Devices note whole seconds, and lose some pictures between two pieces: no gap.
constexpr Micros kNoGap = std::chrono::milliseconds(1500);
// Longer than that somebody has set the clock.
constexpr Micros kLongestGap = std::chrono::days(31);
// A frame's step that says nothing on the rate.
constexpr Micros kLongestStep = std::chrono::seconds(1);

}  // namespace

bool is_of_file(const Error& error) {
  switch (error.code) {
    case ErrorCode::kCorrupt:
    case ErrorCode::kUnsupported:
    case ErrorCode::kInvalid:
    case ErrorCode::kTooLarge:
    case ErrorCode::kForbidden:
      return true;
    default:
      return false;
  }
}

Result<std::unique_ptr<FrameSource>> RecordedSource::open(std::vector<RecordedFile> files,
                                                          RecordedNames names,
                                                          const SourceOptions& options,
                                                          const std::stop_token& stop) {
  std::unique_ptr<RecordedSource> source(
      new RecordedSource(std::move(files), std::move(names), options));
  // What its pictures are like is known from the first file that opens. Those before it are told
  // by next().
  std::optional<Error> first;
  for (const RecordedFile& file : source->files_) {
    if (file.problem) continue;
    auto opened = open_file(file_url(file.path), options, stop);
    if (!opened && !is_of_file(opened.error())) return fail(std::move(opened.error()));
    if (!opened && !first) first = opened.error();
    if (!opened) continue;
    source->info_ = (*opened)->info();
    source->info_.shown_url = source->names_.shown;
    source->info_.files = static_cast<int>(source->files_.size());
    source->info_.order = source->names_.order;
    source->info_.left_out = source->names_.left_out;
    source->info_.duration = Micros{0};
    for (const RecordedFile& each : source->files_) {
      if (each.problem) continue;
      if (!each.length.duration) source->info_.duration.reset();
      if (source->info_.duration) *source->info_.duration += *each.length.duration;
    }
    return std::unique_ptr<FrameSource>(std::move(source));
  }
  return fail(first.value_or(
      fail(ErrorCode::kCorrupt, "None of the files can be read; record or copy them again.")
          .error()));
}

std::unexpected<Error> RecordedSource::pass_over(Error error) {
  is_broken_ = true;
  error.code = ErrorCode::kCorrupt;
  error.retryable = false;
  return fail(std::move(error));
}

Result<> RecordedSource::open_next(const std::stop_token& stop) {
  while (!file_ && next_part_ < files_.size()) {
    const RecordedFile& file = files_[next_part_];
    if (file.problem) {
      ++next_part_;
      return pass_over(*file.problem);
    }
    auto opened = open_file(file_url(file.path), options_, stop);
    if (!opened && is_of_file(opened.error())) {
      ++next_part_;
      return pass_over(std::move(opened.error()));
    }
    if (!opened && opened.error().code == ErrorCode::kNotFound) {
      auto gone = fail(ErrorCode::kUnavailable, "", opened.error().detail).error();
      gone.message = "A recording has gone since its folder was read: " + opened.error().message;
      return fail(std::move(gone));
    }
    if (!opened) return fail(std::move(opened.error()));
    file_ = std::move(*opened);
    part_ = next_part_++;
  }
  return {};
}

Result<> RecordedSource::pass(const Frame& known, const std::stop_token& stop) {
  if (has_begun_) return FrameSource::pass(known, stop);
  const auto part = static_cast<std::size_t>(known.part);
  const bool is_first = !last_part_ || part != *last_part_;
  const bool is_in_order = known.number == number_ && known.part >= 0 && part < files_.size() &&
                           !files_[part].problem && (!last_part_ || part >= *last_part_);
  if (!is_in_order) return not_the_same_recording(names_.shown);
  if (is_first) {
    passed_.clear();
    // Then there was a gap, or something was missing: place() makes the same of both.
    is_broken_ = known.period > period_;
    place(part);
    if (known.media_time != start_ || known.period != period_) {
      return not_the_same_recording(names_.shown);
    }
  }
  take_time(known.media_time, is_first);
  passed_.push_back(known.stamp);
  next_part_ = part;
  ++number_;
  return {};
}

Result<> RecordedSource::open_passed(const std::stop_token& stop) {
  auto opened = open_file(file_url(files_[*last_part_].path), options_, stop);
  if (!opened && is_of_file(opened.error())) return not_the_same_recording(names_.shown);
  if (!opened) return fail(std::move(opened.error()));
  file_ = std::move(*opened);
  file_->pass_all(std::exchange(passed_, {}), *last_time_ - start_);
  part_ = next_part_++;
  return {};
}

void RecordedSource::take_time(Micros time, bool is_first) {
  if (!is_first && time - *last_time_ <= kLongestStep) step_ = time - *last_time_;
  last_time_ = time;
}

void RecordedSource::place(std::size_t part) {
  const RecordedFile& file = files_[part];
  const std::optional<std::size_t> before = std::exchange(last_part_, part);
  start_ = last_time_ ? *last_time_ + step_ : Micros{0};
  const bool is_broken = std::exchange(is_broken_, false);
  const bool goes_on = !is_broken && before && is_next_chapter(files_[*before].path, file.path);
  if (goes_on) return;
  bool is_gap = is_broken && last_time_;
  if (anchor_ && file.made_at) {
    const Micros gap = anchor_->media_time + (*file.made_at - anchor_->made_at) - start_;
    const bool is_known = gap <= kLongestGap;
    is_gap = is_gap || gap > kNoGap;
    if (is_known && gap > kNoGap) start_ += gap;
    if (!is_known || gap < -kNoGap) anchor_ = Anchor{*file.made_at, start_};
  } else if (file.made_at) {
    anchor_ = Anchor{*file.made_at, start_};
  }
  if (is_gap && last_time_) ++period_;
}

Result<std::optional<Frame>> RecordedSource::next(const std::stop_token& stop) {
  has_begun_ = true;
  if (!passed_.empty()) VEDETTE_CHECK(open_passed(stop));
  for (;;) {
    VEDETTE_CHECK(open_next(stop));
    if (!file_) return std::optional<Frame>{};
    auto frame = file_->next(stop);
    if (!frame) {
      if (!is_of_file(frame.error())) return fail(std::move(frame.error()));
      return pass_over(std::move(frame.error()));
    }
    if (!*frame) {
      corrupt_before_ += file_->stats().corrupt;
      file_.reset();
      continue;
    }
    const bool is_first = (*frame)->number == 0;
    if (is_first) place(part_);
    (*frame)->media_time += start_;
    take_time((*frame)->media_time, is_first);
    (*frame)->number = number_++;
    (*frame)->period = period_;
    (*frame)->part = static_cast<int>(part_);
    const SourceInfo now = file_->info();
    info_.codec = now.codec;
    info_.width = now.width;
    info_.height = now.height;
    info_.fps = now.fps;
    meter_.count_decoded((*frame)->captured_at, period_, corrupt_before_ + file_->stats().corrupt);
    return std::move(*frame);
  }
}

}  // namespace vedette::media
