// The cameras' part of /metrics.
#include <utility>
#include <vector>

#include "api/traffic/traffic_services.hpp"
#include "db/database.hpp"
#include "traffic/camera_status.hpp"

namespace vedette::api {

void measure_cameras(Families& all, db::Database& database) {
  auto figures =
      database.read([](db::Session& session) { return traffic::stored_figures(session); });
  if (!figures) return;
  const auto add = [&](MetricKind kind, const char* name, const char* help, auto value_of) {
    std::vector<Families::Sample> samples;
    for (const auto& [id, stored] : *figures)
      samples.push_back({static_cast<double>(value_of(stored.figures)), {{"camera", id}}});
    all.add(kind, name, help, samples);
  };
  using traffic::CameraFigures;
  constexpr const char* kAsOf = "As of the camera's last report.";
  add(MetricKind::kGauge, "vedette_camera_decoded_fps", kAsOf,
      [](const CameraFigures& f) { return f.fps_decoded; });
  add(MetricKind::kGauge, "vedette_camera_inferred_fps", kAsOf,
      [](const CameraFigures& f) { return f.fps_inferred; });
  add(MetricKind::kGauge, "vedette_camera_inference_milliseconds", kAsOf,
      [](const CameraFigures& f) { return f.ms; });
  add(MetricKind::kCounter, "vedette_camera_dropped_frames_total",
      "Frames skipped since the source was opened, because a newer one was there.",
      [](const CameraFigures& f) { return f.dropped; });
}

}  // namespace vedette::api
