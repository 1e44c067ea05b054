// Imagery as a pipeline: images are taken in, analysed by jobs, and shown.
#include "app/imagery.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/event_relay.hpp"
#include "api/imagery/imagery_services.hpp"
#include "app/imagery_analyze.hpp"
#include "app/imagery_demo.hpp"
#include "app/options.hpp"
#include "imagery/analyze_job.hpp"
#include "imagery/image_file.hpp"
#include "imagery/object_sweep.hpp"
#include "imagery/tables.hpp"
#include "imagery/temporary_folder.hpp"
#include "work/supervisor.hpp"
#include "work/worker.hpp"

namespace vedette::app {
namespace {

std::filesystem::path scratch_folder(const config::Settings& settings) {
  return settings.data.dir / "scratch";
}

Findings check_images(const config::Loaded&) {
  const std::string version = imagery::gdal_version();
  if (!version.empty()) return {{Verdict::kOk, "Images", "read by GDAL " + version, ""}};
  return {{Verdict::kWarn, "Images",
           "GDAL is not on this machine: images are taken in here, and none can be analysed",
           "apt install libgdal32, where jobs are worked on"}};
}

class Imagery final : public Pipeline {
 public:
  explicit Imagery(const Core& core)
      : core_(core),
        services_(std::make_shared<const api::ImageryServices>(
            api::ImageryServices{.core = core.services,
                                 .blobs = core.blobs,
                                 .scratch = scratch_folder(core.settings),
                                 .limits = {.image = core.settings.imagery.max_image,
                                            .request = core.settings.imagery.max_request,
                                            .files = core.settings.imagery.max_files},
                                 .s3_base = object_base(core.settings)})) {}

  Result<void> add_loops() override {
    const config::Settings& settings = core_.settings;
    imagery::remove_left_folders(scratch_folder(settings));
    VEDETTE_CHECK(
        core_.jobs.add(imagery::analyze_image_kind({.database = &core_.database,
                                                    .blobs = &core_.blobs,
                                                    .clock = &core_.clock,
                                                    .scratch = scratch_folder(settings),
                                                    .options = {},
                                                    .at_once = settings.imagery.workers})));
    return core_.supervisor.add(imagery::image_sweep_loop(
        core_.database, core_.blobs, {settings.imagery.sweep_every, settings.imagery.sweep_age},
        core_.clock));
  }
  void mount(http::Router& router) override {
    api::mount_imagery(router, services_);
    for (api::EventSource& source : api::imagery_events(services_)) {
      core_.relay.add(std::move(source));
    }
  }
  void measure(api::Families& all) const override { api::measure_images(all, core_.database); }

 private:
  const Core core_;
  std::shared_ptr<const api::ImageryServices> services_;
};

}  // namespace

PipelineKind imagery_pipeline() {
  return {.name = "imagery",
          .migrations = imagery::migrations,
          .add_commands = [](CommandLine& line) { add_analyze_command(line); },
          .check = check_images,
          .parts = [] { return std::vector<PartVersion>{{"GDAL", imagery::gdal_version()}}; },
          .add_demo = add_demo_images,
          .jobs = [] { return std::vector{imagery::analyze_image_kind({})}; },
          .make = [](const Core& core) -> std::unique_ptr<Pipeline> {
            return std::make_unique<Imagery>(core);
          }};
}

}  // namespace vedette::app
