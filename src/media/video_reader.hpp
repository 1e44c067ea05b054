// One opened video, decoded picture by picture, with times put right. Used by the file source on
// the caller's thread and by live sources on their own. Not thread-safe. Only inside src/media.
#pragma once

#include <chrono>
#include <cstdarg>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>

#include "media/http_input.hpp"
#include "media/media_clock.hpp"
#include "media/picture.hpp"
#include "media/source_url.hpp"
#include "media/upright.hpp"

namespace vedette::media {

class VideoReader {
 public:
  struct Decoded {
    std::shared_ptr<const Picture> picture;
    std::optional<Micros> stamp;
    Micros media_time{0};
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

  /// Of a file just opened: goes on behind the pictures of these stamps as if they had been read.
  /// Enters the file at a key picture before the last of them and reads from there, and compares.
  /// False: it cannot be entered there exactly, and the reader is of no more use. `time` becomes
  /// that of the last of them.
  Result<bool> skip(std::span<const std::optional<Micros>> stamps, Micros& time,
                    const std::stop_token& stop);

  /// The size is that of the last picture.
  const SourceInfo& info() const { return info_; }
  std::int64_t corrupt() const { return corrupt_; }
  Micros frame_time() const { return clock_.frame_time(); }

  /// A camera: it has no end, and waits for nobody.
  bool is_live() const { return is_live_; }
  /// It comes in bursts (HLS): to be shown at the pace of its own times.
  bool is_paced() const { return is_live_ && http_ && http_->is_playlist(); }

  /// After the end of a file: the error that says it was cut off, if it was.
  std::optional<Error> truncation() const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  VideoReader(SourceUrl url, const SourceOptions& options)
      : url_(std::move(url)), options_(options) {}

  // Asked by libav while it waits: non-zero makes it return AVERROR_EXIT.
  static int should_interrupt(void* self);
  // Told by libav of what it does.
  static void hear(void* whom, int level, const char* format, std::va_list values);
  bool is_elsewhere() const;
  Result<> open_container();
  Result<> open_http();
  Result<> open_input(const std::string& name, const AVInputFormat* input, AVDictionary** options);
  int next_packet();
  Result<> open_decoder();
  Result<> read_packet();
  Error explain(int av_error, bool while_opening) const;
  Result<std::optional<Decoded>> take_picture();
  Result<std::optional<Decoded>> decode(const std::stop_token& stop);
  bool enter(Micros stamp);
  Result<bool> read_up_to(std::span<const std::optional<Micros>> stamps,
                          const std::stop_token& stop);
  Result<> check_size(PictureSize size) const;
  bool is_cut() const;

  SourceUrl url_;
  SourceOptions options_;
  SourceInfo info_;
  std::unique_ptr<HttpInput> http_;  // outlives format_, which reads through it
  AvFormatPtr format_;
  AVFormatContext* opening_ = nullptr;  // while libav has it
  AvCodecPtr codec_;
  AvPacketPtr packet_;
  AvFramePtr frame_;
  std::shared_ptr<Converter> converter_ = std::make_shared<Converter>();
  MediaClock clock_{Micros{40'000}};
  Upright upright_;
  Orientation orientation_;  // of the container; a picture may tell its own
  int stream_ = -1;
  std::int64_t announced_packets_ = 0;
  std::int64_t packets_ = 0;
  std::int64_t corrupt_ = 0;
  std::int64_t pictures_ = 0;
  int packets_since_picture_ = 0;
  bool is_live_ = false;
  bool is_led_away_ = false;
  bool is_draining_ = false;
  bool awaits_key_ = false;  // entered somewhere
  int end_reason_ = 0;

  // Valid only during open() and read().
  std::stop_token stop_;
  SteadyTime deadline_ = SteadyTime::max();
};

}  // namespace vedette::media
