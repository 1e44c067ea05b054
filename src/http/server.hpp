// The HTTP server: accepts, reads within limits, asks Auth, dispatches by Router, writes, times
// out. One per process. start() and stop() from one thread; handlers run on io or pool threads.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "http/auth.hpp"
#include "http/router.hpp"

namespace vedette::http {

struct ServerOptions {
  std::string address = "127.0.0.1";  // an IP address, v4 or v6
  std::uint16_t port = 8080;          // 0: any free one, see Server::port()
  int io_threads = 1;
  int pool_threads = 4;          // of PoolKind::kQuick
  int slow_threads = 8;          // of PoolKind::kSlow
  std::size_t pool_queue = 256;  // waiting requests of each pool; beyond: 503 with Retry-After

  std::size_t header_bytes = std::size_t{16} << 10;  // request line and fields; beyond it: 431
  /// Beyond it the longest idle one is closed; when none is, a few more are taken in for a moment:
  /// those who ask a route with `is_vital` are answered, all others get 503.
  std::size_t connections = 4096;
  /// Of one address, except those that stand for others: this machine, and a proxy (see
  /// Auth::stands_for_others). 0: no bound.
  std::size_t connections_per_address = 512;
  /// Connections that may be event or picture streams; beyond it: 503. 0: three quarters of
  /// `connections`, so that short requests always find room.
  std::size_t streams = 0;
  std::size_t requests_per_connection = 100'000;
  /// Of one request, where its route allows more and does not stream it: 413.
  std::uint64_t max_body = UINT64_MAX;
  /// Of all requests together: a body claims its declared length (its route's limit when chunked)
  /// before it is read; what does not fit is answered with 503. One body alone always fits.
  /// Streamed bodies take about 2 MiB each while their handler runs, and do not count here.
  std::size_t body_memory = std::size_t{64} << 20;

  // Each phase of a connection has its own time; a coarse clock checks them once a second.
  std::chrono::seconds header_time{10};      // from a request's first byte to its last header byte
  std::chrono::seconds keep_alive_time{75};  // idle between requests; also before the first
  std::chrono::seconds body_time{30};        // between two pieces of a body
  std::size_t body_min_rate = std::size_t{4} << 10;  // bytes a second, averaged after body_time
  std::chrono::seconds write_time{30};               // without the client taking a single byte
};

/// Counters since start and gauges of now, for /metrics and the Operations page.
struct ServerStats {
  std::uint64_t requests = 0;
  std::array<std::uint64_t, 6> by_class{};  // [2] = 2xx ...
  std::uint64_t refused = 0;                // connections turned away or closed to make room, and
                                            // streams beyond their bound
  std::uint64_t timed_out = 0;              // connections closed by a phase's limit
  std::uint64_t malformed = 0;              // requests that did not parse
  std::uint64_t pool_full = 0;              // answered 503: pool or body memory full
  std::uint64_t bytes_sent = 0;
  std::uint32_t connections = 0;   // open now
  std::uint32_t streams = 0;       // of them, event or picture streams
  std::uint32_t pool_waiting = 0;  // requests queued for the pool now

  /// Upper bounds in seconds and counts of the latency histogram (head read to answer handed to the
  /// kernel; streams excluded). The last bound is infinite.
  static constexpr std::size_t kBuckets = 16;
  std::array<double, kBuckets> bucket_s{};
  std::array<std::uint64_t, kBuckets> bucket_count{};
  double latency_sum_s = 0;

  /// The histogram's quantile by linear interpolation within its bucket; 0 without requests.
  double quantile_s(double q) const;
};

class Server {
 public:
  /// `auth` outlives the server by sharing.
  Server(ServerOptions options, Router router, std::shared_ptr<const Auth> auth);
  /// Stops if stop() was not called.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds and starts the threads. kUnavailable with address and remedy when the port is taken.
  Result<void> start();
  /// The bound port; valid after start().
  std::uint16_t port() const;
  /// "http://127.0.0.1:8080", with brackets around v6.
  std::string url() const;
  /// In order: accepts no more, ends streams and idle connections, lets requests in flight finish
  /// within `grace`, closes the rest, joins the threads. Returns when all is quiet. Idempotent.
  void stop(std::chrono::milliseconds grace = std::chrono::seconds(5));
  ServerStats stats() const;

 private:
  struct Running;
  std::unique_ptr<Running> running_;
};

}  // namespace vedette::http
