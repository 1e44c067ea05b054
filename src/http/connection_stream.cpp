// The part of a connection that is a stream's: sending without waiting, and the backlog.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "http/connection.hpp"

namespace vedette::http {

void Connection::begin_stream(std::shared_ptr<Stream> stream) {
  stream_ = std::move(stream);
  stream_loop_ = loop_.shared_from_this();
  Counters::add(loop_.counters().by_class[2]);
  auto head = std::make_shared<const std::string>(exchange_->outgoing.take_head());
  loop_.give_back(std::move(exchange_));
  pending_ = {};
  enter(State::kStreaming, kNever);
  loop_.counters().streams.fetch_add(1, std::memory_order_relaxed);
  // A peer that vanished without a word is found by the kernel after this time.
  const unsigned patience_ms = 60'000;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms, sizeof patience_ms);
  arm_read();
  const auto self = shared_from_this();
  send(head);
  if (state_ == State::kStreaming) stream_->attached(*this);
}

void Connection::send(const SharedBytes& bytes) {
  if (state_ != State::kStreaming || is_finishing_ || bytes->empty()) return;
  std::size_t taken = 0;
  if (queue_.empty()) {
    const auto count =
        ::send(descriptor_, bytes->data(), bytes->size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    // An error shows again, and is dealt with, when the rest is sent: a stream is never ended from
    // within its own call.
    if (count > 0) taken = static_cast<std::size_t>(count);
    Counters::add(loop_.counters().bytes_sent, taken);
    if (taken == bytes->size()) return;
    queue_begun_ = taken;
    deadline_s_ =
        loop_.now_s() + 1 + static_cast<std::uint32_t>(loop_.shared().options.write_time.count());
  }
  queue_.push_back(bytes);
  backlog_ += bytes->size() - taken;
  arm_write();
}

/// False when the connection was closed.
bool Connection::flush_stream() {
  std::size_t done = 0;
  std::uint64_t sent = 0;
  bool broken = false;
  while (done < queue_.size()) {
    const auto& bytes = *queue_[done];
    const auto count = ::send(descriptor_, bytes.data() + queue_begun_, bytes.size() - queue_begun_,
                              MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) {
      if (errno == EINTR) continue;
      broken = errno != EAGAIN && errno != EWOULDBLOCK;
      break;
    }
    sent += static_cast<std::uint64_t>(count);
    queue_begun_ += static_cast<std::size_t>(count);
    if (queue_begun_ == bytes.size()) {
      queue_begun_ = 0;
      ++done;
    }
  }
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(done));
  backlog_ -= sent;
  Counters::add(loop_.counters().bytes_sent, sent);
  if (broken) {
    close();
    return false;
  }
  if (queue_.empty()) {
    deadline_s_ = 0;
    queue_.shrink_to_fit();
    if (is_finishing_) {
      close();
      return false;
    }
    return true;
  }
  if (sent > 0) {
    deadline_s_ =
        loop_.now_s() + 1 + static_cast<std::uint32_t>(loop_.shared().options.write_time.count());
  }
  arm_write();
  return true;
}

void Connection::finish() {
  is_finishing_ = true;
  // Not from within the stream's own call: a closed connection calls detached().
  loop_.post([self = shared_from_this()] {
    if (self->state_ == State::kStreaming && self->backlog_ == 0) self->close();
  });
}

}  // namespace vedette::http
