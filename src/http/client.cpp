#include "http/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

namespace vedette::http {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

constexpr std::size_t kMostHead = std::size_t{64} << 10;

std::string authority_of(const HttpTarget& target) {
  return target.host.contains(':') ? fmt::format("[{}]:{}", target.host, target.port)
                                   : fmt::format("{}:{}", target.host, target.port);
}

struct Deleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// libcurl's own start, once for the process.
bool is_curl_ready() {
  static const bool kIsReady = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return kIsReady;
}

std::unexpected<Error> too_late(const HttpTarget& target) {
  return fail(ErrorCode::kTimeout, fmt::format("{} does not answer in time", authority_of(target)));
}

}  // namespace

Result<HttpTarget> parse_target(std::string_view url) {
  const auto refuse = [&] {
    return fail(ErrorCode::kUsage,
                fmt::format("\"{}\" is not an address like http://127.0.0.1:8080", url));
  };
  HttpTarget target;
  target.is_https = url.starts_with("https://");
  if (target.is_https) {
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    url.remove_prefix(7);
  }
  const auto slash = url.find('/');
  if (slash != std::string_view::npos) target.base = url.substr(slash);
  while (target.base.ends_with('/')) target.base.pop_back();
  auto authority = url.substr(0, slash);
  const auto colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && !authority.ends_with(']');
  target.port = has_port ? authority.substr(colon + 1) : target.is_https ? "443" : "80";
  target.host = authority.substr(0, has_port ? colon : authority.size());
  if (target.host.starts_with('[') && target.host.ends_with(']')) {
    target.host = target.host.substr(1, target.host.size() - 2);
  }
  const auto is_plain = [](std::string_view text) {
    return !text.empty() && text.find_first_of(" \t\r\n@?#\"\\") == std::string_view::npos;
  };
  if (!is_plain(target.host) || !is_plain(target.port) || target.host.size() > 255) return refuse();
  if (target.port.find_first_not_of("0123456789") != std::string::npos || target.port.size() > 5) {
    return refuse();
  }
  if (!target.base.empty() && !is_plain(target.base)) return refuse();
  return target;
}

std::string to_url(const HttpTarget& target) {
  return fmt::format("{}://{}{}", target.is_https ? "https" : "http", authority_of(target),
                     target.base);
}

// One transfer, driven by whoever reads: while nobody does, nothing is taken off the connection.
class HttpStream::State {
 public:
  State(HttpTarget target, std::uint64_t most_bytes, std::stop_token stop)
      : target_(std::move(target)),
        most_bytes_(most_bytes),
        stop_(std::move(stop)),
        on_stop_(stop_, Wake{multi_.get()}) {}
  ~State() {
    if (is_added_) curl_multi_remove_handle(multi_.get(), easy_.get());
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result<void> ask(std::string_view path, const std::string& token);
  /// Goes on until the head is there. kTimeout.
  Result<void> await_head(Deadline deadline);
  /// Goes on until some of the body is there, or the end, or `deadline`.
  Result<void> await_body(Deadline deadline);

  int status() const;
  std::string content_type() const;
  std::string take_body() { return std::exchange(body_, {}); }
  bool is_over() const { return result_ == CURLE_OK && body_.empty(); }

 private:
  struct Wake {
    CURLM* multi;
    void operator()() const { curl_multi_wakeup(multi); }
  };
  struct MultiDeleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  static std::size_t on_head(char* line, std::size_t, std::size_t size, void* self);
  static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* self);
  template <class Done>
  Result<bool> advance(Deadline deadline, Done is_done);
  std::unexpected<Error> failure() const;

  HttpTarget target_;
  std::uint64_t most_bytes_;
  std::array<char, CURL_ERROR_SIZE> reason_{};
  std::unique_ptr<CURL, Deleter> easy_{is_curl_ready() ? curl_easy_init() : nullptr};
  std::unique_ptr<curl_slist, Deleter> headers_;
  std::unique_ptr<CURLM, MultiDeleter> multi_{is_curl_ready() ? curl_multi_init() : nullptr};
  bool is_added_ = false;

  std::size_t head_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  bool has_head_ = false;
  bool is_too_large_ = false;
  std::string body_;                // received, and not yet read
  std::optional<CURLcode> result_;  // of the whole transfer, once it is over

  std::stop_token stop_;
  std::stop_callback<Wake> on_stop_;
};

Result<void> HttpStream::State::ask(std::string_view path, const std::string& token) {
  if (!easy_ || !multi_) return fail(ErrorCode::kUnavailable, "libcurl does not start");
  CURL* easy = easy_.get();
  bool is_taken = true;
  const auto set = [&](CURLoption option, auto value) {
    is_taken = curl_easy_setopt(easy, option, value) == CURLE_OK && is_taken;
  };
  set(CURLOPT_URL, (to_url(target_) + std::string(path)).c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  // A look-up of a name that does not end is left to itself.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_ERRORBUFFER, reason_.data());
  set(CURLOPT_HEADERFUNCTION, &State::on_head);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &State::on_body);
  set(CURLOPT_WRITEDATA, this);
  if (!token.empty()) {
    headers_.reset(
        curl_slist_append(nullptr, fmt::format("Authorization: Bearer {}", token).c_str()));
    is_taken = is_taken && headers_ != nullptr;
    set(CURLOPT_HTTPHEADER, headers_.get());
  }
  is_added_ = curl_multi_add_handle(multi_.get(), easy) == CURLM_OK;
  if (!is_taken || !is_added_) {
    return fail(ErrorCode::kUsage, fmt::format("{}{} cannot be asked for", to_url(target_), path));
  }
  return {};
}

std::size_t HttpStream::State::on_head(char* line, std::size_t, std::size_t size, void* self) {
  auto& state = *static_cast<State*>(self);
  state.head_bytes_ += size;
  if (state.head_bytes_ > kMostHead) {
    state.is_too_large_ = true;
    return 0;
  }
  const bool is_last =
      std::string_view(line, size) == "\r\n" || std::string_view(line, size) == "\n";
  // Before the answer there may be others, of class 1xx.
  if (is_last && state.status() >= 200) state.has_head_ = true;
  return size;
}

std::size_t HttpStream::State::on_body(char* bytes, std::size_t, std::size_t size, void* self) {
  auto& state = *static_cast<State*>(self);
  state.body_bytes_ += size;
  if (state.most_bytes_ > 0 && state.body_bytes_ > state.most_bytes_) {
    state.is_too_large_ = true;
    return 0;
  }
  state.body_.append(bytes, size);
  return size;
}

// Goes on until `is_done`, or until the transfer is over; false when the time is up first.
template <class Done>
Result<bool> HttpStream::State::advance(Deadline deadline, Done is_done) {
  while (true) {
    if (is_done() || result_) return true;
    if (stop_.stop_requested()) return fail(ErrorCode::kCancelled, "asked to stop");
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    int left_over = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left_over)) {
      if (message->msg == CURLMSG_DONE) result_ = message->data.result;
    }
    if (is_done() || result_) return true;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    curl_multi_poll(multi_.get(), nullptr, 0,
                    static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)), nullptr);
  }
}

Result<void> HttpStream::State::await_head(Deadline deadline) {
  VEDETTE_TRY(is_in_time, advance(deadline, [this] { return has_head_; }));
  if (!is_in_time) return too_late(target_);
  if (!has_head_) return failure();
  return {};
}

Result<void> HttpStream::State::await_body(Deadline deadline) {
  VEDETTE_CHECK(advance(deadline, [this] { return !body_.empty(); }));
  if (body_.empty() && result_ && *result_ != CURLE_OK) return failure();
  return {};
}

// Why the transfer ended before its end.
std::unexpected<Error> HttpStream::State::failure() const {
  const auto where = authority_of(target_);
  const std::string why = reason_[0] == 0 ? curl_easy_strerror(*result_) : reason_.data();
  switch (*result_) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return fail(ErrorCode::kUnavailable,
                  fmt::format("no address is known for the name {}", target_.host));
    case CURLE_COULDNT_CONNECT: {
      long code = 0;
      curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &code);
      return fail(ErrorCode::kUnavailable,
                  fmt::format("nothing answers at {}: {}", where,
                              code == 0 ? why : std::strerror(static_cast<int>(code))));
    }
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return fail(ErrorCode::kUnavailable,
                  fmt::format("no secure connection to {} comes about: {}", where, why));
    case CURLE_SEND_ERROR:
      return fail(ErrorCode::kUnavailable, fmt::format("{} closed the connection", where));
    default:
      return fail(ErrorCode::kCorrupt,
                  fmt::format("what {} answers is not HTTP as Vedette speaks it ({})", where,
                              is_too_large_ ? "it says more than is expected" : why));
  }
}

int HttpStream::State::status() const {
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

std::string HttpStream::State::content_type() const {
  const char* type = nullptr;
  curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_TYPE, &type);
  return type == nullptr ? "" : type;
}

HttpStream::HttpStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpStream::~HttpStream() = default;
HttpStream::HttpStream(HttpStream&&) noexcept = default;
HttpStream& HttpStream::operator=(HttpStream&&) noexcept = default;

Result<HttpStream> HttpStream::open(const HttpTarget& target, std::string_view path,
                                    const GetOptions& options) {
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  auto state = std::make_unique<State>(target, options.most_bytes, options.stop);
  VEDETTE_CHECK(state->ask(path, options.token));
  VEDETTE_CHECK(state->await_head(deadline));
  return HttpStream(std::move(state));
}

int HttpStream::status() const {
  return state_->status();
}

std::string HttpStream::content_type() const {
  return state_->content_type();
}

Result<std::string> HttpStream::read(Micros timeout) {
  VEDETTE_CHECK(state_->await_body(std::chrono::steady_clock::now() + timeout));
  return state_->take_body();
}

bool HttpStream::is_over() const {
  return state_->is_over();
}

Result<HttpReply> http_get(const HttpTarget& target, std::string_view path,
                           const GetOptions& options) {
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  VEDETTE_TRY(stream, HttpStream::open(target, path, options));
  HttpReply reply{stream.status(), stream.content_type(), {}};
  while (!stream.is_over()) {
    const auto left =
        std::chrono::duration_cast<Micros>(deadline - std::chrono::steady_clock::now());
    VEDETTE_TRY(piece, stream.read(left));
    if (piece.empty() && !stream.is_over()) return too_late(target);
    reply.body += piece;
  }
  return reply;
}

}  // namespace vedette::http
