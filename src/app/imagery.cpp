// Imagery as a pipeline: images are taken in, analysed by jobs, and shown.
#include "app/imagery.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/core_services.hpp"
#include "api/event_relay.hpp"
#include "api/imagery/imagery_services.hpp"
#include "app/imagery_analyze.hpp"
#include "app/imagery_demo.hpp"
#include "app/imagery_import.hpp"
#include "app/options.hpp"
#include "imagery/analyze_job.hpp"
#include "imagery/image_file.hpp"
#include "imagery/object_sweep.hpp"
#include "imagery/tables.hpp"
#include "imagery/take_over.hpp"
#include "imagery/temporary_folder.hpp"
#include "work/supervisor.hpp"
#include "work/worker.hpp"

namespace vedette::app {
namespace {

std::filesystem::path scratch_folder(const config::Settings& settings) {
  return settings.data.dir / "scratch";
}

Findings check_images(const config::Loaded& loaded) {
  Findings findings;
  const std::string version = imagery::gdal_version();
  if (!version.empty()) {
    findings.push_back({Verdict::kOk, "Images", "read by GDAL " + version, ""});
  } else {
    findings.push_back(
        {Verdict::kWarn, "Images",
         "GDAL is not on this machine: images are taken in here, and none can be analysed",
         "apt install libgdal32, where jobs are worked on"});
  }
  if (const auto own = own_indices(loaded.settings); !own) {
    findings.push_back({Verdict::kBad, "Indices", own.error().message,
                        "mend the setting imagery.indices: `vedette serve` does not start so"});
  }
  return findings;
}

// Known since the constructor where they are good; else add_loops() refuses the start.
std::vector<imagery::IndexDefinition> good_indices(const config::Settings& settings) {
  auto own = own_indices(settings);
  if (!own) return {};
  return *std::move(own);
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
                                 .s3_base = object_base(core.settings),
                                 .indices = good_indices(core.settings)})) {}

  Result<void> add_loops() override {
    const config::Settings& settings = core_.settings;
    imagery::remove_left_folders(scratch_folder(settings));
    imagery::AnalyzeOptions options;
    VEDETTE_TRY(own, own_indices(settings));
    options.user_indices = std::move(own);
    // Beside what the command makes of a picture: the pages want its tiles.
    options.products.picture = true;
    VEDETTE_CHECK(
        core_.jobs.add(imagery::analyze_image_kind({.database = &core_.database,
                                                    .blobs = &core_.blobs,
                                                    .clock = &core_.clock,
                                                    .scratch = scratch_folder(settings),
                                                    .options = options,
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
  void note(std::vector<api::Note>& notes) const override {
    const auto left = core_.database.read(imagery::count_left_over);
    if (!left || *left == 0) return;
    notes.push_back({"Images of the original program",
                     fmt::format("{} images of this database came from the original crop platform "
                                 "and their files are not taken in: stop it, and run `vedette "
                                 "import fields` with this database's URL and --uploads FOLDER.",
                                 *left)});
  }
  void measure(api::Families& all) const override { api::measure_images(all, core_.database); }

 private:
  const Core core_;
  std::shared_ptr<const api::ImageryServices> services_;
};

}  // namespace

Result<std::vector<imagery::IndexDefinition>> own_indices(const config::Settings& settings) {
  // A formula may have commas, a list of words has them between its words: each begins with NAME =.
  std::vector<std::string> texts;
  for (const std::string& piece : settings.imagery.indices) {
    if (piece.find('=') == std::string::npos && !texts.empty()) {
      texts.back() += ", " + piece;
    } else {
      texts.push_back(piece);
    }
  }
  std::vector<imagery::IndexDefinition> own;
  const auto wrong = [](std::string_view text, const Error& error) {
    return fail(ErrorCode::kUsage,
                fmt::format("imagery.indices: '{}': {}. Right would be, for example, \"mine = (N - "
                            "RE) / (N + RE)\".",
                            text, error.message));
  };
  for (const std::string& text : texts) {
    auto read = imagery::parse_user_index(text);
    if (!read) return wrong(text, read.error());
    own.push_back(*std::move(read));
    // Also that no other has its name.
    if (const auto made = imagery::make_indices({}, own); !made) return wrong(text, made.error());
  }
  return own;
}

PipelineKind imagery_pipeline() {
  return {.name = "imagery",
          .migrations = imagery::migrations,
          .add_commands =
              [](CommandLine& line) {
                add_analyze_command(line);
                add_import_command(line);
              },
          .check = check_images,
          .parts = [] { return std::vector<PartVersion>{{"GDAL", imagery::gdal_version()}}; },
          .add_demo = add_demo_images,
          .jobs = [] { return std::vector{imagery::analyze_image_kind({})}; },
          .make = [](const Core& core) -> std::unique_ptr<Pipeline> {
            return std::make_unique<Imagery>(core);
          }};
}

}  // namespace vedette::app
