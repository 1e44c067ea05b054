#include "media/file_source.hpp"

#include <utility>

namespace vedette::media {

Result<std::unique_ptr<FileSource>> open_file(const SourceUrl& url, const SourceOptions& options,
                                              const std::stop_token& stop) {
  VEDETTE_TRY(reader, VideoReader::open(url, options, stop));
  return std::make_unique<FileSource>(std::move(reader), url, options);
}

Result<> FileSource::pass(const Frame& known, const std::stop_token& stop) {
  const bool has_begun = number_ != static_cast<std::int64_t>(passed_.size());
  if (has_begun) return FrameSource::pass(known, stop);
  if (known.number != number_) return not_the_same_recording(url_.shown);
  passed_.push_back(known.stamp);
  last_passed_ = known.media_time;
  ++number_;
  return {};
}

void FileSource::pass_all(std::vector<std::optional<Micros>> stamps, Micros last) {
  passed_ = std::move(stamps);
  number_ = static_cast<std::int64_t>(passed_.size());
  last_passed_ = last;
}

Result<> FileSource::go_on_behind(const std::stop_token& stop) {
  const auto stamps = std::exchange(passed_, {});
  Micros time{0};
  VEDETTE_TRY(is_there, reader_->skip(stamps, time, stop));
  if (!is_there) VEDETTE_CHECK(read_again(stamps.size(), time, stop));
  if (time != last_passed_) return not_the_same_recording(url_.shown);
  return {};
}

Result<> FileSource::read_again(std::size_t frames, Micros& time, const std::stop_token& stop) {
  VEDETTE_TRY(reader, VideoReader::open(url_, options_, stop));
  reader_ = std::move(reader);
  for (std::size_t i = 0; i < frames; ++i) {
    const auto decoded = reader_->read(stop);
    if (!decoded && decoded.error().code == ErrorCode::kCancelled) return fail(decoded.error());
    // All these could be read before.
    if (!decoded || !*decoded) return not_the_same_recording(url_.shown);
    time = (*decoded)->media_time;
  }
  return {};
}

Result<std::optional<Frame>> FileSource::next(const std::stop_token& stop) {
  if (is_finished_) return std::optional<Frame>{};
  if (!passed_.empty()) {
    if (auto there = go_on_behind(stop); !there) {
      is_finished_ = true;
      return fail(std::move(there.error()));
    }
  }
  auto decoded = reader_->read(stop);
  if (!decoded) {
    is_finished_ = decoded.error().code != ErrorCode::kCancelled;
    return fail(std::move(decoded.error()));
  }
  if (!*decoded) {
    is_finished_ = true;
    if (auto error = reader_->truncation()) return fail(std::move(*error));
    return std::optional<Frame>{};
  }
  Frame frame;
  frame.number = number_++;
  frame.media_time = (*decoded)->media_time;
  frame.stamp = (*decoded)->stamp;
  frame.captured_at = SystemClock{}.now();
  frame.picture = std::move((*decoded)->picture);
  meter_.count_decoded(frame.captured_at, 0, reader_->corrupt());
  return std::optional<Frame>(std::move(frame));
}

}  // namespace vedette::media
