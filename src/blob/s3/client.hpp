// Sends signed requests to S3 and gets its answer, through passing failures: waits and tries again
// when the server is busy or away, puts its clock right, follows a bucket to its region, each time
// with a fresh signature. Used by the S3 store; the network is touched by the first request. Any
// thread.
#pragma once

#include <atomic>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"
#include "blob/options.hpp"
#include "blob/s3/answers.hpp"
#include "blob/s3/route.hpp"
#include "blob/s3/signer.hpp"
#include "blob/s3/slice.hpp"
#include "net/http_client.hpp"

namespace vedette::blob::s3 {

/// How far the server's clock may be from ours before it matters: servers take a quarter of an
/// hour.
inline constexpr Micros kNoticedSkew = std::chrono::minutes(5);

struct Ask {
  std::string method = "GET";
  std::optional<std::string> key = {};  // the whole one, prefix included; none: the bucket
  Pairs query = {};
  Pairs headers = {};               // beside those of the signature
  std::string_view body = {};       // stays as it is until the answer is there
  std::optional<Slice> slice = {};  // instead of it
  std::stop_token stop = {};
  bool is_streamed = false;    // the body of a success is left in Reply::stream
  bool may_say_error = false;  // a success may hold <Error>
  bool is_tried_once = false;  // for what is tidied up on the way out
};

struct Reply {
  int status = 0;
  net::HeaderFields headers;
  std::string body;
  std::optional<net::HttpStream> stream;

  /// Empty when there is none.
  std::string_view header(std::string_view name) const;
};

class Client {
 public:
  /// Touches nothing. `route` is make_route(options); `clock` outlives this.
  Client(S3Options options, Route route, const Clock& clock);

  /// The answer of a success (2xx). Errors: kNotFound (404 for a key), kInvalid (416), kConflict
  /// (409, 412), kUnavailable, kTimeout, kCorrupt, kDiskFull, kTooLarge, kCancelled; their detail
  /// is the server's own code. And those of a slice.
  Result<Reply> ask(const Ask& ask);

  /// The random wait before a further try, after so many failures in a row (from 1). kCancelled.
  Result<void> pause(int failures, const std::stop_token& stop) const;

  /// A presigned address; a plain one without credentials.
  std::string link(const std::string& key, const Pairs& query, std::chrono::seconds valid_for);

  const S3Options& options() const { return options_; }
  /// "the bucket b at s3.example.org"
  std::string place() const;
  Route route() const VEDETTE_EXCLUDES(route_mutex_);
  /// How far the server's clock is ahead of ours, as far as it had to be known.
  Micros skew() const { return Micros(skew_us_.load()); }

 private:
  Result<std::string> payload_hash(const Ask& ask) const;
  Result<Reply> attempt(const Ask& ask, const Route& route, const std::string& payload_hash);
  void sign(const Route& route, const Ask& ask, const std::string& payload_hash,
            net::HttpRequest& request) const;
  bool correct(const Ask& ask, const Reply& reply, const Route& route)
      VEDETTE_EXCLUDES(route_mutex_);
  Error explain(const Ask& ask, const Reply& reply) const;
  Instant now() const { return clock_.now() + skew(); }

  const S3Options options_;
  const Credentials credentials_;
  const Clock& clock_;
  net::Connections connections_;
  std::atomic<std::int64_t> skew_us_ = 0;

  mutable Mutex route_mutex_;
  Route route_ VEDETTE_GUARDED_BY(route_mutex_);
};

}  // namespace vedette::blob::s3
