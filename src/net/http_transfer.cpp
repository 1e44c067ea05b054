#include "net/http_transfer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.hpp"

namespace vedette::net {
namespace {

constexpr std::size_t kMostHead = std::size_t{64} << 10;
// Of a body that came and was not read: beyond it the connection waits.
constexpr std::size_t kMostWaiting = std::size_t{1} << 20;
// What libcurl moves at once where connections are kept, that is where much is moved.
constexpr long kBufferBytes = 256 << 10;

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

}  // namespace

Result<void> HttpStream::State::ask(HttpRequest request) {
  if (!easy_ || !transport_) return fail(ErrorCode::kUnavailable, "libcurl does not start");
  request_ = std::move(request);
  const auto refuse = [&] {
    return fail(ErrorCode::kUsage, fmt::format("{} {}{} cannot be asked for", request_.method,
                                               to_url(target_), request_.path));
  };
  if (!can_be_sent(request_)) return refuse();
  CURL* easy = easy_.get();
  bool is_taken = transport_->watch(easy);
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
  is_added_ = curl_multi_add_handle(transport_->multi(), easy) == CURLM_OK;
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
    curl_multi_perform(transport_->multi(), &running);
    int left_over = 0;
    while (const CURLMsg* message = curl_multi_info_read(transport_->multi(), &left_over)) {
      if (message->msg == CURLMSG_DONE) result_ = message->data.result;
    }
    if (is_done() || result_) return true;
    const auto until = stall_.count() > 0 ? moved_ + stall_ : deadline;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    transport_->acknowledge();
    curl_multi_poll(transport_->multi(), nullptr, 0,
                    static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)), nullptr);
  }
}

Result<bool> HttpStream::State::await_head(Deadline deadline) {
  VEDETTE_TRY(is_in_time, advance(deadline, [this] { return has_head_; }));
  if (is_in_time && !has_head_) return failure();
  return is_in_time;
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

}  // namespace vedette::net
