// Traffic as a pipeline: cameras are watched, road users counted, live pictures shown.
#include "app/traffic.hpp"

#include <chrono>
#include <opencv2/core/version.hpp>
#include <string>
#include <utility>

#include "api/event_relay.hpp"
#include "api/response_cache.hpp"
#include "api/traffic/pictures.hpp"
#include "api/traffic/remote_pictures.hpp"
#include "api/traffic/traffic_events.hpp"
#include "api/traffic/traffic_services.hpp"
#include "app/count_command.hpp"
#include "app/samples.hpp"
#include "app/watch_command.hpp"
#include "media/frame_source.hpp"
#include "traffic/count_job.hpp"
#include "traffic/keepers.hpp"
#include "traffic/live_view.hpp"
#include "traffic/roster.hpp"
#include "traffic/tables.hpp"
#include "work/supervisor.hpp"
#include "work/worker.hpp"

#ifdef VEDETTE_HAS_OPENVINO
#include <openvino/core/version.hpp>
#endif

extern "C" {
#include <libavutil/avutil.h>
}

namespace vedette::app {
namespace {

using namespace std::chrono_literals;

std::vector<api::DetectorChoice> detector_choices(const traffic::Detectors& detectors,
                                                  std::vector<std::string>& notes) {
  std::vector<api::DetectorChoice> choices;
  bool has_usable = false;
  for (const traffic::FoundModel& model : detectors.found()) {
    choices.push_back({model.name, false, model.licence, model.types, model.problem});
    has_usable = has_usable || model.problem.empty();
  }
  choices.push_back({std::string(traffic::kMotion), true, "", {"moving"}, ""});
  if (!has_usable) {
    notes.emplace_back(
        "No detection model was found: cameras count by motion and cannot tell types apart. Put a "
        "model "
        "and its sidecar into the models folder (`vedette doctor` names it).");
  }
  if (!media::has_openvino()) {
    notes.emplace_back(
        "OpenVINO is not in this build: models run in OpenCV, about four times slower.");
  }
  return choices;
}

class Traffic final : public Pipeline {
 public:
  explicit Traffic(const Core& core)
      : core_(core),
        history_cache_(64, 10s),
        live_({core.settings.live.fps, core.settings.live.quality, core.settings.live.max_width},
              core.cpu, [this](std::string_view camera) { return pictures_.sink(camera); }),
        detectors_(detector_settings(core.settings)),
        remote_pictures_(core.database, core.supervisor, live_, pictures_,
                         core.settings.auth.protect_reads ? core.settings.auth.token : ""),
        services_(std::make_shared<const api::TrafficServices>(
            api::TrafficServices{.core = core.services,
                                 .live = live_,
                                 .blobs = core.blobs,
                                 .pictures = pictures_,
                                 .remote_pictures = remote_pictures_,
                                 .history_cache = history_cache_,
                                 .file_folders = core.settings.watch.file_folders,
                                 .any_certificate = core.settings.watch.any_certificate,
                                 .detectors = [this](std::vector<std::string>& notes) {
                                   return detector_choices(detectors_, notes);
                                 }})) {}

  Result<void> add_loops() override;
  void mount(http::Router& router) override {
    api::mount_traffic(router, services_);
    for (api::EventSource& source : api::traffic_events(services_)) {
      core_.relay.add(std::move(source));
    }
  }
  void mount_for_peers(http::Router& router) override { api::mount_pictures(router, services_); }
  void measure(api::Families& all) const override { api::measure_cameras(all, core_.database); }
  void note(std::vector<api::Note>& notes) const override {
    api::note_cameras(notes, core_.database);
  }
  int live_streams() const override { return pictures_.viewers(); }
  void loops_changed() override { remote_pictures_.loops_changed(); }
  // Streams would keep the server waiting for clients that never leave.
  void end_streams() override {
    remote_pictures_.stop();
    pictures_.close();
  }

 private:
  const Core core_;
  api::ResponseCache history_cache_;
  api::PictureTopics pictures_;
  traffic::LiveViews live_;
  traffic::Detectors detectors_;
  api::RemotePictures remote_pictures_;
  std::shared_ptr<const api::TrafficServices> services_;
};

Result<void> Traffic::add_loops() {
  const config::Settings& settings = core_.settings;
  const traffic::CameraLoopParts parts{
      &core_.database,
      &detectors_,
      &live_,
      &core_.clock,
      &core_.blobs,
      {settings.watch.stall, settings.watch.retry_max, settings.watch.max_picture,
       settings.watch.file_folders, settings.watch.any_certificate}};
  VEDETTE_CHECK(core_.jobs.add(traffic::count_file_kind(parts)));
  work::Supervisor& supervisor = core_.supervisor;
  VEDETTE_CHECK(
      supervisor.add(traffic::roster_loop(supervisor, parts, settings.watch.max_cameras)));
  VEDETTE_CHECK(supervisor.add(traffic::rollup_loop(core_.database, settings.rollup.every)));
  VEDETTE_CHECK(supervisor.add(traffic::retention_loop(
      core_.database, core_.blobs,
      {settings.history.live_retention, settings.history.crossings_retention,
       settings.history.five_minute_retention, settings.history.hourly_retention},
      core_.clock)));
  return {};
}

std::string openvino_version() {
#ifdef VEDETTE_HAS_OPENVINO
  // "2026.4.1-21000-abcdef-releases/2026/4": the number is enough.
  const std::string build = ov::get_openvino_version().buildNumber;
  return build.substr(0, build.find('-'));
#else
  return {};
#endif
}

std::vector<PartVersion> parts() {
  return {{"OpenVINO", openvino_version()}, {"OpenCV", CV_VERSION}, {"FFmpeg", av_version_info()}};
}

}  // namespace

traffic::DetectorSettings detector_settings(const config::Settings& settings) {
  traffic::DetectorSettings detectors;
  detectors.folders = model_folders(settings);
  detectors.preferred = settings.watch.model;
  media::DetectorOptions& options = detectors.options;
  options.engine = settings.watch.engine;
  options.threads = settings.watch.thread_count();
  options.precision = settings.watch.precision;
  options.device = settings.watch.device;
  options.score_threshold = static_cast<float>(settings.watch.score);
  options.cache_dir = settings.data.dir / "cache" / "models";
  return detectors;
}

PipelineKind traffic_pipeline() {
  return {
      .name = "traffic",
      .migrations = traffic::migrations,
      .add_commands =
          [](CommandLine& line) {
            add_watch_command(line);
            add_count_command(line);
          },
      .check = check_traffic,
      .parts = parts,
      .add_demo = [](const Core& core) { return add_demo_cameras(core.settings, core.database); },
      .jobs = [] { return std::vector{traffic::count_file_kind({})}; },
      .make = [](const Core& core) -> std::unique_ptr<Pipeline> {
        return std::make_unique<Traffic>(core);
      }};
}

}  // namespace vedette::app
