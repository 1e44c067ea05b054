#include "http/connection.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace vedette::http {
namespace {

namespace asio = boost::asio;
using Code = boost::system::error_code;

}  // namespace

Response unavailable(std::string_view why, int retry_after_s) {
  auto response = error(ErrorCode::kUnavailable, std::string(why));
  for (auto& [name, value] : response.headers) {
    if (name == "Retry-After") value = std::to_string(retry_after_s);
  }
  return response;
}

Connection::Connection(IoLoop& loop, int socket, std::string remote, bool is_spare)
    : loop_(loop),
      socket_(loop.context(), asio::ip::tcp::v4(), socket),
      descriptor_(socket),
      is_spare_(is_spare),
      remote_(std::move(remote)) {}

Connection::~Connection() = default;

void Connection::start() {
  enter(State::kIdle, loop_.shared().options.keep_alive_time);
  arm_read();
}

void Connection::enter(State state, std::chrono::seconds limit) {
  constexpr std::chrono::seconds kSpareTime{2};
  if (is_spare_ && limit > kSpareTime) limit = kSpareTime;
  state_ = state;
  since_s_ = loop_.now_s();
  // The sweep comes once a second and now_s() may be a second old: one more keeps limits honest.
  deadline_s_ = limit == kNever ? 0 : since_s_ + static_cast<std::uint32_t>(limit.count()) + 1;
}

void Connection::arm_read() {
  if (is_waiting_to_read_) return;
  is_waiting_to_read_ = true;
  socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](const Code& code) {
    self->is_waiting_to_read_ = false;
    if (!code) self->on_readable();
  });
}

void Connection::arm_write() {
  if (is_waiting_to_write_) return;
  is_waiting_to_write_ = true;
  socket_.async_wait(asio::socket_base::wait_write, [self = shared_from_this()](const Code& code) {
    self->is_waiting_to_write_ = false;
    if (!code) self->on_writable();
  });
}

void Connection::close() {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();
  const bool was_streaming = state_ == State::kStreaming;
  state_ = State::kClosed;
  if (was_streaming) {
    loop_.counters().streams.fetch_sub(1, std::memory_order_relaxed);
    loop_.shared().release_stream();
    stream_->detached(*this);
  }
  stream_.reset();
  stream_loop_.reset();
  queue_.clear();
  backlog_ = 0;
  pending_ = {};
  if (has_body_handler_) {
    exchange_->request.stream->fail({ErrorCode::kCancelled, "the client has gone", false, {}});
  } else if (exchange_) {
    loop_.give_back(std::move(exchange_));
  }
  Code ignored;
  socket_.close(ignored);
  loop_.shared().release(remote_);
  if (is_spare_) loop_.shared().release_spare();
  loop_.remove(*this);
}

bool Connection::is_idle() const {
  if (state_ != State::kIdle || is_spare_) return false;
  char first = 0;
  return ::recv(descriptor_, &first, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

void Connection::wind_down() {
  close_after_ = true;
  if (state_ == State::kIdle || state_ == State::kStreaming || state_ == State::kLingering) close();
}

void Connection::on_readable() {
  // While an answer is under way nothing is read; whoever ends that asks again.
  if (state_ == State::kClosed || state_ == State::kHandling || state_ == State::kWriting) return;
  auto& scratch = loop_.scratch();
  ssize_t count = 0;
  do {
    count = ::recv(descriptor_, scratch.data(), scratch.size(), MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    arm_read();
    return;
  }
  if (count <= 0) {
    close();
    return;
  }
  if (state_ == State::kStreaming || state_ == State::kLingering) {
    // A client has nothing to say here; a little is thrown away, much ends it.
    constexpr std::size_t kPatience = 4 << 20;
    discarded_ += static_cast<std::size_t>(count);
    if (discarded_ > kPatience) {
      close();
    } else {
      arm_read();
    }
    return;
  }
  std::string_view input(scratch.data(), static_cast<std::size_t>(count));
  std::string joined;
  if (!pending_.empty()) {
    joined = std::exchange(pending_, {});
    joined.append(input);
    input = joined;
  }
  if (state_ == State::kReceiving) {
    take_body(input);
  } else {
    consume(input);
  }
}

void Connection::consume(std::string_view input) {
  while (state_ == State::kIdle || state_ == State::kHead || state_ == State::kBody) {
    if (state_ == State::kIdle) {
      // Some clients send a line end after a body: RFC 9112 2.2. Nobody honest sends many.
      constexpr std::uint32_t kMostLineEnds = 4;
      while (input.starts_with("\r\n") && line_ends_ <= kMostLineEnds) {
        input.remove_prefix(2);
        ++line_ends_;
      }
      if (line_ends_ <= kMostLineEnds && (input.empty() || input == "\r")) break;
      const bool is_noise = line_ends_ > kMostLineEnds || input.starts_with('\n');
      begin_request();
      if (is_noise) {
        Counters::add(loop_.counters().malformed);
        refuse(400, "line ends are not a request");
        break;
      }
    }
    auto& parser = exchange_->parser;
    const auto used = parser.feed(input);
    input.remove_prefix(used);
    if (parser.state() == RequestParser::State::kHeadDone) {
      if (!accept_head()) continue;
    }
    if (parser.state() == RequestParser::State::kFailed) {
      Counters::add(loop_.counters().malformed);
      refuse(parser.failure_status(), parser.failure());
      break;
    }
    if (parser.state() == RequestParser::State::kDone) {
      dispatch();
      continue;
    }
    if (state_ == State::kBody && used > 0) extend_body_time();
    // The parser wants more than there is; after a head its body may be in the input already.
    if (used == 0 || input.empty()) break;
  }
  if (state_ == State::kClosed) return;
  if (state_ == State::kIdle || state_ == State::kHead || state_ == State::kBody) {
    pending_.assign(input);
    if (state_ == State::kIdle && close_after_) {
      close();
    } else {
      arm_read();
    }
  } else if (state_ == State::kReceiving || state_ == State::kHandling ||
             state_ == State::kWriting) {
    pending_.assign(input);
  }
}

void Connection::extend_body_time() {
  deadline_s_ =
      loop_.now_s() + 1 + static_cast<std::uint32_t>(loop_.shared().options.body_time.count());
}

void Connection::begin_request() {
  line_ends_ = 0;
  exchange_ = loop_.lend();
  exchange_->parser.begin(exchange_->request, loop_.shared().options.header_bytes);
  exchange_->request.remote = remote_;
  exchange_->request.id = loop_.shared().next_request_id.fetch_add(1, std::memory_order_relaxed);
  exchange_->started_us = loop_.now_us();
  enter(State::kHead, loop_.shared().options.header_time);
}

void Connection::refuse(int status, std::string_view why) {
  auto response =
      error(status == 413 ? ErrorCode::kTooLarge : ErrorCode::kInvalid, std::string(why));
  response.status = status;
  refuse(std::move(response));
}

/// Answers and closes: what follows in the input cannot be trusted or is not wanted.
void Connection::refuse(Response response) {
  close_after_ = true;
  is_refused_ = true;
  answer(std::move(response));
}

void Connection::answer(Response response) {
  auto& exchange = *exchange_;
  if (std::holds_alternative<std::shared_ptr<Stream>>(response.body)) {
    close_after_ = true;
    // HEAD only looks at what a stream would be.
    if (exchange.request.method != Method::kHead && !loop_.shared().admit_stream()) {
      Counters::add(loop_.counters().refused);
      response = unavailable("as many live streams as may be are open; try again later", 5);
    }
  }
  const Outgoing::Facts facts{loop_.date_field(), close_after_,
                              !close_after_ && exchange.parser.is_http_1_0()};
  exchange.outgoing.prepare(exchange.request, std::move(response), facts);
  if (auto stream = exchange.outgoing.take_stream()) {
    begin_stream(std::move(stream));
    return;
  }
  write_answer();
}

void Connection::write_answer() {
  std::uint64_t sent = 0;
  const auto progress = exchange_->outgoing.send_some(descriptor_, sent);
  Counters::add(loop_.counters().bytes_sent, sent);
  switch (progress) {
    case Outgoing::Progress::kDone:
      answered();
      return;
    case Outgoing::Progress::kBroken:
      close();
      return;
    case Outgoing::Progress::kBlocked:
      if (state_ != State::kWriting || sent > 0) {
        enter(State::kWriting, loop_.shared().options.write_time);
      }
      arm_write();
  }
}

void Connection::answered() {
  loop_.counters().count_answer(exchange_->outgoing.status(),
                                loop_.now_us() - exchange_->started_us);
  loop_.give_back(std::move(exchange_));
  if (is_refused_) {
    linger();
    return;
  }
  if (close_after_) {
    close();
    return;
  }
  enter(State::kIdle, loop_.shared().options.keep_alive_time);
}

/// Goes on with what came while the answer was under way.
void Connection::resume() {
  if (state_ != State::kIdle) return;
  auto input = std::move(pending_);
  pending_ = {};
  consume(input);
}

/// Closing with unread input in the kernel would reset the connection and may take the answer away
/// from the client: say that we are done, then read until it is.
void Connection::linger() {
  ::shutdown(descriptor_, SHUT_WR);
  enter(State::kLingering, std::chrono::seconds(2));
  pending_ = {};
  arm_read();
}

void Connection::on_writable() {
  if (state_ == State::kWriting) {
    write_answer();
    resume();
  } else if (state_ == State::kStreaming) {
    if (flush_stream() && backlog_ == 0 && !is_finishing_) stream_->drained(*this);
  }
}

void Connection::check_time() {
  if (state_ == State::kStreaming) {
    const auto self = shared_from_this();
    stream_->tick(*this);
    if (state_ != State::kStreaming) return;
  }
  if (state_ == State::kBody) {
    const auto& options = loop_.shared().options;
    const auto elapsed = loop_.now_s() - since_s_;
    if (elapsed > options.body_time.count() &&
        exchange_->request.body.size() < options.body_min_rate * elapsed) {
      time_out();
      return;
    }
  }
  if (state_ == State::kReceiving && deadline_s_ != 0) {
    const auto& options = loop_.shared().options;
    const auto elapsed = loop_.now_s() - since_s_;
    if (elapsed > options.body_time.count() && received_ < options.body_min_rate * elapsed) {
      time_out();
      return;
    }
  }
  if (deadline_s_ != 0 && loop_.now_s() >= deadline_s_) time_out();
}

void Connection::time_out() {
  if (state_ == State::kIdle || state_ == State::kLingering) {
    close();
    return;
  }
  Counters::add(loop_.counters().timed_out);
  if (state_ == State::kReceiving) {
    end_body(408, {ErrorCode::kTimeout, "the request took too long to arrive", false, {}});
    return;
  }
  if (state_ != State::kHead && state_ != State::kBody) {
    close();
    return;
  }
  refuse(408, "the request took too long to arrive");
}

}  // namespace vedette::http
