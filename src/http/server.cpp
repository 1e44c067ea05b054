#include "http/server.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "base/log.hpp"
#include "http/acceptor.hpp"
#include "http/io_loop.hpp"
#include "http/shared_state.hpp"

namespace vedette::http {

struct Server::Running {
  Running(ServerOptions options, Router router, std::shared_ptr<const Auth> auth)
      : shared(std::move(options), std::move(router), std::move(auth)) {
    for (int i = 0; i < std::max(shared.options.io_threads, 1); ++i) {
      loops.push_back(std::make_shared<IoLoop>(shared, i));
    }
  }

  SharedState shared;
  std::vector<std::shared_ptr<IoLoop>> loops;
  std::unique_ptr<Acceptor> acceptor;
  bool is_started = false;
  bool is_stopped = false;
};

namespace {

/// Raises this process's soft limit of open files so that every connection can have one.
void allow_descriptors(std::size_t connections) {
  constexpr rlim_t kOthers = 1024;  // files, databases, cameras
  const rlim_t wanted = connections + kOthers;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted) {
    log::warn("http",
              "this process may open {} files, fewer than {} connections need: raise its "
              "limit (ulimit -n, LimitNOFILE=)",
              limit.rlim_cur, connections);
  }
}

}  // namespace

Server::Server(ServerOptions options, Router router, std::shared_ptr<const Auth> auth)
    : running_(std::make_unique<Running>(std::move(options), std::move(router), std::move(auth))) {}

Server::~Server() {
  stop();
}

Result<void> Server::start() {
  auto& running = *running_;
  allow_descriptors(running.shared.options.connections);
  running.acceptor = std::make_unique<Acceptor>(running.shared, running.loops);
  VEDETTE_CHECK(running.acceptor->listen());
  running.acceptor->start();
  for (const auto& loop : running.loops) loop->start();
  running.is_started = true;
  return {};
}

std::uint16_t Server::port() const {
  return running_->acceptor ? running_->acceptor->port() : 0;
}

std::string Server::url() const {
  const auto& address = running_->shared.options.address;
  const bool is_v6 = address.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(is_v6 ? "http://[{}]:{}" : "http://{}:{}"), address, port());
}

void Server::stop(std::chrono::milliseconds grace) {
  auto& running = *running_;
  if (running.is_stopped) return;
  running.is_stopped = true;
  if (!running.is_started) return;
  running.shared.is_stopping = true;
  running.acceptor->stop();
  for (const auto& loop : running.loops) loop->begin_stop();
  if (!running.shared.wait_quiet(grace)) {
    log::warn("http", "{} connections did not finish within {} ms and are closed",
              running.shared.open(), grace.count());
  }
  for (const auto& loop : running.loops) loop->abandon_bodies();
  // A handler that still runs is waited for: it may hold what is destroyed after this.
  running.shared.stop_pools();
  for (const auto& loop : running.loops) loop->finish_stop();
  for (const auto& loop : running.loops) loop->join();
  running.acceptor.reset();
}

ServerStats Server::stats() const {
  ServerStats stats;
  for (std::size_t i = 0; i < ServerStats::kBuckets; ++i) {
    stats.bucket_s[i] = i < kLatencyBounds_us.size()
                            ? static_cast<double>(kLatencyBounds_us[i]) / 1e6
                            : std::numeric_limits<double>::infinity();
  }
  for (const auto& loop : running_->loops) {
    const auto& counters = loop->counters();
    for (std::size_t i = 0; i < stats.by_class.size(); ++i) {
      stats.by_class[i] += counters.by_class[i];
      stats.requests += counters.by_class[i];
    }
    for (std::size_t i = 0; i < ServerStats::kBuckets; ++i) {
      stats.bucket_count[i] += counters.latency[i];
    }
    stats.latency_sum_s += static_cast<double>(counters.latency_sum_us) / 1e6;
    stats.refused += counters.refused;
    stats.timed_out += counters.timed_out;
    stats.malformed += counters.malformed;
    stats.pool_full += counters.pool_full;
    stats.bytes_sent += counters.bytes_sent;
    stats.connections += counters.connections;
    stats.streams += counters.streams;
  }
  stats.pool_waiting = static_cast<std::uint32_t>(running_->shared.pool_waiting());
  return stats;
}

double ServerStats::quantile_s(double q) const {
  std::uint64_t total = 0;
  for (const auto count : bucket_count) total += count;
  if (total == 0) return 0;
  const double rank = q * static_cast<double>(total);
  double below = 0;
  double low_s = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    const auto here = static_cast<double>(bucket_count[i]);
    if (here > 0 && below + here >= rank) {
      // Nothing is known about how far the last bucket reaches: its lower bound is said.
      if (i + 1 == kBuckets) return low_s;
      return low_s + (bucket_s[i] - low_s) * (rank - below) / here;
    }
    below += here;
    low_s = bucket_s[i];
  }
  return low_s;
}

}  // namespace vedette::http
