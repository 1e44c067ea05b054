#include "http/body_stream.hpp"

#include <utility>

namespace vedette::http {
namespace {

constexpr std::size_t kMostUnread = std::size_t{1} << 20;

}  // namespace

Result<std::string_view> BodyStream::read() {
  current_.clear();
  Lock lock(body_mutex_);
  if (!is_asked_ && !is_over_ && !error_ && waiting_.empty()) {
    is_asked_ = true;
    lock.unlock();
    ask_();
    lock.lock();
  }
  changed_.wait(lock, [this]() VEDETTE_REQUIRES(body_mutex_) {
    return !waiting_.empty() || is_over_ || error_;
  });
  if (waiting_.empty() && error_) return vedette::fail(*error_);
  std::swap(current_, waiting_);
  // The next piece may come while the handler works on this one.
  if (!is_asked_ && !is_over_ && !error_) {
    is_asked_ = true;
    lock.unlock();
    ask_();
    lock.lock();
  }
  return current_;
}

bool BodyStream::put(std::string& bytes) {
  const Lock lock(body_mutex_);
  waiting_ += bytes;  // not swapped: each of the buffers keeps the room it needs
  bytes.clear();
  changed_.notify_one();
  is_asked_ = is_asked_ && waiting_.size() < kMostUnread;
  return is_asked_;
}

void BodyStream::end() {
  const Lock lock(body_mutex_);
  is_over_ = true;
  changed_.notify_one();
}

void BodyStream::fail(Error error) {
  const Lock lock(body_mutex_);
  if (is_over_ || error_) return;
  error_ = std::move(error);
  changed_.notify_one();
}

}  // namespace vedette::http
