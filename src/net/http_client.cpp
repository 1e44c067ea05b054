#include "net/http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "net/http_transfer.hpp"

namespace vedette::net {
namespace {

constexpr std::size_t kMostRefusal = std::size_t{1} << 20;  // of an answer that the sink is spared

std::unexpected<Error> too_late(const HttpTarget& target) {
  return fail(ErrorCode::kTimeout, fmt::format("{} does not answer in time", authority_of(target)));
}

}  // namespace

HttpStream::HttpStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpStream::~HttpStream() = default;
HttpStream::HttpStream(HttpStream&&) noexcept = default;
HttpStream& HttpStream::operator=(HttpStream&&) noexcept = default;

Result<HttpStream> HttpStream::open(const HttpTarget& target, HttpRequest request,
                                    const AskOptions& options) {
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  if (!options.token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + options.token);
  }
  if (options.sign) VEDETTE_CHECK(options.sign(target, request));
  auto state = std::make_unique<State>(target, options);
  VEDETTE_CHECK(state->ask(std::move(request)));
  VEDETTE_TRY(is_in_time, state->await_head(deadline));
  if (!is_in_time) return too_late(target);
  return HttpStream(std::move(state));
}

int HttpStream::status() const {
  return state_->status();
}

std::string HttpStream::content_type() const {
  return state_->content_type();
}

const HeaderFields& HttpStream::headers() const {
  return state_->headers();
}

Result<std::string> HttpStream::read(Micros timeout) {
  std::string piece;
  VEDETTE_CHECK(read(piece, timeout));
  return piece;
}

Result<void> HttpStream::read(std::string& into, Micros timeout) {
  VEDETTE_CHECK(state_->await_body(std::chrono::steady_clock::now() + timeout));
  state_->take_body(into);
  return {};
}

bool HttpStream::is_over() const {
  return state_->is_over();
}

std::optional<std::string_view> HttpReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

Result<HttpReply> http_ask(const HttpTarget& target, HttpRequest request, const AskOptions& options,
                           const BodySink& sink) {
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  VEDETTE_TRY(stream, HttpStream::open(target, std::move(request), options));
  HttpReply reply{stream.status(), stream.content_type(), stream.headers(), {}};
  const bool is_for_sink = sink && reply.status / 100 == 2;
  std::string piece;
  while (!stream.is_over()) {
    const auto left =
        std::chrono::duration_cast<Micros>(deadline - std::chrono::steady_clock::now());
    VEDETTE_CHECK(stream.read(piece, left));
    if (piece.empty() && !stream.is_over()) return too_late(target);
    if (is_for_sink) {
      if (!piece.empty()) VEDETTE_CHECK(sink(piece));
      continue;
    }
    reply.body += piece;
    if (sink && reply.body.size() > kMostRefusal) {
      return fail(ErrorCode::kCorrupt, fmt::format("{} refuses with HTTP {}, and says more than is "
                                                   "expected",
                                                   authority_of(target), reply.status));
    }
  }
  return reply;
}

Result<HttpReply> http_ask(const HttpTarget& target, HttpRequest request,
                           const AskOptions& options) {
  return http_ask(target, std::move(request), options, {});
}

Result<HttpReply> http_get(const HttpTarget& target, std::string_view path,
                           const AskOptions& options) {
  HttpRequest request;
  request.path = path;
  return http_ask(target, std::move(request), options);
}

}  // namespace vedette::net
