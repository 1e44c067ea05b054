#include "media/file_source.hpp"

namespace vedette::media {

Result<std::unique_ptr<FrameSource>> open_file(const SourceUrl& url, const SourceOptions& options,
                                               const std::stop_token& stop) {
  VEDETTE_TRY(reader, VideoReader::open(url, options, stop));
  return std::make_unique<FileSource>(std::move(reader));
}

Result<std::optional<Frame>> FileSource::next(const std::stop_token& stop) {
  if (is_finished_) return std::optional<Frame>{};
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
  frame.captured_at = SystemClock{}.now();
  frame.picture = std::move((*decoded)->picture);
  meter_.count_decoded(frame.captured_at, 0, reader_->corrupt());
  return std::optional<Frame>(std::move(frame));
}

}  // namespace vedette::media
