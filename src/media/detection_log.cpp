#include "media/detection_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/digest.hpp"

namespace vedette::media {
namespace {

DetectionKey key_of(std::string_view text) {
  DetectionKey key{};
  const Sha256 digest = sha256(text);
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

bool is_later(const DetectionChunkReader& a, const DetectionChunkReader& b) {
  return a.frame().number > b.frame().number;
}

Frame without_picture(const Frame& frame) {
  Frame bare = frame;
  bare.known_width = frame.width();
  bare.known_height = frame.height();
  bare.picture.reset();
  return bare;
}

}  // namespace

std::string detection_key(std::string_view recording, std::string_view fingerprint) {
  if (fingerprint.empty()) return {};
  return fmt::format("{} {}", recording, fingerprint);
}

DetectionLog::DetectionLog(FrameSource& source, Session& session, std::string_view key,
                           Pictures pictures)
    : key_(key_of(key)),
      is_kept_(!key.empty()),
      source_(*this, source, pictures == Pictures::kAll),
      session_(*this, session),
      fresh_(key_) {}

Result<> DetectionLog::add(std::string chunk) {
  if (!is_kept_) {
    return fail(ErrorCode::kConflict,
                "Detections were kept, but this detector's answers depend on the frames before "
                "them; the recording is read again from its beginning.");
  }
  const auto labels = static_cast<int>(session_.model().labels.size());
  VEDETTE_TRY(reader, DetectionChunkReader::open(std::move(chunk), key_, labels));
  known_.push_back(std::move(reader));
  std::ranges::push_heap(known_, is_later);
  return {};
}

// Frames come in rising order: what is before this one is not asked for any more.
std::optional<Frame> DetectionLog::find(std::int64_t number, std::vector<Detection>& into) {
  std::optional<Frame> found;
  while (!known_.empty() && known_.front().frame().number <= number) {
    std::ranges::pop_heap(known_, is_later);
    DetectionChunkReader& chunk = known_.back();
    if (chunk.frame().number == number) found = chunk.frame();
    chunk.take(into);
    if (chunk.is_over()) {
      known_.pop_back();
    } else {
      std::ranges::push_heap(known_, is_later);
    }
  }
  return found;
}

bool DetectionLog::answer(std::int64_t number, std::vector<Detection>& into) {
  if (!recalled_.empty() && recalled_.front().frame.number == number) {
    into.assign(recalled_.front().boxes.begin(), recalled_.front().boxes.end());
    recalled_.pop_front();
  } else if (!find(number, into)) {
    return false;
  }
  ++answered_;
  return true;
}

void DetectionLog::keep(const Frame& frame, const std::vector<Detection>& boxes) {
  if (is_kept_) (void)fresh_.add(frame, boxes);
}

Result<std::optional<Frame>> DetectionLog::LoggedSource::next(const std::stop_token& stop) {
  if (!is_real_) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "Reading was stopped.");
    Asked asked;
    if (auto frame = log_.find(number_, asked.boxes)) {
      VEDETTE_CHECK(source_.pass(*frame, stop));
      frame->captured_at = SystemClock{}.now();
      ++number_;
      asked.frame = *frame;
      log_.recalled_.push_back(std::move(asked));
      return frame;
    }
    is_real_ = true;
  }
  return source_.next(stop);
}

Result<> DetectionLog::LoggedSession::detect(const Frame& frame, std::vector<Detection>& into) {
  if (!under_way_.empty()) {
    return fail(ErrorCode::kInternal, "detect() was called while frames were in flight.");
  }
  if (log_.answer(frame.number, into)) return {};
  VEDETTE_CHECK(session_.detect(frame, into));
  log_.keep(frame, into);
  return {};
}

Result<> DetectionLog::LoggedSession::submit(const Frame& frame) {
  if (in_flight() == capacity()) {
    return fail(ErrorCode::kTooMany, "As many frames are in flight as the session has room for.");
  }
  Asked asked{.frame = without_picture(frame), .is_known = false, .boxes = {}};
  asked.is_known = log_.answer(frame.number, asked.boxes);
  if (!asked.is_known) VEDETTE_CHECK(session_.submit(frame));
  under_way_.push_back(std::move(asked));
  return {};
}

Result<> DetectionLog::LoggedSession::collect(std::vector<Detection>& into) {
  into.clear();
  if (under_way_.empty()) {
    return fail(ErrorCode::kInternal, "collect() was called without a frame in flight.");
  }
  const Asked asked = std::move(under_way_.front());
  under_way_.pop_front();
  if (asked.is_known) {
    into.assign(asked.boxes.begin(), asked.boxes.end());
    return {};
  }
  VEDETTE_CHECK(session_.collect(into));
  log_.keep(asked.frame, into);
  return {};
}

bool DetectionLog::LoggedSession::is_ready() const {
  return !under_way_.empty() && (under_way_.front().is_known || session_.is_ready());
}

}  // namespace vedette::media
