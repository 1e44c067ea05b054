// From method and path to handler. Filled once at start-up, then read by all io threads without a
// lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/request.hpp"
#include "http/response.hpp"

namespace vedette::http {

/// Called from several threads at once, hence const. A thrown exception is logged once and answered
/// with 500 and the request's id.
using Handler = std::move_only_function<Response(const Request&) const>;

/// What a request body must be; anything else is answered with 415. A request without a body passes
/// and is the handler's to judge.
enum class BodyKind : std::uint8_t {
  kJson,
  kAny,
  /// Of any type, and not collected: the handler is called at the head, on PoolKind::kSlow, and
  /// reads Request::stream while the body comes. Memory stays flat up to any `body_limit`.
  kStream,
};

/// Where a handler runs that is not inline. Each pool is bounded by itself: when its queue is full
/// the answer is 503 with Retry-After, and the other pools go on.
enum class PoolKind : std::uint8_t {
  kQuick,  // waits for the database, nothing else
  kSlow,   // may wait for other machines, or work for long
  kLogIn,  // hashes passwords
};

struct RouteOptions {
  std::uint64_t body_limit = 1 << 20;  // beyond it: 413
  BodyKind body = BodyKind::kJson;     // of POST, PUT and PATCH
  /// Nobody needs to be known: health, log-in. Host and origin checks stay.
  bool open = false;
  /// A read that tells what only those are to know who may change something: checked as a write.
  bool as_write = false;
  /// Answered also when all connections are taken: health. Must be inline.
  bool is_vital = false;
  /// The handler runs on the io thread. Only for handlers that never block: memory in, memory out,
  /// under about 100 us. All others run on a bounded pool.
  bool inline_ok = false;
  PoolKind pool = PoolKind::kQuick;
  /// Asked first, on the io thread and under the same rule: an answer that is at hand, or nullopt
  /// for the handler to make one on the pool.
  std::function<std::optional<Response>(const Request&)> at_hand = {};
};

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// `pattern` is a path; `{name}` captures one segment, `{name*}` as the last one captures the
  /// rest with its slashes (at least one character). Fixed segments win over captures. Throws
  /// std::invalid_argument for a malformed pattern or one that is taken: defects, found at
  /// start-up. GET also answers HEAD; OPTIONS and 405 with Allow come by themselves.
  void get(std::string_view pattern, Handler handler, RouteOptions options = {});
  void post(std::string_view pattern, Handler handler, RouteOptions options = {});
  void put(std::string_view pattern, Handler handler, RouteOptions options = {});
  void patch(std::string_view pattern, Handler handler, RouteOptions options = {});
  void del(std::string_view pattern, Handler handler, RouteOptions options = {});
  /// Answers GET and HEAD of every path that no route knows, except below /api/.
  void fallback(Handler handler, RouteOptions options = {});

  /// Asked before the handler of every route below `prefix` that is here by now: its answer instead
  /// of theirs, or nullopt. Must not block.
  using Guard = std::function<std::optional<Response>(const Request&)>;
  void guard(std::string_view prefix, const Guard& guard);

  struct Route {
    Handler handler;
    RouteOptions options;
    std::string pattern;
  };
  struct Match {
    const Route* route = nullptr;  // null: answer with `status`
    int status = 404;              // 404, 405, or 204 for OPTIONS
    std::string allow;             // with 405 and 204
  };
  /// Finds the route of `request.method` and `request.path` and fills `request.params`.
  Match match(Request& request) const;
  /// The answer where nothing matched: 404, 405 or 204.
  static Response refusal(const Match& match, const Request& request);
  /// Matches and calls, without server, limits or auth; for tests of handlers.
  Response call(Request request) const;

 private:
  struct Table;
  void add(Method method, std::string_view pattern, Handler handler, RouteOptions options);
  std::unique_ptr<Table> table_;
};

}  // namespace vedette::http
