// The part of a connection that has a request answered: judges its head, and calls its handler.
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "http/connection.hpp"
#include "http/handle.hpp"

namespace vedette::http {
namespace {

constexpr std::string_view kManyWait = "too many requests are waiting; try again in a moment";

}  // namespace

/// Judges the head before the body is read. False: the request has been answered.
bool Connection::accept_head() {
  auto& shared = loop_.shared();
  auto& parser = exchange_->parser;
  auto& request = exchange_->request;
  ++requests_;
  if (!parser.keep_alive() || requests_ >= shared.options.requests_per_connection ||
      shared.is_stopping.load(std::memory_order_relaxed)) {
    close_after_ = true;
  }
  const auto target = std::move(request.target);
  if (!request.set_target(target)) {
    Counters::add(loop_.counters().malformed);
    refuse(400, "the path or query of the request is malformed");
    return false;
  }
  const auto match = shared.router.match(request);
  exchange_->route = match.route;
  const auto* options = match.route ? &match.route->options : nullptr;

  if (is_spare_) {
    close_after_ = true;
    if (!options || !options->is_vital) {
      Counters::add(loop_.counters().refused);
      refuse(unavailable("all connections are taken; try again in some seconds", 5));
      return false;
    }
  }
  auto refusal = shared.auth->check(request, options);
  if (!refusal && !match.route) refusal = Router::refusal(match, request);
  if (!refusal && parser.has_body()) refusal = judge_body_kind(request, options->body);
  std::uint64_t body_limit = 0;
  if (options) {
    body_limit = options->body == BodyKind::kStream
                     ? options->body_limit
                     : std::min(options->body_limit, shared.options.max_body);
  }
  if (refusal) {
    if (!parser.has_body()) {
      answer(std::move(*refusal));
      return false;
    }
    // A small body is read and dropped, so that the connection can go on; a big one ends it.
    constexpr std::size_t kSmall = 64 * 1024;
    if (parser.expects_continue() || parser.body_length().value_or(kSmall + 1) > kSmall) {
      refuse(std::move(*refusal));
      return false;
    }
    exchange_->refusal = std::move(refusal);
    body_limit = kSmall;
  }
  if (!exchange_->refusal && options->body == BodyKind::kStream) {
    parser.read_body(body_limit, &exchange_->landed);
    if (parser.state() != RequestParser::State::kFailed) begin_body_handler();
    return parser.state() == RequestParser::State::kFailed;
  }
  if (parser.has_body()) {
    const auto bytes =
        static_cast<std::size_t>(std::min(parser.body_length().value_or(body_limit), body_limit));
    if (!exchange_->body_claim.take(shared.body_memory_used, bytes, shared.options.body_memory)) {
      Counters::add(loop_.counters().pool_full);
      refuse(unavailable(kManyWait, 1));
      return false;
    }
  }
  parser.read_body(body_limit);
  if (parser.state() == RequestParser::State::kBody) {
    enter(State::kBody, shared.options.body_time);
    if (parser.expects_continue()) {
      constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      (void)::send(descriptor_, kContinue.data(), kContinue.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
  }
  return true;
}

void Connection::dispatch() {
  if (exchange_->refusal) {
    answer(std::move(*exchange_->refusal));
    return;
  }
  const auto& route = *exchange_->route;
  if (route.options.inline_ok) {
    answer(run_handler(route, exchange_->request));
    return;
  }
  if (route.options.at_hand) {
    if (auto ready = run_at_hand(route, exchange_->request)) {
      answer(std::move(*ready));
      return;
    }
  }
  // The job takes the exchange along: the connection may be closed while the handler runs.
  const bool is_taken = loop_.shared().pool(route.options.pool).try_run([this] {
    return [self = shared_from_this(), exchange = std::move(exchange_)]() mutable {
      auto response = run_handler(*exchange->route, exchange->request);
      compress_owned(exchange->request, response);
      auto& loop = self->loop_;
      loop.post([self = std::move(self), exchange = std::move(exchange),
                 response = std::move(response)]() mutable {
        if (self->state_ == State::kClosed) return;
        self->exchange_ = std::move(exchange);
        self->answer(std::move(response));
        self->resume();
      });
    };
  });
  if (is_taken) {
    enter(State::kHandling, kNever);
    return;
  }
  Counters::add(loop_.counters().pool_full);
  answer(unavailable(kManyWait, 1));
}

}  // namespace vedette::http
