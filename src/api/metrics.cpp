#include "api/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <utility>
#include <vector>

#include "api/pictures.hpp"
#include "base/process.hpp"
#include "db/database.hpp"
#include "http/server.hpp"
#include "http/sse.hpp"
#include "traffic/camera_status.hpp"
#include "work/supervisor.hpp"

namespace vedette::api {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families {
 public:
  MetricFamily& family(MetricType type, std::string name, std::string help) {
    MetricFamily family;
    family.name = std::move(name);
    family.help = std::move(help);
    family.type = type;
    families_.push_back(std::move(family));
    return families_.back();
  }
  static void gauge(MetricFamily& family, double value, Labels labels = {}) {
    ClientMetric metric;
    metric.gauge.value = value;
    metric.counter.value = value;
    metric.label = std::move(labels);
    family.metric.push_back(std::move(metric));
  }
  void one(MetricType type, std::string name, std::string help, double value) {
    gauge(family(type, std::move(name), std::move(help)), value);
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

void add_http(Families& all, const http::ServerStats& stats) {
  MetricFamily& responses = all.family(MetricType::Counter, "vedette_http_requests_total",
                                       "Requests answered, by class of status.");
  for (std::size_t i = 1; i < stats.by_class.size(); ++i) {
    Families::gauge(responses, static_cast<double>(stats.by_class[i]),
                    {{"status", std::to_string(i) + "xx"}});
  }
  MetricFamily& latency =
      all.family(MetricType::Histogram, "vedette_http_request_seconds",
                 "From the head read to the answer handed to the kernel; streams left out.");
  ClientMetric histogram;
  histogram.histogram.sample_sum = stats.latency_sum_s;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < http::ServerStats::kBuckets; ++i) {
    cumulative += stats.bucket_count[i];
    histogram.histogram.bucket.push_back({cumulative, stats.bucket_s[i]});
  }
  histogram.histogram.sample_count = cumulative;
  latency.metric.push_back(std::move(histogram));
  all.one(MetricType::Gauge, "vedette_http_connections", "Open connections.", stats.connections);
  all.one(MetricType::Counter, "vedette_http_refused_total",
          "Connections turned away or closed to make room.", static_cast<double>(stats.refused));
  all.one(MetricType::Counter, "vedette_http_timed_out_total",
          "Connections closed by a phase's time limit.", static_cast<double>(stats.timed_out));
  all.one(MetricType::Counter, "vedette_http_sent_bytes_total", "Bytes sent.",
          static_cast<double>(stats.bytes_sent));
}

void add_loops(Families& all, const work::SupervisorMetrics& metrics) {
  MetricFamily& state =
      all.family(MetricType::Gauge, "vedette_loop_state", "1 for the state a loop is in.");
  for (const auto& loop : metrics.loops) {
    Families::gauge(state, 1,
                    {{"loop", loop.name}, {"state", std::string(work::name(loop.state))}});
  }
  MetricFamily& restarts =
      all.family(MetricType::Counter, "vedette_loop_restarts_total", "Restarts after failures.");
  for (const auto& loop : metrics.loops) {
    Families::gauge(restarts, static_cast<double>(loop.restarts), {{"loop", loop.name}});
  }
  MetricFamily& success = all.family(MetricType::Gauge, "vedette_loop_seconds_since_success",
                                     "Time since a loop's last success.");
  for (const auto& loop : metrics.loops) {
    if (loop.seconds_since_success)
      Families::gauge(success, *loop.seconds_since_success, {{"loop", loop.name}});
  }
  all.one(MetricType::Gauge, "vedette_leases_held", "Leases held.",
          static_cast<double>(metrics.leases_held));
  all.one(MetricType::Counter, "vedette_leases_lost_total", "Leases lost.",
          static_cast<double>(metrics.leases_lost));
  all.one(MetricType::Gauge, "vedette_lease_renewal_seconds", "How long the last renewal took.",
          metrics.last_renewal_s.value_or(0));
}

void add_cameras(Families& all, const Services& services) {
  auto figures = services.database->read(
      [](db::Session& session) { return traffic::stored_figures(session); });
  if (!figures) return;
  const std::pair<const char*, double traffic::CameraFigures::*> rates[] = {
      {"vedette_camera_decoded_fps", &traffic::CameraFigures::fps_decoded},
      {"vedette_camera_inferred_fps", &traffic::CameraFigures::fps_inferred},
      {"vedette_camera_inference_milliseconds", &traffic::CameraFigures::ms}};
  for (const auto& [name, member] : rates) {
    MetricFamily& family = all.family(MetricType::Gauge, name, "As of the camera's last report.");
    for (const auto& [id, stored] : *figures)
      Families::gauge(family, stored.figures.*member, {{"camera", id}});
  }
  MetricFamily& dropped =
      all.family(MetricType::Counter, "vedette_camera_dropped_frames_total",
                 "Frames skipped since the source was opened, because a newer one was there.");
  for (const auto& [id, stored] : *figures) {
    Families::gauge(dropped, static_cast<double>(stored.figures.dropped), {{"camera", id}});
  }
}

}  // namespace

std::string metrics_text(const Services& services) {
  Families all;
  all.one(MetricType::Gauge, "vedette_resident_bytes", "Resident memory of this process.",
          static_cast<double>(resident_bytes()));
  add_http(all, services.server_stats());
  add_loops(all, services.supervisor->metrics());
  const db::DatabaseState database = services.database->state();
  all.one(MetricType::Gauge, "vedette_database_reachable", "1 while the database answers.",
          database.reachable ? 1 : 0);
  all.one(MetricType::Counter, "vedette_database_writes_total", "Write transactions.",
          static_cast<double>(database.writes));
  all.one(MetricType::Gauge, "vedette_live_viewers", "Open live pictures.",
          services.pictures->viewers());
  all.one(MetricType::Gauge, "vedette_event_streams", "Open event streams.",
          services.events->clients());
  add_cameras(all, services);
  return all.text();
}

}  // namespace vedette::api
