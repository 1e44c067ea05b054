#include "blob/s3/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "base/digest.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "blob/checks.hpp"
#include "blob/s3/refusal.hpp"

namespace vedette::blob::s3 {
namespace {

// Of an answer that is read as a whole: a page of 1,000 keys of 1,024 bytes, each encoded.
constexpr std::size_t kMostAnswer = std::size_t{8} << 20;
constexpr std::size_t kMostRefusal = std::size_t{256} << 10;
constexpr std::size_t kMostHashed = std::size_t{1} << 20;
// Connections kept for what asks next; as many as a process has threads that ask at once, and more.
constexpr std::size_t kMostIdle = 64;
// Clock, region, endpoint: each once, and one to spare.
constexpr int kMostCorrections = 4;

// Full jitter: those who were refused together do not come again together.
Micros wait_before(int failures, const S3Options& options) {
  auto most = options.first_wait;
  for (int i = 1; i < failures && most < options.longest_wait; ++i) most *= 2;
  most = std::min(most, options.longest_wait);
  static thread_local std::mt19937_64 random{std::random_device{}()};
  return Micros(std::uniform_int_distribution<std::int64_t>(0, most.count())(random));
}

net::BodySource source_of(std::string_view body) {
  const auto at = std::make_shared<std::size_t>(0);
  return {body.size(),
          [body, at](std::span<char> room) -> Result<std::size_t> {
            const auto piece = body.substr(*at, room.size());
            std::ranges::copy(piece, room.begin());
            *at += piece.size();
            return piece.size();
          },
          [at] { *at = 0; }};
}

}  // namespace

std::string_view Reply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

Client::Client(S3Options options, Route route, const Clock& clock)
    : options_(std::move(options)),
      credentials_{options_.access_key, options_.secret_key, options_.session_token},
      clock_(clock),
      connections_(kMostIdle),
      route_(std::move(route)) {}

Route Client::route() const {
  const Lock lock(route_mutex_);
  return route_;
}

std::string Client::place() const {
  const auto at = route();
  auto host = at.host_field();
  if (at.is_virtual) host = host.substr(at.bucket.size() + 1);
  return fmt::format("the bucket {} at {}", at.bucket, host);
}

void Client::sign(const Route& route, const Ask& ask, const std::string& payload_hash,
                  net::HttpRequest& request) const {
  if (credentials_.is_anonymous()) return;
  const auto when = now();
  request.headers.emplace_back("x-amz-content-sha256", payload_hash);
  request.headers.emplace_back("x-amz-date", amz_date(when));
  if (!credentials_.session_token.empty()) {
    request.headers.emplace_back("x-amz-security-token", credentials_.session_token);
  }
  const Signable signable{ask.method, route.target.base + route.path(ask.key), ask.query,
                          request.headers, payload_hash};
  request.headers.emplace_back("Authorization",
                               authorization(credentials_, route.region, when, signable));
}

Result<Reply> Client::attempt(const Ask& ask, const Route& route, const std::string& payload_hash) {
  net::HttpRequest request{.method = ask.method, .path = route.path(ask.key)};
  if (!ask.query.empty()) request.path += '?' + canonical_query(ask.query);
  request.headers = {{"Host", route.host_field()}};
  request.headers.insert(request.headers.end(), ask.headers.begin(), ask.headers.end());
  sign(route, ask, payload_hash, request);
  // What the signature does not need to know: the transport may do as it likes with it.
  request.headers.emplace_back("User-Agent", "Vedette");
  request.headers.emplace_back("Accept", "*/*");
  if (ask.slice) {
    request.source = source_of(*ask.slice);
  } else if (!ask.body.empty()) {
    request.source = source_of(ask.body);
  }
  const net::AskOptions options{.timeout = options_.timeout,
                                .stall = options_.timeout,
                                .most_bytes = 0,
                                .stop = ask.stop,
                                .connections = &connections_,
                                .ca_file = options_.ca_file.string()};
  VEDETTE_TRY(stream, net::HttpStream::open(route.target, std::move(request), options));
  Reply reply{stream.status(), stream.headers(), {}, {}};
  const bool is_success = reply.status / 100 == 2;
  if (is_success && ask.is_streamed) {
    reply.stream.emplace(std::move(stream));
    return reply;
  }
  while (!stream.is_over()) {
    VEDETTE_TRY(piece, stream.read(options_.timeout));
    if (piece.empty() && !stream.is_over()) {
      return fail(ErrorCode::kTimeout, fmt::format("{} does not answer in time", place()));
    }
    reply.body += piece;
    if (reply.body.size() > (is_success ? kMostAnswer : kMostRefusal)) {
      return fail(ErrorCode::kCorrupt, fmt::format("{} answers more than is expected", place()));
    }
  }
  return reply;
}

// Puts right what the server says is wrong with our clock or our address; false: nothing to.
bool Client::correct(const Ask& ask, const Reply& reply, const Route& route) {
  const auto error = read_error(reply.body).value_or(ErrorAnswer{});
  // The answer to HEAD has no body that could say why.
  const bool is_untold = ask.method == "HEAD" && reply.status == 403;
  if (error.code == "RequestTimeTooSkewed" || error.code == "RequestExpired" || is_untold) {
    const auto date = read_http_date(reply.header("date"));
    if (!date) return false;
    const auto ahead = *date - clock_.now();
    if (std::chrono::abs(ahead - skew()) < kNoticedSkew) return false;
    skew_us_ = ahead.count();
    log::warn("blob", "this machine's clock is {} s {} that of {}; requests are signed by that one",
              std::chrono::abs(std::chrono::duration_cast<std::chrono::seconds>(ahead)).count(),
              ahead.count() > 0 ? "behind" : "ahead of", place());
    return true;
  }
  const bool is_elsewhere = reply.status == 301 || reply.status == 302 || reply.status == 307 ||
                            reply.status == 308 || reply.status == 400;
  if (!is_elsewhere) return false;
  Elsewhere elsewhere{std::string(reply.header("x-amz-bucket-region")), error.endpoint,
                      std::string(reply.header("location"))};
  if (elsewhere.region.empty()) elsewhere.region = error.region;
  auto next = redirected(route, options_, elsewhere);
  if (!next) return false;
  const Lock lock(route_mutex_);
  route_ = *std::move(next);
  return true;
}

Error Client::explain(const Ask& ask, const Reply& reply) const {
  return refusal({.place = place(),
                  .what = ask.key.value_or(""),
                  .status = reply.status,
                  .answer = read_error(reply.body).value_or(ErrorAnswer{}),
                  .location = std::string(reply.header("location")),
                  .region = std::string(reply.header("x-amz-bucket-region")),
                  .is_anonymous = credentials_.is_anonymous()});
}

// What is signed of the body. A large one only by its name where nobody can change it on its way:
// the digest costs both sides a quarter of the transfer.
Result<std::string> Client::payload_hash(const Ask& ask) const {
  if (credentials_.is_anonymous()) return std::string();
  const auto size = ask.slice ? ask.slice->size : ask.body.size();
  if (size == 0) return std::string(kEmptyPayload);
  if (size > kMostHashed && is_protected(route())) return std::string(kUnsignedPayload);
  if (ask.slice) return sha256_hex_of(*ask.slice, ask.stop);
  return sha256_hex(ask.body);
}

Result<Reply> Client::ask(const Ask& ask) {
  VEDETTE_TRY(hash, payload_hash(ask));
  int corrections = 0;
  for (int failures = 0;;) {
    const auto used = route();
    auto reply = attempt(ask, used, hash);
    const bool is_success = reply && reply->status / 100 == 2;
    if (is_success && !(ask.may_say_error && read_error(reply->body))) return reply;
    if (reply && !is_success && corrections < kMostCorrections && correct(ask, *reply, used)) {
      ++corrections;
      continue;
    }
    auto error = reply ? explain(ask, *reply) : std::move(reply.error());
    if (!error.retryable || ask.is_tried_once) return fail(std::move(error));
    if (failures++ >= options_.retries) {
      if (failures > 1) error.message += fmt::format(" ({} tries)", failures);
      return fail(std::move(error));
    }
    VEDETTE_CHECK(pause(failures, ask.stop));
  }
}

Result<void> Client::pause(int failures, const std::stop_token& stop) const {
  if (sleep_for(stop, wait_before(failures, options_))) return {};
  return stopped();
}

std::string Client::link(const std::string& key, const Pairs& query,
                         std::chrono::seconds valid_for) {
  const auto at = route();
  const Signable request{"GET", at.target.base + at.path(key), query, {{"host", at.host_field()}}};
  auto address = fmt::format("{}://{}{}", at.target.is_https ? "https" : "http", at.host_field(),
                             request.path);
  if (credentials_.is_anonymous()) {
    return query.empty() ? address : address + '?' + canonical_query(query);
  }
  return address + '?' + presigned_query(credentials_, at.region, now(), valid_for, request);
}

}  // namespace vedette::blob::s3
