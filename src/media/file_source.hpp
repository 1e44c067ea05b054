// A file read frame by frame on the caller's thread: every frame, nothing dropped, no waiting. Only
// inside src/media.
#pragma once

#include <optional>
#include <vector>

#include "media/source_meter.hpp"
#include "media/video_reader.hpp"

namespace vedette::media {

class FileSource final : public FrameSource {
 public:
  /// The reader of this source, just opened.
  FileSource(std::unique_ptr<VideoReader> reader, SourceUrl url, SourceOptions options)
      : reader_(std::move(reader)), url_(std::move(url)), options_(std::move(options)) {}

  Result<std::optional<Frame>> next(const std::stop_token& stop) override;
  Result<> pass(const Frame& known, const std::stop_token& stop) override;
  SourceInfo info() const override { return reader_->info(); }
  SourceStats stats() const override { return meter_.stats(); }

  /// pass() for all frames at once, by their stamps. `last`: the time of the last of them.
  void pass_all(std::vector<std::optional<Micros>> stamps, Micros last);

 private:
  Result<> go_on_behind(const std::stop_token& stop);
  Result<> read_again(std::size_t frames, Micros& time, const std::stop_token& stop);

  std::unique_ptr<VideoReader> reader_;
  SourceUrl url_;
  SourceOptions options_;
  SourceMeter meter_;
  std::vector<std::optional<Micros>> passed_;  // not read yet
  Micros last_passed_{0};
  std::int64_t number_ = 0;
  bool is_finished_ = false;
};

/// Opens one file as a source.
Result<std::unique_ptr<FileSource>> open_file(const SourceUrl& url, const SourceOptions& options,
                                              const std::stop_token& stop);

}  // namespace vedette::media
