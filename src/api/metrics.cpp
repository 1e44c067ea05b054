#include "api/metrics.hpp"

#include <vector>

#include "api/jobs.hpp"
#include "base/process.hpp"
#include "db/database.hpp"
#include "http/server.hpp"
#include "http/sse.hpp"
#include "work/supervisor.hpp"

namespace vedette::api {
namespace {

void add_http(Families& all, const http::ServerStats& stats) {
  std::vector<Families::Sample> responses;
  for (std::size_t i = 1; i < stats.by_class.size(); ++i) {
    responses.push_back(
        {static_cast<double>(stats.by_class[i]), {{"status", std::to_string(i) + "xx"}}});
  }
  all.add(MetricKind::kCounter, "vedette_http_requests_total",
          "Requests answered, by class of status.", responses);
  Families::Histogram latency;
  latency.sum = stats.latency_sum_s;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < http::ServerStats::kBuckets; ++i) {
    cumulative += stats.bucket_count[i];
    latency.buckets.emplace_back(stats.bucket_s[i], cumulative);
  }
  all.add("vedette_http_request_seconds",
          "From the head read to the answer handed to the kernel; streams left out.", latency);
  all.add(MetricKind::kGauge, "vedette_http_connections", "Open connections.", stats.connections);
  all.add(MetricKind::kCounter, "vedette_http_refused_total",
          "Connections and streams turned away, or closed to make room.",
          static_cast<double>(stats.refused));
  all.add(MetricKind::kCounter, "vedette_http_timed_out_total",
          "Connections closed by a phase's time limit.", static_cast<double>(stats.timed_out));
  all.add(MetricKind::kCounter, "vedette_http_malformed_total", "Requests that did not parse.",
          static_cast<double>(stats.malformed));
  all.add(MetricKind::kCounter, "vedette_http_busy_total",
          "Requests answered with 503 because too many waited.",
          static_cast<double>(stats.pool_full));
  all.add(MetricKind::kGauge, "vedette_http_waiting", "Requests that wait for a thread.",
          stats.pool_waiting);
  all.add(MetricKind::kCounter, "vedette_http_sent_bytes_total", "Bytes sent.",
          static_cast<double>(stats.bytes_sent));
}

void add_loops(Families& all, const work::SupervisorMetrics& metrics) {
  std::vector<Families::Sample> states;
  std::vector<Families::Sample> healths;
  std::vector<Families::Sample> restarts;
  std::vector<Families::Sample> success;
  for (const auto& loop : metrics.loops) {
    states.push_back({1, {{"loop", loop.name}, {"state", std::string(work::name(loop.state))}}});
    healths.push_back({1, {{"loop", loop.name}, {"health", std::string(work::name(loop.health))}}});
    restarts.push_back({static_cast<double>(loop.restarts), {{"loop", loop.name}}});
    if (loop.seconds_since_success)
      success.push_back({*loop.seconds_since_success, {{"loop", loop.name}}});
  }
  all.add(MetricKind::kGauge, "vedette_loop_state", "1 for the state a loop is in.", states);
  all.add(
      MetricKind::kGauge, "vedette_loop_health",
      "1 for how a loop is: good; wait, when it is not there yet or does not work as well as it "
      "should (a camera that is too slow); bad.",
      healths);
  all.add(MetricKind::kCounter, "vedette_loop_restarts_total", "Restarts after failures.",
          restarts);
  all.add(MetricKind::kGauge, "vedette_loop_seconds_since_success",
          "Time since a loop's last success.", success);
  all.add(MetricKind::kGauge, "vedette_leases_held", "Leases held.",
          static_cast<double>(metrics.leases_held));
  all.add(MetricKind::kCounter, "vedette_leases_lost_total", "Leases lost.",
          static_cast<double>(metrics.leases_lost));
  all.add(MetricKind::kGauge, "vedette_lease_renewal_seconds", "How long the last renewal took.",
          metrics.last_renewal_s.value_or(0));
  all.add(MetricKind::kGauge, "vedette_lease_renewal_longest_seconds",
          "The longest renewal since the process started.", metrics.longest_renewal_s);
  all.add(MetricKind::kCounter, "vedette_lease_renewals_total", "Renewals that succeeded.",
          static_cast<double>(metrics.renewals));
  all.add(MetricKind::kCounter, "vedette_lease_renewals_failed_total",
          "Renewals that failed: the database was away, full or too slow.",
          static_cast<double>(metrics.renewals_failed));
  all.add(MetricKind::kGauge, "vedette_leases_database_reachable",
          "1 while leases can be renewed and taken.", metrics.is_database_reachable ? 1 : 0);
}

}  // namespace

std::string metrics_text(const CoreServices& services) {
  Families all;
  all.add(MetricKind::kGauge, "vedette_resident_bytes", "Resident memory of this process.",
          static_cast<double>(resident_bytes()));
  add_http(all, services.server_stats());
  add_loops(all, services.supervisor.metrics());
  const db::DatabaseState database = services.database.state();
  all.add(MetricKind::kGauge, "vedette_database_reachable", "1 while the database answers.",
          database.reachable ? 1 : 0);
  all.add(MetricKind::kCounter, "vedette_database_writes_total", "Write transactions.",
          static_cast<double>(database.writes));
  all.add(MetricKind::kGauge, "vedette_live_viewers", "Open live pictures.",
          services.live_streams());
  all.add(MetricKind::kGauge, "vedette_event_streams", "Open event streams.",
          services.events.clients());
  all.add(MetricKind::kCounter, "vedette_event_resyncs_total",
          "Event streams that were too slow and were told to fetch anew.",
          static_cast<double>(services.events.resyncs()));
  measure_jobs(all, services);
  services.measure(all);
  return all.text();
}

}  // namespace vedette::api
