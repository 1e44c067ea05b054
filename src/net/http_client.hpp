// Asks another server, of ours or an object store: any method, a body from memory or as it is read,
// the answer as a whole, into a sink, or as it comes. Blocking, bounded in time and size; libcurl
// carries it. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "net/http_target.hpp"

namespace vedette::net {

using HeaderFields = std::vector<std::pair<std::string, std::string>>;

/// A body that is not in memory.
struct BodySource {
  std::uint64_t size = 0;
  /// Fills the front of the span and says how much; 0 only when it is empty. An error of it ends
  /// the request and is passed on.
  std::function<Result<std::size_t>(std::span<char>)> read = {};
  /// Begins anew, for a connection that was kept and turns out to be gone; empty: it cannot.
  std::function<void()> rewind = {};
};

struct HttpRequest {
  std::string method = "GET";
  std::string path = "/";  // behind the target's base, with query; sent exactly as it is
  HeaderFields headers = {};
  std::string body = {};
  std::optional<BodySource> source = {};  // instead of `body`
};

/// Connections that stay open between requests, for who asks the same server often. Made without
/// touching the network. Outlives what uses it; any thread.
class Connections {
 public:
  /// Beyond `most_idle` unused ones are closed.
  explicit Connections(std::size_t most_idle = 8);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

 private:
  friend class HttpStream;
  class Idle;
  std::unique_ptr<Idle> idle_;
};

struct AskOptions {
  std::string token = {};  // bearer token; empty: none
  /// Called last before the request goes out, to add the fields of a signature.
  std::function<Result<void>(const HttpTarget&, HttpRequest&)> sign = {};
  /// For a whole answer, or until the head of a stream; the request's body included.
  Micros timeout = std::chrono::seconds(5);
  /// Not zero: instead of `timeout`, for bodies of any size, how long no byte may move either way.
  Micros stall{};
  std::uint64_t most_bytes = std::uint64_t{8} << 20;  // of a body; 0: no bound, for streams
  std::stop_token stop = {};                          // ends every wait with kCancelled
  Connections* connections = nullptr;                 // none: a fresh one for this request
  std::string ca_file = {};  // certificates to trust instead of the machine's; empty: those
};

struct HttpReply {
  int status = 0;
  std::string content_type;  // as it came, or empty
  HeaderFields headers;
  std::string body;

  /// The first field of that name, in any case.
  std::optional<std::string_view> header(std::string_view name) const;
};

/// Takes an answer's body as it comes; an error of it ends the request and is passed on.
using BodySink = std::function<Result<void>(std::string_view)>;

/// Redirections are not followed. kUsage: a method, path or field that cannot be sent;
/// kUnavailable: nobody answers, or not with a certificate that this machine trusts; kTimeout;
/// kCorrupt: what answers is not HTTP, ends in the middle (then it is retryable) or says more than
/// allowed. An answer of any status is no error.
Result<HttpReply> http_ask(const HttpTarget& target, HttpRequest request,
                           const AskOptions& options);
/// The same with the body of a 2xx going to `sink`; that of others is the reply's, 1 MiB at most.
Result<HttpReply> http_ask(const HttpTarget& target, HttpRequest request, const AskOptions& options,
                           const BodySink& sink);
/// GET `path`.
Result<HttpReply> http_get(const HttpTarget& target, std::string_view path,
                           const AskOptions& options);

/// An answer that is read as it comes.
class HttpStream {
 public:
  /// Asks, and waits for the head of the answer. Errors as of http_ask().
  static Result<HttpStream> open(const HttpTarget& target, HttpRequest request,
                                 const AskOptions& options);
  ~HttpStream();
  HttpStream(HttpStream&&) noexcept;
  HttpStream& operator=(HttpStream&&) noexcept;

  int status() const;
  /// As it came, or empty.
  std::string content_type() const;
  const HeaderFields& headers() const;
  /// What came next, about a MiB at most. Empty: nothing within `timeout`, or is_over(). kCorrupt
  /// when it was cut off.
  Result<std::string> read(Micros timeout);
  /// The same into a text whose room is used again and again.
  Result<void> read(std::string& into, Micros timeout);
  /// The answer has come to its end, and was read.
  bool is_over() const;

 private:
  class State;
  explicit HttpStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vedette::net
