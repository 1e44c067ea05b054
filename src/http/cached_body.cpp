#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>

#include "base/digest.hpp"
#include "http/compress.hpp"
#include "http/head.hpp"
#include "http/response.hpp"

namespace vedette::http {
namespace {

constexpr std::size_t kWorthCompressing = 1024;
constexpr std::array<std::string_view, CachedBody::kEncodings> kEncodingNames = {"", "gzip", "br"};

/// The first 128 bits of SHA-256, in hexadecimal.
std::string fingerprint(std::string_view bytes) {
  return sha256_hex(bytes).substr(0, 32);
}

}  // namespace

std::shared_ptr<const CachedBody> CachedBody::make(std::string content_type, std::string bytes,
                                                   std::string cache_control, Compress compress) {
  std::shared_ptr<CachedBody> body(new CachedBody);
  body->content_type_ = std::move(content_type);
  body->owned_[kIdentity] = std::move(bytes);
  const std::string& plain = body->owned_[kIdentity];
  body->variants_[kIdentity].bytes = plain;
  if (compress == Compress::kNow && plain.size() >= kWorthCompressing &&
      is_compressible(body->content_type_)) {
    if (auto packed = gzip(plain)) body->owned_[kGzip] = std::move(*packed);
    if (auto packed = brotli(plain)) body->owned_[kBrotli] = std::move(*packed);
    for (const auto encoding : {kGzip, kBrotli}) {
      if (!body->owned_[encoding].empty()) {
        body->variants_[encoding].bytes = body->owned_[encoding];
      }
    }
  }
  body->build_heads(fingerprint(plain), cache_control);
  return body;
}

std::shared_ptr<const CachedBody> CachedBody::of_static(
    std::string content_type, std::string_view identity, std::string_view gzip,
    std::string_view brotli, std::string_view etag, std::string cache_control) {
  std::shared_ptr<CachedBody> body(new CachedBody);
  body->content_type_ = std::move(content_type);
  body->variants_[kIdentity].bytes = identity;
  if (!gzip.empty()) body->variants_[kGzip].bytes = gzip;
  if (!brotli.empty()) body->variants_[kBrotli].bytes = brotli;
  body->build_heads(etag.empty() ? fingerprint(identity) : std::string(etag), cache_control);
  return body;
}

const CachedBody::Variant* CachedBody::variant(Encoding encoding) const {
  const auto& variant = variants_[encoding];
  if (encoding != kIdentity && variant.bytes.data() == nullptr) return nullptr;
  return &variant;
}

int CachedBody::descriptor(const Variant& variant) const {
  constexpr std::size_t kWorthAFile = 64 * 1024;  // below, copying is cheaper than a second call
  if (variant.bytes.size() < kWorthAFile) return -1;
  const int made = variant.descriptor.load(std::memory_order_acquire);
  if (made >= 0) return made;
  const int fresh = ::memfd_create("vedette-response", MFD_CLOEXEC);
  if (fresh < 0) return -1;
  auto left = variant.bytes;
  while (!left.empty()) {
    const auto count = ::write(fresh, left.data(), left.size());
    if (count <= 0) {
      ::close(fresh);
      return -1;
    }
    left.remove_prefix(static_cast<std::size_t>(count));
  }
  int expected = -1;
  if (variant.descriptor.compare_exchange_strong(expected, fresh)) return fresh;
  ::close(fresh);  // another thread was quicker
  return expected;
}

CachedBody::~CachedBody() {
  for (const auto& variant : variants_) {
    if (variant.descriptor >= 0) ::close(variant.descriptor);
  }
}

void CachedBody::build_heads(std::string_view etag, std::string_view cache_control) {
  const bool varies = has_variants();
  for (const auto encoding : {kIdentity, kGzip, kBrotli}) {
    auto& variant = variants_[encoding];
    if (encoding != kIdentity && variant.bytes.data() == nullptr) continue;
    // Encodings are different representations: each has its own strong tag (RFC 9110 8.8.3.3).
    variant.etag = encoding == kIdentity ? fmt::format("\"{}\"", etag)
                                         : fmt::format("\"{}-{}\"", etag, kEncodingNames[encoding]);
    std::string common;
    append_field(common, "ETag", variant.etag);
    append_field(common, "Cache-Control", cache_control);
    if (varies) append_field(common, "Vary", "Accept-Encoding");
    common += kSecurityFields;

    append_status_line(variant.head, 200);
    append_field(variant.head, "Content-Type", content_type_);
    append_field(variant.head, "Content-Length", fmt::to_string(variant.bytes.size()));
    if (encoding != kIdentity) {
      append_field(variant.head, "Content-Encoding", kEncodingNames[encoding]);
    }
    variant.head += common;
    append_status_line(variant.not_modified_head, 304);
    variant.not_modified_head += common;
  }
}

}  // namespace vedette::http
