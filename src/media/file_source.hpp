// A file read frame by frame on the caller's thread: every frame, nothing dropped, no waiting. Only
// inside src/media.
#pragma once

#include "media/source_meter.hpp"
#include "media/video_reader.hpp"

namespace vedette::media {

/// Opens one file as a source.
Result<std::unique_ptr<FrameSource>> open_file(const SourceUrl& url, const SourceOptions& options,
                                               const std::stop_token& stop);

class FileSource final : public FrameSource {
 public:
  explicit FileSource(std::unique_ptr<VideoReader> reader) : reader_(std::move(reader)) {}

  Result<std::optional<Frame>> next(const std::stop_token& stop) override;
  SourceInfo info() const override { return reader_->info(); }
  SourceStats stats() const override { return meter_.stats(); }

 private:
  std::unique_ptr<VideoReader> reader_;
  SourceMeter meter_;
  std::int64_t number_ = 0;
  bool is_finished_ = false;
};

}  // namespace vedette::media
