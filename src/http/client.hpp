// Asks another server of ours: one GET, its answer as a whole or as it comes. For `vedette status`
// and `vedette doctor`, and for the pictures of cameras that another process watches. Blocking,
// bounded in time and size; libcurl carries it. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"

namespace vedette::http {

struct HttpTarget {
  std::string host;  // name or address, IPv6 without brackets
  std::string port;
  std::string base;  // path in front of all, without a final slash
  bool is_https = false;
};

/// Reads "http://host:port/base", the same with https, "host:port" or "host". kUsage otherwise.
Result<HttpTarget> parse_target(std::string_view url);
/// As parse_target() reads it: "http://host:port/base".
std::string to_url(const HttpTarget& target);

struct GetOptions {
  std::string token = {};  // bearer token; empty: none
  /// For a whole answer, or until the head of a stream.
  Micros timeout = std::chrono::seconds(5);
  std::uint64_t most_bytes = std::uint64_t{8} << 20;  // of a body; 0: no bound, for streams
  std::stop_token stop = {};                          // ends every wait with kCancelled
};

struct HttpReply {
  int status = 0;
  std::string content_type;  // as it came, or empty
  std::string body;
};

/// GET `path`; redirections are not followed. kUnavailable: nobody answers, or not with a
/// certificate that this machine trusts; kTimeout; kCorrupt: what answers is not HTTP or says more
/// than allowed.
Result<HttpReply> http_get(const HttpTarget& target, std::string_view path,
                           const GetOptions& options);

/// An answer that is read as it comes.
class HttpStream {
 public:
  /// Asks, and waits for the head of the answer. Errors as of http_get().
  static Result<HttpStream> open(const HttpTarget& target, std::string_view path,
                                 const GetOptions& options);
  ~HttpStream();
  HttpStream(HttpStream&&) noexcept;
  HttpStream& operator=(HttpStream&&) noexcept;

  int status() const;
  /// As it came, or empty.
  std::string content_type() const;
  /// What came next, some MiB at most. Empty: nothing within `timeout`, or is_over(). kCorrupt
  /// when it was cut off.
  Result<std::string> read(Micros timeout);
  /// The answer has come to its end, and was read.
  bool is_over() const;

 private:
  class State;
  explicit HttpStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vedette::http
