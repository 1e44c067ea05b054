// The cameras' part of /metrics.
#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/traffic/traffic_services.hpp"
#include "db/database.hpp"
#include "db/sql.hpp"
#include "traffic/camera_status.hpp"

namespace vedette::api {
namespace {

// A camera at work reports about once a second. One that has not for so long has no rate.
constexpr Micros kSilentFor = std::chrono::seconds(30);

using Figures = std::map<std::string, traffic::StoredFigures, std::less<>>;

struct Reports {
  Figures all;
  std::set<std::string, std::less<>> fresh;  // by the database's clock, as the reports are
};

Result<Reports> read_reports(db::Session& session) {
  const db::Dialect dialect = session.dialect();
  VEDETTE_TRY(figures, traffic::stored_figures(session));
  VEDETTE_TRY(rows, session.query("SELECT camera_id FROM camera_status WHERE updated_at >= " +
                                      db::plus_sql(dialect, db::now_sql(dialect), "$1"),
                                  {-kSilentFor.count()}));
  Reports reports{std::move(figures), {}};
  for (const db::Row& row : rows) reports.fresh.insert(row.get<std::string>(0));
  return reports;
}

}  // namespace

void measure_cameras(Families& all, db::Database& database) {
  auto reports = database.read(read_reports);
  if (!reports) return;
  const auto add = [&](MetricKind kind, const char* name, const char* help, auto value_of) {
    std::vector<Families::Sample> samples;
    for (const auto& [id, stored] : reports->all) {
      if (kind == MetricKind::kGauge && !reports->fresh.contains(id)) continue;
      samples.push_back({static_cast<double>(value_of(stored.figures)), {{"camera", id}}});
    }
    all.add(kind, name, help, samples);
  };
  using traffic::CameraFigures;
  constexpr const char* kAsOf = "As of the camera's last report, while it reports.";
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
