#include "http/request_parser.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <optional>

#include "http/field_text.hpp"

namespace vedette::http {
namespace {

namespace beast = boost::beast;

Method to_method(beast::http::verb method) {
  using beast::http::verb;
  switch (method) {
    case verb::get:
      return Method::kGet;
    case verb::head:
      return Method::kHead;
    case verb::post:
      return Method::kPost;
    case verb::put:
      return Method::kPut;
    case verb::patch:
      return Method::kPatch;
    case verb::delete_:
      return Method::kDelete;
    case verb::options:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

constexpr std::string_view kLastChunk = "0\r\n\r\n";

bool has_folded_line(std::string_view head) {
  return head.contains("\n ") || head.contains("\n\t");
}

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

class Reader final : public beast::http::basic_parser<true> {
 public:
  explicit Reader(Request& request) : request_(request) {
    // Both bounds are kept by RequestParser: Beast's header limit leaves out what it has consumed.
    header_limit(UINT32_MAX);
    body_limit(boost::none);
  }
  void limit_body(std::uint64_t bytes) { left_ = bytes; }
  void land_in(std::string& landing) { body_ = &landing; }
  /// What is put next begins here; a chunk header with its extension takes at most `limit` bytes.
  void begin_put(std::string_view bytes, std::size_t limit) {
    framing_ = bytes.data();
    framing_limit_ = limit;
  }
  /// Whether a chunk header, or the last one with the trailer, that ended before `end` is too long.
  bool is_framing_too_long(const char* end) const {
    return static_cast<std::size_t>(end - framing_) > framing_limit_;
  }
  bool body_too_large() const { return too_large_; }
  bool http_1_0() const { return version_ == 10; }

 private:
  using Code = beast::error_code;
  void on_request_impl(beast::http::verb verb, beast::string_view, beast::string_view target,
                       int version, Code&) override {
    request_.method = to_method(verb);
    request_.target.assign(target.data(), target.size());
    version_ = version;
  }
  void on_response_impl(int, beast::string_view, int, Code&) override {}
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     Code&) override {
    // Fields behind a chunked body are dropped: nobody here expects them.
    if (!is_header_done_) request_.headers.add(view(name), view(value));
  }
  void on_header_impl(Code&) override { is_header_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Code&) override {
    // Trust a declared length only for a first piece of memory.
    constexpr std::uint64_t kFirst = 64 * 1024;
    if (length) body_->reserve(std::min(*length, kFirst));
  }
  std::size_t on_body_impl(beast::string_view bytes, Code& code) override {
    return append(bytes, code);
  }
  void on_chunk_header_impl(std::uint64_t size, beast::string_view extension, Code& code) override {
    constexpr std::size_t kLineEnd = 2;
    if (size > 0 && is_framing_too_long(extension.data() + extension.size() + kLineEnd)) {
      code = beast::http::error::header_limit;
    }
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, Code& code) override {
    framing_ = bytes.data() + bytes.size();
    return append(bytes, code);
  }
  void on_finish_impl(Code&) override {}

  std::size_t append(beast::string_view bytes, Code& code) {
    if (bytes.size() > left_) {
      too_large_ = true;
      code = beast::http::error::body_limit;
      return 0;
    }
    left_ -= bytes.size();
    body_->append(bytes.data(), bytes.size());
    return bytes.size();
  }

  Request& request_;
  std::string* body_ = &request_.body;
  std::uint64_t left_ = 0;
  const char* framing_ = nullptr;  // where the bytes between two chunks' bodies begin
  std::size_t framing_limit_ = 0;
  int version_ = 11;
  bool is_header_done_ = false;
  bool too_large_ = false;
};

}  // namespace

// One Reader per request in place: Beast's parsers cannot be used twice.
class RequestParser::Beast {
 public:
  std::optional<Reader> reader;
};

RequestParser::RequestParser() : beast_(std::make_unique<Beast>()) {}
RequestParser::~RequestParser() = default;

void RequestParser::begin(Request& request, std::size_t header_limit) {
  request.method = Method::kGet;
  request.target.clear();
  request.path.clear();
  request.authority.clear();
  request.headers.clear();
  request.params.clear();
  request.queries.clear();
  request.body.clear();
  request.stream.reset();
  request.identity = {};
  request_ = &request;
  header_limit_ = header_limit;
  head_bytes_ = 0;
  has_body_ = keep_alive_ = http_1_0_ = expects_continue_ = false;
  body_length_.reset();
  state_ = State::kHead;
  beast_->reader.emplace(request);
}

void RequestParser::fail(int status, std::string_view why) {
  state_ = State::kFailed;
  failure_status_ = status;
  failure_ = why;
}

std::size_t RequestParser::feed(std::string_view bytes) {
  if (state_ == State::kHeadDone || state_ == State::kDone || state_ == State::kFailed) return 0;
  // Beast does not expect to be offered a last chunk in smaller pieces; no chunked body ends
  // sooner.
  if (state_ == State::kBody && !body_length_ && bytes.size() < kLastChunk.size()) return 0;
  auto& reader = *beast_->reader;
  beast::error_code code;
  const bool in_head = state_ == State::kHead;
  reader.begin_put(bytes, header_limit_);
  const auto used = reader.put(boost::asio::const_buffer(bytes.data(), bytes.size()), code);
  if (in_head) head_bytes_ += used;
  // Beast joins a field that goes on in the next line (obs-fold); who stands between might not.
  if (in_head && has_folded_line(bytes.substr(0, used))) {
    fail(400, "a header field goes on in the next line");
    return used;
  }
  const bool more = code == beast::http::error::need_more;
  if (in_head && head_bytes_ + (more ? bytes.size() - used : 0) > header_limit_) {
    fail(431, "the request line and header fields are too long");
    return used;
  }
  const bool is_framing_too_long = code == beast::http::error::header_limit ||
                                   (more && bytes.size() - used >= header_limit_) ||
                                   (!code && !body_length_ && reader.is_done() &&
                                    reader.is_framing_too_long(bytes.data() + used));
  if (!in_head && is_framing_too_long) {
    fail(400, "a chunk header or trailer of the body is too long");
    return used;
  }
  if (code && !more) {
    if (reader.body_too_large()) {
      fail(413, "the body is larger than this address takes");
    } else if (code == beast::http::error::bad_version) {
      fail(400, "this is not HTTP/1.0 or HTTP/1.1");
    } else {
      fail(400, "the request is malformed");
    }
    return used;
  }
  if (in_head && reader.is_header_done()) {
    judge_head();
  } else if (!in_head && reader.is_done()) {
    state_ = State::kDone;
  }
  return used;
}

void RequestParser::judge_head() {
  auto& reader = *beast_->reader;
  const auto& headers = request_->headers;
  http_1_0_ = reader.http_1_0();
  keep_alive_ = reader.keep_alive();
  state_ = State::kHeadDone;

  // Whatever two servers might read differently is refused: request smuggling lives there.
  const auto transfer = headers.count("transfer-encoding");
  const auto length = headers.count("content-length");
  if (transfer + length > 1) {
    return fail(400, "the length of the body is declared more than once");
  }
  if (transfer == 1 &&
      (http_1_0_ || !equals_ignoring_case(trim(*headers.find("transfer-encoding")), "chunked"))) {
    return fail(400, "this transfer encoding is not understood here");
  }
  if (length == 1 && headers.find("content-length")->find(',') != std::string_view::npos) {
    return fail(400, "the length of the body is declared more than once");
  }
  const auto hosts = headers.count("host");
  if (hosts > 1 || (hosts == 0 && !http_1_0_)) {
    return fail(400, "a request needs exactly one Host field");
  }
  if (transfer == 1) {
    has_body_ = true;
  } else if (length == 1) {
    body_length_ = *reader.content_length();
    has_body_ = *body_length_ > 0;
  }
  if (const auto expect = headers.find("expect")) {
    if (!equals_ignoring_case(*expect, "100-continue")) {
      return fail(417, "this expectation is not understood here");
    }
    expects_continue_ = !http_1_0_ && has_body_;
  }
}

void RequestParser::read_body(std::uint64_t body_limit, std::string* landing) {
  if (state_ != State::kHeadDone) return;
  if (!has_body_) {
    state_ = State::kDone;
    return;
  }
  if (body_length_ && *body_length_ > body_limit) {
    return fail(413, "the body is larger than this address takes");
  }
  if (landing) beast_->reader->land_in(*landing);
  beast_->reader->limit_body(body_limit);
  beast_->reader->eager(true);
  state_ = State::kBody;
}

}  // namespace vedette::http
