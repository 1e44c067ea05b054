// Bytes of one HTTP resource, pulled: for MJPEG cameras, files and playlists over HTTP. libcurl
// does the talking, so that we decide where a redirect may lead. One a stream, on its reader's
// thread. Only inside src/media.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "media/source_url.hpp"

namespace vedette::media {

class HttpStream {
 public:
  struct Range {
    std::int64_t first = 0;
    std::optional<std::int64_t> last;  // of the bytes asked for
  };

  /// Asks for `address` (an absolute URL without user and secret; those of `url` are sent) and
  /// waits for the first bytes. Redirects are followed on the same host only, and never in circles.
  /// `is_given_up` is asked often while it waits. Fails with a sentence about `url`.
  static Result<std::unique_ptr<HttpStream>> open(const SourceUrl& url, const std::string& address,
                                                  Range range, std::function<bool()> is_given_up);
  ~HttpStream();
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

  /// Where it came from in the end.
  const std::string& address() const { return address_; }
  /// In small letters, without parameters.
  const std::string& content_type() const { return content_type_; }
  /// Of the whole resource, when the server says.
  std::optional<std::int64_t> size() const { return size_; }

  /// The next bytes, at least one; 0 at the end; else an AVERROR.
  int read(std::span<std::uint8_t> into);
  /// The next bytes without taking them, as many as are here, at least one before the end.
  std::string_view peek();
  /// Goes on at this place; an AVERROR when the server does not do that.
  std::int64_t seek(std::int64_t to);

 private:
  struct Transfer;

  HttpStream(SourceUrl url, std::function<bool()> is_given_up);
  Result<> ask(std::string address, Range range);
  Result<> ask_once(Range range);
  Error explain() const;
  // Until bytes are here, or the end.
  int wait_for_bytes();

  SourceUrl url_;
  std::function<bool()> is_given_up_;
  std::string address_;
  std::string content_type_;
  std::optional<std::int64_t> size_;
  bool is_seekable_ = false;
  std::int64_t position_ = 0;
  std::unique_ptr<Transfer> transfer_;
};

}  // namespace vedette::media
