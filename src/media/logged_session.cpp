#include "media/logged_session.hpp"

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
  return a.frame() > b.frame();
}

}  // namespace

std::string detection_key(std::string_view recording, std::string_view fingerprint) {
  if (fingerprint.empty()) return {};
  return fmt::format("{} {}", recording, fingerprint);
}

LoggedSession::LoggedSession(Session& session, std::string_view key)
    : session_(session), key_(key_of(key)), is_kept_(!key.empty()), fresh_(key_) {}

Result<> LoggedSession::add(std::string chunk) {
  if (!is_kept_) {
    return fail(ErrorCode::kConflict,
                "Detections were kept, but this detector's answers depend on the frames before "
                "them; the recording is read again from its beginning.");
  }
  const auto labels = static_cast<int>(session_.model().labels.size());
  VEDETTE_TRY(reader, DetectionChunkReader::open(std::move(chunk), key_, labels));
  last_known_ = std::max(last_known_, reader.last_frame());
  known_.push_back(std::move(reader));
  std::ranges::push_heap(known_, is_later);
  return {};
}

// Frames come in rising order: what is before this one is not asked for any more.
bool LoggedSession::find(std::int64_t frame, std::vector<Detection>& into) {
  bool is_found = false;
  while (!known_.empty() && known_.front().frame() <= frame) {
    std::ranges::pop_heap(known_, is_later);
    DetectionChunkReader& chunk = known_.back();
    is_found = is_found || chunk.frame() == frame;
    chunk.take(into);
    if (chunk.frame() < 0) {
      known_.pop_back();
    } else {
      std::ranges::push_heap(known_, is_later);
    }
  }
  return is_found;
}

Result<> LoggedSession::detect(const Frame& frame, std::vector<Detection>& into) {
  if (!under_way_.empty()) {
    return fail(ErrorCode::kInternal, "detect() was called while frames were in flight.");
  }
  if (find(frame.number, into)) {
    ++answered_;
    return {};
  }
  VEDETTE_CHECK(session_.detect(frame, into));
  if (is_kept_) (void)fresh_.add(frame.number, into);
  return {};
}

Result<> LoggedSession::submit(const Frame& frame) {
  if (in_flight() == capacity()) {
    return fail(ErrorCode::kTooMany, "As many frames are in flight as the session has room for.");
  }
  Asked asked{.frame = frame.number, .is_known = false, .boxes = {}};
  asked.is_known = find(frame.number, asked.boxes);
  if (!asked.is_known) VEDETTE_CHECK(session_.submit(frame));
  under_way_.push_back(std::move(asked));
  return {};
}

Result<> LoggedSession::collect(std::vector<Detection>& into) {
  into.clear();
  if (under_way_.empty()) {
    return fail(ErrorCode::kInternal, "collect() was called without a frame in flight.");
  }
  Asked asked = std::move(under_way_.front());
  under_way_.pop_front();
  if (asked.is_known) {
    into.assign(asked.boxes.begin(), asked.boxes.end());
    ++answered_;
    return {};
  }
  VEDETTE_CHECK(session_.collect(into));
  if (is_kept_) (void)fresh_.add(asked.frame, into);
  return {};
}

bool LoggedSession::is_ready() const {
  return !under_way_.empty() && (under_way_.front().is_known || session_.is_ready());
}

}  // namespace vedette::media
