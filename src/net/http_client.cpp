#include "net/http_client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "base/mutex.hpp"
#include "base/text.hpp"

namespace vedette::net {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

constexpr std::size_t kMostHead = std::size_t{64} << 10;
// Of a body that came and was not read: beyond it the connection waits.
constexpr std::size_t kMostWaiting = std::size_t{1} << 20;
// What libcurl moves at once where connections are kept, that is where much is moved.
constexpr long kBufferBytes = 256 << 10;
constexpr std::size_t kMostRefusal = std::size_t{1} << 20;  // of an answer that the sink is spared

std::string authority_of(const HttpTarget& target) {
  return target.host.contains(':') ? fmt::format("[{}]:{}", target.host, target.port)
                                   : fmt::format("{}:{}", target.host, target.port);
}

struct Deleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using Multi = std::unique_ptr<CURLM, MultiDeleter>;

// libcurl's own start, once for the process.
bool is_curl_ready() {
  static const bool kIsReady = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return kIsReady;
}

bool is_token(std::string_view text) {
  const auto is_allowed = [](char c) { return c > ' ' && c < 0x7f && c != ':'; };
  return !text.empty() && std::ranges::all_of(text, is_allowed);
}

bool is_target(std::string_view path) {
  const auto is_allowed = [](char c) { return c > ' ' && c < 0x7f && c != '#'; };
  return path.starts_with('/') && std::ranges::all_of(path, is_allowed);
}

bool is_field_value(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

bool can_be_sent(const HttpRequest& request) {
  return is_token(request.method) && is_target(request.path) &&
         std::ranges::all_of(request.headers, [](const auto& field) {
           return is_token(field.first) && is_field_value(field.second);
         });
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

// A multi handle owns the connections that its transfers leave open: one at most, as each has one
// transfer at a time.
class Connections::Idle {
 public:
  explicit Idle(std::size_t most) : most_(most) {}

  Multi take() VEDETTE_EXCLUDES(waiting_mutex_) {
    const Lock lock(waiting_mutex_);
    if (waiting_.empty()) return Multi(is_curl_ready() ? curl_multi_init() : nullptr);
    // The one that was used last is the likeliest to be open still.
    Multi multi = std::move(waiting_.back());
    waiting_.pop_back();
    return multi;
  }
  void give_back(Multi multi) VEDETTE_EXCLUDES(waiting_mutex_) {
    const Lock lock(waiting_mutex_);
    if (waiting_.size() < most_) waiting_.push_back(std::move(multi));
  }

 private:
  const std::size_t most_;
  Mutex waiting_mutex_;
  std::vector<Multi> waiting_ VEDETTE_GUARDED_BY(waiting_mutex_);
};

Connections::Connections(std::size_t most_idle) : idle_(std::make_unique<Idle>(most_idle)) {}
Connections::~Connections() = default;

// One transfer, driven by whoever reads: while nobody does, nothing is taken off the connection.
class HttpStream::State {
 public:
  State(HttpTarget target, const AskOptions& options)
      : target_(std::move(target)),
        most_bytes_(options.most_bytes),
        stall_(options.stall),
        ca_file_(options.ca_file),
        idle_(options.connections == nullptr ? nullptr : options.connections->idle_.get()),
        multi_(idle_ != nullptr ? idle_->take()
                                : Multi(is_curl_ready() ? curl_multi_init() : nullptr)),
        stop_(options.stop) {
    on_stop_.emplace(stop_, Wake{multi_.get()});
  }
  ~State() {
    if (is_added_) curl_multi_remove_handle(multi_.get(), easy_.get());
    on_stop_.reset();
    if (idle_ != nullptr && multi_) idle_->give_back(std::move(multi_));
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result<void> ask(HttpRequest request);
  /// Goes on until the head is there. kTimeout.
  Result<void> await_head(Deadline deadline);
  /// Goes on until some of the body is there, or the end, or `deadline`.
  Result<void> await_body(Deadline deadline);

  int status() const;
  std::string content_type() const;
  const HeaderFields& headers() const { return answer_headers_; }
  void take_body(std::string& into) {
    into.clear();
    std::swap(into, body_);
  }
  bool is_over() const { return result_ == CURLE_OK && body_.empty(); }

 private:
  struct Wake {
    CURLM* multi;
    void operator()() const { curl_multi_wakeup(multi); }
  };

  static std::size_t on_head(char* line, std::size_t, std::size_t size, void* self);
  static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* self);
  static std::size_t on_read(char* room, std::size_t, std::size_t size, void* self);
  static int on_rewind(void* self, curl_off_t offset, int origin);
  std::size_t give_body(std::span<char> room);
  template <class Done>
  Result<bool> advance(Deadline deadline, Done is_done);
  std::unexpected<Error> failure() const;

  HttpTarget target_;
  HttpRequest request_;
  std::size_t given_ = 0;            // of request_.body
  std::optional<Error> body_error_;  // of request_.source
  std::uint64_t most_bytes_;
  Micros stall_;
  Deadline moved_;  // when a byte went or came last
  std::string ca_file_;
  std::array<char, CURL_ERROR_SIZE> reason_{};
  std::unique_ptr<CURL, Deleter> easy_{is_curl_ready() ? curl_easy_init() : nullptr};
  std::unique_ptr<curl_slist, Deleter> headers_;
  Connections::Idle* idle_;
  Multi multi_;
  bool is_added_ = false;

  std::size_t head_bytes_ = 0;
  HeaderFields answer_headers_;
  std::uint64_t body_bytes_ = 0;
  bool has_head_ = false;
  bool is_too_large_ = false;
  bool is_paused_ = false;
  std::string body_;                // received, and not yet read
  std::optional<CURLcode> result_;  // of the whole transfer, once it is over

  std::stop_token stop_;
  std::optional<std::stop_callback<Wake>> on_stop_;
};

Result<void> HttpStream::State::ask(HttpRequest request) {
  if (!easy_ || !multi_) return fail(ErrorCode::kUnavailable, "libcurl does not start");
  request_ = std::move(request);
  const auto refuse = [&] {
    return fail(ErrorCode::kUsage, fmt::format("{} {}{} cannot be asked for", request_.method,
                                               to_url(target_), request_.path));
  };
  if (!can_be_sent(request_)) return refuse();
  CURL* easy = easy_.get();
  bool is_taken = true;
  const auto set = [&](CURLoption option, auto value) {
    is_taken = curl_easy_setopt(easy, option, value) == CURLE_OK && is_taken;
  };
  set(CURLOPT_URL, to_url(target_).c_str());
  // Exactly what was given, and signed perhaps.
  set(CURLOPT_REQUEST_TARGET, (target_.base + request_.path).c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  set(CURLOPT_PROXY, "");
  if (idle_ == nullptr) {
    set(CURLOPT_FORBID_REUSE, 1L);
  } else {
    set(CURLOPT_BUFFERSIZE, kBufferBytes);
    set(CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
  }
  if (!ca_file_.empty()) set(CURLOPT_CAINFO, ca_file_.c_str());
  set(CURLOPT_NOSIGNAL, 1L);
  // A look-up of a name that does not end is left to itself.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_ERRORBUFFER, reason_.data());
  set(CURLOPT_HEADERFUNCTION, &State::on_head);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &State::on_body);
  set(CURLOPT_WRITEDATA, this);
  const bool has_body = request_.source || !request_.body.empty() || request_.method == "PUT" ||
                        request_.method == "POST";
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (has_body) {
    const auto size = request_.source ? request_.source->size : request_.body.size();
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
    set(CURLOPT_READFUNCTION, &State::on_read);
    set(CURLOPT_READDATA, this);
    set(CURLOPT_SEEKFUNCTION, &State::on_rewind);
    set(CURLOPT_SEEKDATA, this);
  }
  if (request_.method != "HEAD") set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  for (const auto& [name, value] : request_.headers) {
    // libcurl's way to say that a field is there and empty.
    const auto line = value.empty() ? fmt::format("{};", name) : fmt::format("{}: {}", name, value);
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    is_taken = is_taken && longer != nullptr;
    if (longer != nullptr) {
      (void)headers_.release();
      headers_.reset(longer);
    }
  }
  set(CURLOPT_HTTPHEADER, headers_.get());
  is_added_ = curl_multi_add_handle(multi_.get(), easy) == CURLM_OK;
  if (!is_taken || !is_added_) return refuse();
  return {};
}

std::size_t HttpStream::State::on_read(char* room, std::size_t, std::size_t size, void* self) {
  return static_cast<State*>(self)->give_body({room, size});
}

int HttpStream::State::on_rewind(void* self, curl_off_t offset, int origin) {
  auto& state = *static_cast<State*>(self);
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  if (state.request_.source) {
    if (!state.request_.source->rewind) return CURL_SEEKFUNC_FAIL;
    state.request_.source->rewind();
  }
  state.given_ = 0;
  return CURL_SEEKFUNC_OK;
}

std::size_t HttpStream::State::give_body(std::span<char> room) {
  moved_ = std::chrono::steady_clock::now();
  if (!request_.source) {
    const auto piece = std::string_view(request_.body).substr(given_, room.size());
    std::ranges::copy(piece, room.begin());
    given_ += piece.size();
    return piece.size();
  }
  auto read = request_.source->read(room);
  if (read) return *read;
  body_error_ = std::move(read.error());
  return CURL_READFUNC_ABORT;
}

std::size_t HttpStream::State::on_head(char* line, std::size_t, std::size_t size, void* self) {
  auto& state = *static_cast<State*>(self);
  state.moved_ = std::chrono::steady_clock::now();
  state.head_bytes_ += size;
  if (state.head_bytes_ > kMostHead) {
    state.is_too_large_ = true;
    return 0;
  }
  std::string_view text(line, size);
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  const bool is_last = text.empty();
  const auto colon = text.find(':');
  // Before the answer there may be others, of class 1xx.
  if (text.starts_with("HTTP/")) {
    state.answer_headers_.clear();
  } else if (colon != std::string_view::npos) {
    state.answer_headers_.emplace_back(text.substr(0, colon), trim(text.substr(colon + 1)));
  }
  if (is_last && state.status() >= 200) state.has_head_ = true;
  return size;
}

std::size_t HttpStream::State::on_body(char* bytes, std::size_t, std::size_t size, void* self) {
  auto& state = *static_cast<State*>(self);
  if (state.body_.size() >= kMostWaiting) {
    state.is_paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  state.moved_ = std::chrono::steady_clock::now();
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
  // The wait of a slow reader is not the server's.
  moved_ = std::chrono::steady_clock::now();
  while (true) {
    if (is_done() || result_) return true;
    if (stop_.stop_requested()) return fail(ErrorCode::kCancelled, "asked to stop");
    if (std::exchange(is_paused_, false)) curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    int left_over = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left_over)) {
      if (message->msg == CURLMSG_DONE) result_ = message->data.result;
    }
    if (is_done() || result_) return true;
    const auto until = stall_.count() > 0 ? moved_ + stall_ : deadline;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
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
  if (body_error_) return fail(*body_error_);
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
    case CURLE_SEND_FAIL_REWIND:
      return fail(ErrorCode::kUnavailable, fmt::format("{} closed the connection", where));
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE: {
      auto cut_off =
          fail(ErrorCode::kCorrupt,
               fmt::format("the answer of {} is cut off before its end ({})", where, why));
      cut_off.error().retryable = true;
      return cut_off;
    }
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

Result<HttpStream> HttpStream::open(const HttpTarget& target, HttpRequest request,
                                    const AskOptions& options) {
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  if (!options.token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + options.token);
  }
  if (options.sign) VEDETTE_CHECK(options.sign(target, request));
  auto state = std::make_unique<State>(target, options);
  VEDETTE_CHECK(state->ask(std::move(request)));
  VEDETTE_CHECK(state->await_head(deadline));
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
