// The part of a connection whose request body goes to its handler piece by piece.
#include <sys/socket.h>

#include <utility>

#include "http/connection.hpp"
#include "http/handle.hpp"

namespace vedette::http {

/// The handler is called now, and asks for the body when it wants it. The exchange stays here: the
/// parser goes on with it while the handler reads the request.
void Connection::begin_body_handler() {
  auto& request = exchange_->request;
  auto& parser = exchange_->parser;
  request.stream = std::make_shared<BodyStream>(
      [loop = loop_.shared_from_this(), connection = weak_from_this()] {
        loop->post([connection] {
          if (const auto self = connection.lock()) self->receive_body();
        });
      });
  if (parser.state() == RequestParser::State::kDone) request.stream->end();
  if (loop_.shared().is_stopping.load(std::memory_order_relaxed)) {
    refuse(unavailable("this server is stopping", 5));
    return;
  }
  const auto& route = *exchange_->route;
  has_body_handler_ = loop_.shared().pool(route.options.pool).try_run([this, &route] {
    return
        [self = shared_from_this(), &route, &asked = std::as_const(exchange_->request)]() mutable {
          auto response = run_handler(route, asked);
          compress_owned(asked, response);
          auto& loop = self->loop_;
          loop.post([self = std::move(self), response = std::move(response)]() mutable {
            self->body_handled(std::move(response));
          });
        };
  });
  if (has_body_handler_) {
    is_continue_due_ = parser.expects_continue();
    enter(parser.state() == RequestParser::State::kDone ? State::kHandling : State::kReceiving,
          kNever);
    return;
  }
  Counters::add(loop_.counters().pool_full);
  refuse(unavailable("too many requests are waiting; try again in a moment", 1));
}

void Connection::receive_body() {
  if (state_ != State::kReceiving) return;
  enter(State::kReceiving, loop_.shared().options.body_time);
  received_ = 0;
  if (std::exchange(is_continue_due_, false)) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    (void)::send(descriptor_, kContinue.data(), kContinue.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  const auto input = std::exchange(pending_, {});
  take_body(input);
}

void Connection::take_body(std::string_view input) {
  auto& parser = exchange_->parser;
  auto& body = *exchange_->request.stream;
  std::size_t used = 0;
  do {
    used = parser.feed(input);
    input.remove_prefix(used);
    received_ += used;
    if (parser.state() == RequestParser::State::kFailed) {
      Counters::add(loop_.counters().malformed);
      end_body(parser.failure_status(),
               {parser.failure_status() == 413 ? ErrorCode::kTooLarge : ErrorCode::kInvalid,
                std::string(parser.failure()),
                false,
                {}});
      return;
    }
  } while (used > 0 && !input.empty() && parser.state() == RequestParser::State::kBody);
  const bool goes_on = body.put(exchange_->landed);
  pending_.assign(input);
  if (parser.state() == RequestParser::State::kDone) {
    body.end();
    enter(State::kHandling, kNever);
  } else if (goes_on) {
    if (used > 0) extend_body_time();
    arm_read();
  } else {
    enter(State::kReceiving, kNever);  // until the handler asks again
  }
}

/// The rest cannot come: the handler is told, and its client gets this answer instead of its own.
void Connection::end_body(int status, Error error) {
  auto response = http::error(error);
  response.status = status;
  exchange_->refusal = std::move(response);
  exchange_->request.stream->fail(std::move(error));
  enter(State::kHandling, kNever);
}

void Connection::abandon_body() {
  if (state_ != State::kReceiving) return;
  end_body(503, {ErrorCode::kCancelled, "this server is stopping", false, {}});
}

void Connection::body_handled(Response response) {
  has_body_handler_ = false;
  if (state_ == State::kClosed) {
    loop_.give_back(std::move(exchange_));
    return;
  }
  if (exchange_->refusal) {
    refuse(*std::exchange(exchange_->refusal, std::nullopt));
  } else if (exchange_->parser.state() == RequestParser::State::kDone) {
    answer(std::move(response));
  } else {
    refuse(std::move(response));  // it has not read to the end
  }
  resume();
}

}  // namespace vedette::http
