// What a handler answers. Conditional requests, ranges, compression and the security headers are
// the server's work, in one place: a handler only says what the content is.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace vedette::http {

class Stream;

/// Content that is serialised once and sent to many: its bytes, its gzip and brotli forms, its ETag
/// and its prebuilt response heads. Immutable after creation and therefore free to share between
/// threads; each viewer costs one reference.
class CachedBody {
 public:
  enum class Compress { kNow, kNever };
  struct Variant {
    std::string_view bytes;  // into this object or into static memory
    std::string etag;        // quoted; differs for each encoding
    std::string head;        // status line and all fixed fields of the 200
    std::string not_modified_head;
    mutable std::atomic<int> descriptor = -1;  // see CachedBody::descriptor()
  };
  enum Encoding : std::size_t { kIdentity, kGzip, kBrotli, kEncodings };

  /// Takes the bytes, hashes them and (kNow, unless they are small or do not shrink) compresses
  /// them; about 10 ms for 160 kB, so not on an io thread. `cache_control` is sent as it is:
  /// "no-cache" means "ask again each time, mostly a 304".
  static std::shared_ptr<const CachedBody> make(std::string content_type, std::string bytes,
                                                std::string cache_control = "no-cache",
                                                Compress compress = Compress::kNow);
  /// For content with static storage that was compressed at build time. Empty views: not there.
  static std::shared_ptr<const CachedBody> of_static(std::string content_type,
                                                     std::string_view identity,
                                                     std::string_view gzip, std::string_view brotli,
                                                     std::string_view etag,
                                                     std::string cache_control);

  /// nullopt where that encoding was not made.
  const Variant* variant(Encoding encoding) const;
  /// The variant's bytes as a file in memory, which the kernel sends without copying them; made at
  /// the first call. -1 when they are few or there are no more files: send the bytes then.
  int descriptor(const Variant& variant) const;
  ~CachedBody();
  CachedBody(const CachedBody&) = delete;
  CachedBody& operator=(const CachedBody&) = delete;
  std::string_view bytes() const { return variants_[kIdentity].bytes; }
  const std::string& etag() const { return variants_[kIdentity].etag; }
  const std::string& content_type() const { return content_type_; }
  bool has_variants() const {
    return variants_[kGzip].bytes.data() || variants_[kBrotli].bytes.data();
  }

 private:
  CachedBody() = default;
  void build_heads(std::string_view etag, std::string_view cache_control);

  std::string content_type_;
  std::string owned_[kEncodings];
  Variant variants_[kEncodings];
};

/// An open file, sent from the page cache without being read into memory; closed with the last
/// reference.
class FileBody {
 public:
  /// Opens a regular file. kNotFound when there is none; never follows a symbolic link at the end
  /// of the path.
  static Result<std::shared_ptr<const FileBody>> open(const std::filesystem::path& path);
  /// A file that is open for reading already and holds a copy of something that is named and dated
  /// elsewhere. Takes the descriptor over, also when it fails; `etag` is quoted.
  static Result<std::shared_ptr<const FileBody>> of(int descriptor, std::string etag,
                                                    Instant modified);
  ~FileBody();
  FileBody(const FileBody&) = delete;
  FileBody& operator=(const FileBody&) = delete;

  int descriptor() const { return descriptor_; }
  std::uint64_t size() const { return size_; }
  const std::string& etag() const { return etag_; }
  const std::string& last_modified() const { return last_modified_; }

 private:
  FileBody() = default;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::string etag_;
  std::string last_modified_;
};

struct Response {
  using Body = std::variant<std::string, std::shared_ptr<const CachedBody>,
                            std::shared_ptr<const FileBody>, std::shared_ptr<Stream>>;

  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  Body body;

  /// Adds a field; content-length, date, connection and the security headers are the server's.
  /// Line breaks in name or value are refused with a thrown std::invalid_argument (a defect).
  Response& set(std::string_view name, std::string_view value);
  std::optional<std::string_view> header(std::string_view name) const;
  /// The owned text, empty for other kinds; for tests.
  std::string_view text() const;
};

/// A JSON body that is already serialised. Owned bodies of more than about 1 kB from handlers that
/// are not inline are compressed by the server when the client wants it.
Response json(int status, std::string body);
Response text(int status, std::string body,
              std::string_view content_type = "text/plain; charset=utf-8");
/// No body: 204, or any other status.
Response empty(int status = 204);
/// {"error": {"code", "message", "detail"?}} with the status that belongs to the code. `detail` is
/// what the caller explicitly makes public; Error::detail never leaves the process.
Response error(const Error& error, std::string_view detail = {});
Response error(ErrorCode code, std::string message);
/// Cached content: 200, or by the server 304; gzip or brotli by Accept-Encoding.
Response cached(std::shared_ptr<const CachedBody> body);
/// A file: ETag, Last-Modified, Range and If-Range are handled by the server.
Response file(std::shared_ptr<const FileBody> body, std::string_view content_type,
              std::string_view cache_control = "no-cache");
/// A stream of bytes without end; see sse.hpp and stream.hpp for the two kinds.
Response stream(std::shared_ptr<Stream> stream, std::string_view content_type);
/// Appends `text` as a JSON string, quotes included; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace vedette::http
