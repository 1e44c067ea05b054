#include "http/outgoing.hpp"

#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "http/compress.hpp"
#include "http/field_text.hpp"
#include "http/head.hpp"
#include "http/range.hpp"
#include "http/stream.hpp"

namespace vedette::http {
namespace {

constexpr std::size_t kWorthCompressing = 1024;

CachedBody::Encoding choose_encoding(const Request& request, const CachedBody& body) {
  if (!body.has_variants()) return CachedBody::kIdentity;
  const auto field = request.header("accept-encoding");
  if (!field) return CachedBody::kIdentity;
  const auto accepted = parse_accept_encoding(*field);
  auto best = CachedBody::kIdentity;
  int quality = std::max(accepted.identity, 1);
  // On a tie the smaller form wins.
  if (body.variant(CachedBody::kGzip) && accepted.gzip >= quality) {
    best = CachedBody::kGzip;
    quality = accepted.gzip;
  }
  if (body.variant(CachedBody::kBrotli) && accepted.brotli >= quality) best = CachedBody::kBrotli;
  return best;
}

bool is_not_modified(const Request& request, std::string_view etag) {
  const auto field = request.header("if-none-match");
  return field && etag_matches(*field, etag);
}

bool has_no_body(int status) {
  return status == 204 || status == 304;
}

}  // namespace

void Outgoing::clear() {
  prebuilt_ = {};
  content_ = {};
  head_.clear();
  constexpr std::size_t kKeep = 16 * 1024;
  if (owned_.capacity() > kKeep) {
    owned_ = {};
  } else {
    owned_.clear();
  }
  cached_.reset();
  file_.reset();
  stream_.reset();
  file_offset_ = file_left_ = 0;
  sent_ = 0;
}

void Outgoing::prepare(const Request& request, Response&& response, const Facts& facts) {
  clear();
  if (auto* body = std::get_if<std::shared_ptr<const CachedBody>>(&response.body);
      body && response.status == 200 && response.headers.empty()) {
    cached_ = std::move(*body);
    prepare_cached(request, *cached_, facts);
    return;
  }
  prepare_other(request, response, facts);
}

void Outgoing::prepare_cached(const Request& request, const CachedBody& body, const Facts& facts) {
  const auto& variant = *body.variant(choose_encoding(request, body));
  if (is_not_modified(request, variant.etag)) {
    status_ = 304;
    prebuilt_ = variant.not_modified_head;
  } else {
    status_ = 200;
    prebuilt_ = variant.head;
    if (request.method != Method::kHead) set_cached_content(variant);
  }
  finish_head(facts);
}

void Outgoing::set_cached_content(const CachedBody::Variant& variant) {
  file_descriptor_ = cached_->descriptor(variant);
  if (file_descriptor_ >= 0) {
    file_left_ = variant.bytes.size();
  } else {
    content_ = variant.bytes;
  }
}

void Outgoing::finish_head(const Facts& facts) {
  head_ += facts.date_field;
  if (facts.close) {
    head_ += "Connection: close\r\n";
  } else if (facts.keep_alive_field) {
    head_ += "Connection: keep-alive\r\n";
  }
  head_ += "\r\n";
}

void Outgoing::prepare_other(const Request& request, Response& response, const Facts& facts) {
  status_ = response.status;
  std::uint64_t length = 0;
  bool has_length = true;
  std::string extra;

  if (auto* owned = std::get_if<std::string>(&response.body)) {
    owned_ = std::move(*owned);
    const auto etag = response.header("etag");
    if (status_ == 200 && etag && is_read(request.method) && is_not_modified(request, *etag)) {
      status_ = 304;
    }
    if (!has_no_body(status_)) content_ = owned_;
    length = content_.size();
  } else if (auto* cached = std::get_if<std::shared_ptr<const CachedBody>>(&response.body)) {
    // A cached body with fields or a status of its own: without its prebuilt head.
    cached_ = std::move(*cached);
    const auto encoding = choose_encoding(request, *cached_);
    const auto& variant = *cached_->variant(encoding);
    append_field(extra, "ETag", variant.etag);
    if (cached_->has_variants()) append_field(extra, "Vary", "Accept-Encoding");
    if (encoding != CachedBody::kIdentity) {
      append_field(extra, "Content-Encoding", encoding == CachedBody::kGzip ? "gzip" : "br");
    }
    if (!response.header("content-type")) {
      append_field(extra, "Content-Type", cached_->content_type());
    }
    if (status_ == 200 && is_not_modified(request, variant.etag)) status_ = 304;
    if (!has_no_body(status_)) {
      set_cached_content(variant);
      length = variant.bytes.size();
    }
  } else if (auto* file = std::get_if<std::shared_ptr<const FileBody>>(&response.body)) {
    file_ = std::move(*file);
    file_descriptor_ = file_->descriptor();
    file_left_ = file_->size();
    append_field(extra, "ETag", file_->etag());
    append_field(extra, "Last-Modified", file_->last_modified());
    append_field(extra, "Accept-Ranges", "bytes");
    const auto range = request.header("range");
    const auto if_range = request.header("if-range");
    // If-Range: a part only of the very file the client knows, else the whole of the new one.
    const bool same =
        !if_range || *if_range == file_->etag() || *if_range == file_->last_modified();
    if (status_ == 200 && is_not_modified(request, file_->etag())) {
      status_ = 304;
      file_left_ = 0;
    } else if (status_ == 200 && range && same && request.method == Method::kGet) {
      const auto part = parse_range(*range, file_->size());
      if (part.kind == RangeResult::Kind::kPart) {
        status_ = 206;
        file_offset_ = part.first;
        file_left_ = part.last - part.first + 1;
        append_field(extra, "Content-Range",
                     fmt::format("bytes {}-{}/{}", part.first, part.last, file_->size()));
      } else if (part.kind == RangeResult::Kind::kUnsatisfiable) {
        status_ = 416;
        file_left_ = 0;
        append_field(extra, "Content-Range", fmt::format("bytes */{}", file_->size()));
      }
    }
    length = file_left_;
  } else {
    stream_ = std::move(std::get<std::shared_ptr<Stream>>(response.body));
    has_length = false;
  }

  append_status_line(head_, status_);
  for (const auto& [name, value] : response.headers) append_field(head_, name, value);
  head_ += extra;
  if (has_length && !has_no_body(status_)) {
    append_field(head_, "Content-Length", fmt::to_string(length));
  }
  if (status_ >= 500) append_field(head_, "X-Request-Id", fmt::to_string(request.id));
  head_ += kSecurityFields;
  finish_head(facts);
  if (request.method == Method::kHead) {
    content_ = {};
    file_left_ = 0;
    stream_.reset();
  }
}

Outgoing::Progress Outgoing::send_some(int socket, std::uint64_t& sent_bytes) {
  // One client that takes all it can get must not keep the io thread from the others.
  constexpr std::uint64_t kTurn = 1 << 20;
  const auto turn_end = sent_bytes + kTurn;
  const auto total = prebuilt_.size() + head_.size() + content_.size();
  while (sent_ < total) {
    if (sent_bytes >= turn_end) return Progress::kBlocked;
    std::array<iovec, 3> pieces{};
    std::size_t count = 0;
    std::size_t skip = sent_;
    for (const std::string_view text : {prebuilt_, std::string_view(head_), content_}) {
      if (skip >= text.size()) {
        skip -= text.size();
        continue;
      }
      pieces[count++] = {const_cast<char*>(text.data()) + skip, text.size() - skip};
      skip = 0;
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const auto taken =
        ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT | (file_left_ > 0 ? MSG_MORE : 0));
    if (taken < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? Progress::kBlocked : Progress::kBroken;
    }
    sent_ += static_cast<std::size_t>(taken);
    sent_bytes += static_cast<std::uint64_t>(taken);
  }
  while (file_left_ > 0) {
    if (sent_bytes >= turn_end) return Progress::kBlocked;
    constexpr std::uint64_t kPiece = 256 * 1024;
    auto offset = static_cast<off_t>(file_offset_);
    const auto taken = ::sendfile(socket, file_descriptor_, &offset, std::min(file_left_, kPiece));
    if (taken < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? Progress::kBlocked : Progress::kBroken;
    }
    if (taken == 0) return Progress::kBroken;  // the file became shorter: the length is a lie now
    file_offset_ += static_cast<std::uint64_t>(taken);
    file_left_ -= static_cast<std::uint64_t>(taken);
    sent_bytes += static_cast<std::uint64_t>(taken);
  }
  return Progress::kDone;
}

void compress_owned(const Request& request, Response& response) {
  auto* owned = std::get_if<std::string>(&response.body);
  if (!owned || owned->size() < kWorthCompressing || response.header("content-encoding")) return;
  const auto type = response.header("content-type");
  if (!type || !is_compressible(*type)) return;
  response.set("Vary", "Accept-Encoding");
  const auto field = request.header("accept-encoding");
  if (!field) return;
  const auto accepted = parse_accept_encoding(*field);
  if (accepted.gzip == 0 && accepted.brotli == 0) return;
  // Made for one client and one moment: cheap settings.
  const bool use_brotli = accepted.brotli >= accepted.gzip;
  auto packed = use_brotli ? brotli(*owned, 4) : gzip(*owned, 4);
  if (!packed) return;
  *owned = std::move(*packed);
  response.set("Content-Encoding", use_brotli ? "br" : "gzip");
}

}  // namespace vedette::http
