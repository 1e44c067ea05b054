#include "media/live_source.hpp"

#include <fmt/format.h>

#include <exception>

#include "base/log.hpp"
#include "base/process.hpp"
#include "media/source_error.hpp"

namespace vedette::media {
namespace {

// A player this far behind (a suspended laptop, a stopped process) goes on from now instead of
// hurrying after.
constexpr std::chrono::seconds kMaxLateness{2};
// However far apart the stamps are, a player does not stand still for longer.
constexpr std::chrono::seconds kLongestWait{5};
// How far behind its own times a stream that comes in bursts may be shown, and how many of its
// frames wait.
constexpr std::chrono::seconds kPatience{1};
constexpr std::size_t kMostWaiting = 16;

}  // namespace

LiveSource::LiveSource(SourceUrl url, const SourceOptions& options,
                       std::unique_ptr<VideoReader> reader)
    : url_(std::move(url)),
      options_(options),
      is_paced_(url_.kind == SourceKind::kLoop || reader->is_paced()),
      reader_(std::move(reader)),
      info_(reader_->info()),
      thread_([this](const std::stop_token& stop) { read_all(stop); }) {}

LiveSource::~LiveSource() {
  thread_.request_stop();
}

void LiveSource::read_all(const std::stop_token& stop) {
  set_thread_name("camera");
  Error error;
  try {
    for (;;) {
      auto lap = read_once(stop);
      if (lap) lap = start_next_lap(stop);
      if (!lap) {
        error = std::move(lap.error());
        break;
      }
    }
  } catch (const std::exception& e) {
    log::error("camera", "Reading {} ended with {}", url_.shown, e.what());
    error = fail(ErrorCode::kInternal,
                 fmt::format("Reading {} ended with a defect of this program; it is opened again.",
                             url_.shown),
                 e.what())
                .error();
  }
  const std::lock_guard lock(mailbox_mutex_);
  failure_ = std::move(error);
  mailbox_changed_.notify_all();
}

Result<> LiveSource::read_once(const std::stop_token& stop) {
  for (;;) {
    VEDETTE_TRY(decoded, reader_->read(stop));
    if (!decoded) return {};
    Frame frame;
    frame.number = number_++;
    frame.period = period_;
    frame.media_time = lap_start_ + decoded->media_time;
    frame.picture = std::move(decoded->picture);
    last_time_ = frame.media_time;
    if (is_paced_ && !wait_until_due(stop, frame.media_time)) {
      return fail(ErrorCode::kCancelled, "Reading was stopped.");
    }
    frame.captured_at = SystemClock{}.now();
    meter_.count_decoded(frame.captured_at, period_, corrupt_before_ + reader_->corrupt());
    put(std::move(frame), stop);
  }
}

Result<> LiveSource::start_next_lap(const std::stop_token& stop) {
  if (url_.kind != SourceKind::kLoop) return fail(source_error(url_, AVERROR_EOF, false));
  if (number_ == lap_start_number_) {
    auto error = reader_->truncation();
    return fail(error ? std::move(*error) : source_error(url_, AVERROR_INVALIDDATA, false));
  }
  // Opened anew rather than rewound: it also holds for containers without an index, and for a file
  // that was replaced meanwhile.
  lap_start_ = last_time_ + reader_->frame_time();
  lap_start_number_ = number_;
  corrupt_before_ += reader_->corrupt();
  ++period_;
  reader_.reset();
  VEDETTE_TRY(reopened, VideoReader::open(url_, options_, stop));
  reader_ = std::move(reopened);
  return {};
}

bool LiveSource::wait_until_due(const std::stop_token& stop, Micros media_time) {
  const auto now = std::chrono::steady_clock::now();
  if (!play_start_ || now - (*play_start_ + media_time) > kMaxLateness) {
    play_start_ = now - media_time;
    return !stop.stop_requested();
  }
  if (*play_start_ + media_time - now > kLongestWait) {
    play_start_ = now + kLongestWait - media_time;
  }
  const auto due = *play_start_ + media_time;
  if (due <= now) return !stop.stop_requested();
  return sleep_for(stop, std::chrono::duration_cast<Micros>(due - now));
}

void LiveSource::put(Frame frame, const std::stop_token& stop) {
  std::unique_lock lock(mailbox_mutex_);
  info_.width = frame.width();
  info_.height = frame.height();
  const bool is_in_bursts = is_paced_ && url_.kind != SourceKind::kLoop;
  if (is_in_bursts && waiting_.size() >= kMostWaiting) {
    // After a pause of the network all comes at once: no reason to lose frames, unless the taker is
    // behind for good.
    const auto due = play_start_ ? *play_start_ + frame.media_time
                                 : std::chrono::steady_clock::time_point::min();
    mailbox_changed_.wait_until(lock, stop, due + kPatience,
                                [&] { return waiting_.size() < kMostWaiting; });
  }
  while (waiting_.size() >= (is_in_bursts ? kMostWaiting : 1)) {
    waiting_.pop_front();
    meter_.count_dropped();
  }
  waiting_.push_back(std::move(frame));
  mailbox_changed_.notify_all();
}

SourceInfo LiveSource::info() const {
  const std::lock_guard lock(mailbox_mutex_);
  return info_;
}

Result<std::optional<Frame>> LiveSource::next(const std::stop_token& stop) {
  std::unique_lock lock(mailbox_mutex_);
  const bool has_news =
      mailbox_changed_.wait(lock, stop, [this] { return !waiting_.empty() || failure_; });
  // A taker that is slower than the source always finds a frame here.
  if (!has_news || stop.stop_requested()) {
    return fail(ErrorCode::kCancelled, "Reading was stopped.");
  }
  if (waiting_.empty()) return fail(*failure_);
  std::optional<Frame> frame(std::move(waiting_.front()));
  waiting_.pop_front();
  if (is_paced_) mailbox_changed_.notify_all();
  return frame;
}

}  // namespace vedette::media
