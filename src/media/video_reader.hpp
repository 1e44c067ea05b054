// One opened video, decoded picture by picture, with times put right. Used by the file source on
// the caller's thread and by live sources on their own. Not thread-safe. Only inside src/media.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>

#include "media/picture.hpp"
#include "media/source_url.hpp"

namespace vedette::media {

/// Gives each decoded picture a time since the first one, strictly increasing: a missing time stamp
/// is the last one plus a frame; one up to a second back (or equal) becomes a quarter of a frame
/// later; a jump back by more moves all that follow, so that they go on one frame later.
class MediaTimes {
 public:
  /// `frame_time`: the nominal duration of a frame.
  explicit MediaTimes(Micros frame_time) : frame_time_(frame_time) {}
  Micros next(std::optional<Micros> stamp);
  Micros frame_time() const { return frame_time_; }

 private:
  Micros frame_time_;
  std::optional<Micros> last_;
  Micros shift_{0};  // added to a stamp
};

class VideoReader {
 public:
  struct Decoded {
    std::shared_ptr<const Picture> picture;
    Micros media_time;
  };

  /// Opens the source and its decoder. Blocks up to open_timeout.
  static Result<std::unique_ptr<VideoReader>> open(const SourceUrl& url,
                                                   const SourceOptions& options,
                                                   const std::stop_token& stop);

  ~VideoReader();
  VideoReader(const VideoReader&) = delete;
  VideoReader& operator=(const VideoReader&) = delete;

  /// The next picture, or nullopt at the end. Pictures the decoder marks as damaged are left out.
  Result<std::optional<Decoded>> read(const std::stop_token& stop);

  const SourceInfo& info() const { return info_; }
  std::int64_t corrupt() const { return corrupt_; }
  Micros frame_time() const { return times_.frame_time(); }

  /// After the end of a file: the error that says it was cut off, if it was.
  std::optional<Error> truncation() const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  VideoReader(SourceUrl url, const SourceOptions& options)
      : url_(std::move(url)), options_(options) {}

  // Asked by libav while it waits: non-zero makes it return AVERROR_EXIT.
  static int should_interrupt(void* self);
  Result<> open_container();
  Result<> open_decoder();
  Result<> read_packet();
  Error explain(int av_error, bool while_opening) const;
  Result<std::optional<Decoded>> take_picture();

  SourceUrl url_;
  SourceOptions options_;
  SourceInfo info_;
  AvFormatPtr format_;
  AvCodecPtr codec_;
  AvPacketPtr packet_;
  AvFramePtr frame_;
  std::shared_ptr<Converter> converter_ = std::make_shared<Converter>();
  MediaTimes times_{Micros{40'000}};
  int stream_ = -1;
  std::optional<std::int64_t> first_stamp_;
  std::int64_t announced_packets_ = 0;
  std::int64_t packets_ = 0;
  std::int64_t corrupt_ = 0;
  std::int64_t pictures_ = 0;
  int packets_since_picture_ = 0;
  bool is_draining_ = false;
  int end_reason_ = 0;

  // Valid only during open() and read().
  std::stop_token stop_;
  SteadyTime deadline_ = SteadyTime::max();
};

}  // namespace vedette::media
