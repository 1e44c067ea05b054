#include "media/http_stream.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "media/av.hpp"
#include "media/host_check.hpp"
#include "media/source_error.hpp"

namespace vedette::media {
namespace {

// Bytes that came and were not taken: beyond this the connection waits.
constexpr std::size_t kMostWaiting = std::size_t{1} << 20;
constexpr int kMostRedirects = 5;
constexpr int kPollMilliseconds = 50;
// A step forward by less is read over.
constexpr std::int64_t kReadOver = 256 << 10;

// libcurl's handles are all void*.
struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

bool is_curl_ready() {
  static const bool kIsReady = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return kIsReady;
}

// libav's number for what the server said, so that one table has all the sentences.
int error_of_status(long status) {
  switch (status) {
    case 400:
      return AVERROR_HTTP_BAD_REQUEST;
    case 401:
      return AVERROR_HTTP_UNAUTHORIZED;
    case 403:
      return AVERROR_HTTP_FORBIDDEN;
    case 404:
      return AVERROR_HTTP_NOT_FOUND;
    default:
      return status < 500 ? AVERROR_HTTP_OTHER_4XX : AVERROR_HTTP_SERVER_ERROR;
  }
}

}  // namespace

// One request. libcurl keeps its address.
struct HttpStream::Transfer {
  std::unique_ptr<CURLM, FreeMulti> multi;
  std::unique_ptr<CURL, FreeEasy> easy;
  std::string waiting;
  std::size_t taken = 0;
  bool is_paused = false;
  bool is_done = false;
  bool is_link_local = false;
  CURLcode result = CURLE_OK;
  std::string total;  // of Content-Range
  bool takes_ranges = false;

  ~Transfer() {
    if (multi && easy) curl_multi_remove_handle(multi.get(), easy.get());
  }

  std::size_t available() const { return waiting.size() - taken; }

  static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto* transfer = static_cast<Transfer*>(self);
    if (transfer->available() > kMostWaiting) {
      transfer->is_paused = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    transfer->waiting.erase(0, transfer->taken);
    transfer->taken = 0;
    transfer->waiting.append(bytes, size * count);
    return size * count;
  }

  static std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto* transfer = static_cast<Transfer*>(self);
    const std::string_view line(bytes, size * count);
    const auto colon = line.find(':');
    if (line.starts_with("HTTP/")) {
      transfer->total.clear();
      transfer->takes_ranges = false;
    } else if (colon != std::string_view::npos) {
      const auto value = trim(line.substr(colon + 1));
      if (equals_ignoring_case(line.substr(0, colon), "content-range")) {
        const auto slash = value.find('/');
        if (slash != std::string_view::npos) transfer->total = value.substr(slash + 1);
        transfer->takes_ranges = true;
      } else if (equals_ignoring_case(line.substr(0, colon), "accept-ranges")) {
        transfer->takes_ranges = equals_ignoring_case(value, "bytes");
      }
    }
    return size * count;
  }

  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* where) {
    if (is_link_local_address(*where)) {
      static_cast<Transfer*>(self)->is_link_local = true;
      return CURL_SOCKET_BAD;
    }
    return socket(where->family, where->socktype | SOCK_CLOEXEC, where->protocol);
  }
  static bool is_link_local_address(const curl_sockaddr& where) {
    return media::is_link_local(where.addr);
  }
};

HttpStream::HttpStream(SourceUrl url, std::function<bool()> is_given_up)
    : url_(std::move(url)), is_given_up_(std::move(is_given_up)) {}

HttpStream::~HttpStream() = default;

Result<std::unique_ptr<HttpStream>> HttpStream::open(const SourceUrl& url,
                                                     const std::string& address, Range range,
                                                     std::function<bool()> is_given_up) {
  std::unique_ptr<HttpStream> stream(new HttpStream(url, std::move(is_given_up)));
  VEDETTE_CHECK(stream->ask(address, range));
  return stream;
}

Result<> HttpStream::ask(std::string address, Range range) {
  std::set<std::string> seen;
  address_ = std::move(address);
  for (;;) {
    seen.insert(address_);
    VEDETTE_CHECK(ask_once(range));
    long status = 0;
    curl_easy_getinfo(transfer_->easy.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status >= 400) return fail(source_error(url_, error_of_status(status), true));
    const char* next = nullptr;
    curl_easy_getinfo(transfer_->easy.get(), CURLINFO_REDIRECT_URL, &next);
    if (status < 300 || !next) break;
    const std::string to = next;
    if (!to.starts_with("http://") && !to.starts_with("https://")) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("The camera {} sends on to another protocol ({}), which is not "
                              "followed; write the address it sends to, if it is yours.",
                              url_.shown, mask_address(to.substr(0, to.find(':')))));
    }
    if (host_in(to) != host_in(address_)) {
      return fail(ErrorCode::kForbidden,
                  fmt::format("The camera {} sends on to another host, {}, which is not followed; "
                              "write that address instead, if it is yours.",
                              url_.shown, host_in(to)));
    }
    if (seen.contains(to) || seen.size() > kMostRedirects) {
      return fail(
          ErrorCode::kUnavailable,
          fmt::format("The camera {} sends on in a circle; open the address in a browser and "
                      "copy the one of the stream from there.",
                      url_.shown));
    }
    address_ = to;
  }
  position_ = range.first;
  return {};
}

Result<> HttpStream::ask_once(Range range) {
  transfer_ = std::make_unique<Transfer>();
  auto& transfer = *transfer_;
  if (!is_curl_ready()) return fail(ErrorCode::kInternal, "libcurl cannot be started.");
  transfer.multi.reset(curl_multi_init());
  transfer.easy.reset(curl_easy_init());
  CURL* easy = transfer.easy.get();
  if (!easy || !transfer.multi) {
    return fail(ErrorCode::kInternal, "There is no memory for a connection.");
  }
  const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(easy, option, value); };
  set(CURLOPT_URL, address_.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_USERAGENT, "Vedette");
  if (url_.any_certificate) {
    set(CURLOPT_SSL_VERIFYPEER, 0L);
    set(CURLOPT_SSL_VERIFYHOST, 0L);
  }
  set(CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  set(CURLOPT_HEADERDATA, &transfer);
  set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
  set(CURLOPT_OPENSOCKETDATA, &transfer);
  if (url_.address && url_.address->user) {
    set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC | CURLAUTH_DIGEST);
    set(CURLOPT_USERNAME, url_.address->user->c_str());
    set(CURLOPT_PASSWORD, url_.address->secret.value_or("").c_str());
  }
  std::string text;
  if (range.first > 0 || range.last) {
    text = fmt::format("{}-{}", range.first, range.last ? fmt::format("{}", *range.last) : "");
    set(CURLOPT_RANGE, text.c_str());
  }
  curl_multi_add_handle(transfer.multi.get(), easy);
  const int status = wait_for_bytes();
  if (status < 0) return fail(explain());

  long code = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
  const char* type = nullptr;
  curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
  content_type_ =
      type ? to_lower(trim(std::string_view(type).substr(0, std::string_view(type).find(';'))))
           : std::string();
  size_.reset();
  is_seekable_ = transfer.takes_ranges;
  curl_off_t length = -1;
  curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (code == 206) {
    std::int64_t total = 0;
    const auto& said = transfer.total;
    const auto read = std::from_chars(said.data(), said.data() + said.size(), total);
    if (read.ec == std::errc() && total > 0) size_ = total;
  } else if (length >= 0) {
    size_ = length;
  }
  if (code < 300 && range.first > 0 && code != 206) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("The server of {} gives files from their beginning only; copy the file "
                            "to this machine.",
                            url_.shown));
  }
  return {};
}

Error HttpStream::explain() const {
  if (transfer_->is_link_local) return forbidden_host(url_).error();
  switch (transfer_->result) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return unknown_host(url_).error();
    case CURLE_COULDNT_CONNECT:
      return source_error(url_, AVERROR(ECONNREFUSED), true);
    case CURLE_OK:
      return source_error(url_, AVERROR_EXIT, true);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
      return fail(ErrorCode::kForbidden,
                  fmt::format("The certificate of {} is not one that this machine trusts; most "
                              "cameras sign their own. Have the machine trust it, or set "
                              "watch.any_certificate = true where the network is yours.",
                              url_.shown))
          .error();
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return source_error(url_, AVERROR_INVALIDDATA, true);
    default:
      return source_error(url_, AVERROR(ECONNRESET), true);
  }
}

int HttpStream::wait_for_bytes() {
  auto& transfer = *transfer_;
  while (transfer.available() == 0 && !transfer.is_done) {
    if (is_given_up_()) return AVERROR_EXIT;
    if (transfer.is_paused) {
      transfer.is_paused = false;
      curl_easy_pause(transfer.easy.get(), CURLPAUSE_CONT);
    }
    int running = 0;
    curl_multi_perform(transfer.multi.get(), &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(transfer.multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      transfer.is_done = true;
      transfer.result = message->data.result;
    }
    if (transfer.available() > 0 || transfer.is_done) break;
    curl_multi_poll(transfer.multi.get(), nullptr, 0, kPollMilliseconds, nullptr);
  }
  if (transfer.available() > 0) return 1;
  if (transfer.result == CURLE_OK) return 0;
  const bool is_lost =
      transfer.result != CURLE_COULDNT_CONNECT && transfer.result != CURLE_COULDNT_RESOLVE_HOST;
  return is_lost ? AVERROR(ECONNRESET) : AVERROR(ECONNREFUSED);
}

std::string_view HttpStream::peek() {
  wait_for_bytes();
  return std::string_view(transfer_->waiting).substr(transfer_->taken);
}

int HttpStream::read(std::span<std::uint8_t> into) {
  const int status = wait_for_bytes();
  if (status <= 0) return status;
  const auto count = std::min(into.size(), transfer_->available());
  std::memcpy(into.data(), transfer_->waiting.data() + transfer_->taken, count);
  transfer_->taken += count;
  position_ += static_cast<std::int64_t>(count);
  return static_cast<int>(count);
}

std::int64_t HttpStream::seek(std::int64_t to) {
  if (to == position_) return to;
  if (to > position_ && to - position_ <= kReadOver) {
    std::uint8_t bytes[4096];
    while (position_ < to) {
      const auto count = std::min<std::int64_t>(to - position_, sizeof bytes);
      const int status = read(std::span(bytes).first(static_cast<std::size_t>(count)));
      if (status <= 0) return status < 0 ? status : AVERROR_EOF;
    }
    return to;
  }
  if (!is_seekable_ || (size_ && to > *size_)) return AVERROR(ENOSYS);
  const auto size = size_;
  if (size && to == *size) {
    transfer_->waiting.clear();
    transfer_->taken = 0;
    transfer_->is_done = true;
    position_ = to;
    return to;
  }
  if (!ask(address_, {.first = to, .last = {}})) return AVERROR(EIO);
  size_ = size;
  return to;
}

}  // namespace vedette::media
