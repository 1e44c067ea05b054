// A camera, or a looped file in place of one: read by a thread of its own into a mailbox that holds
// one frame, the latest. A slow reader loses frames (counted), never time. A stream that comes in
// bursts (HLS) is played at its own pace, and a few of its frames wait. Only inside src/media.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "media/source_meter.hpp"
#include "media/video_reader.hpp"

namespace vedette::media {

class LiveSource final : public FrameSource {
 public:
  LiveSource(SourceUrl url, const SourceOptions& options, std::unique_ptr<VideoReader> reader);
  ~LiveSource() override;

  Result<std::optional<Frame>> next(const std::stop_token& stop) override;
  SourceInfo info() const override;
  SourceStats stats() const override { return meter_.stats(); }

 private:
  void read_all(const std::stop_token& stop);
  // Reads until the end of the stream or of one lap; an error ends the source.
  Result<> read_once(const std::stop_token& stop);
  Result<> start_next_lap(const std::stop_token& stop);
  bool wait_until_due(const std::stop_token& stop, Micros media_time);
  void put(Frame frame, const std::stop_token& stop);

  const SourceUrl url_;
  const SourceOptions options_;
  const bool is_paced_;
  SourceMeter meter_;

  // The reading thread's own.
  std::unique_ptr<VideoReader> reader_;
  std::int64_t number_ = 0;
  int period_ = 0;
  std::int64_t lap_start_number_ = 0;
  std::int64_t corrupt_before_ = 0;
  Micros lap_start_{0};
  Micros last_time_{0};
  std::optional<std::chrono::steady_clock::time_point> play_start_;

  mutable std::mutex mailbox_mutex_;
  std::condition_variable_any mailbox_changed_;
  SourceInfo info_;               // guarded by mailbox_mutex_
  std::deque<Frame> waiting_;     // guarded by mailbox_mutex_
  std::optional<Error> failure_;  // guarded by mailbox_mutex_

  std::jthread thread_;  // last: started when all else stands, joined before all else goes
};

}  // namespace vedette::media
