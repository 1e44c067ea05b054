#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <thread>

#ifdef VEDETTE_HAS_OPENVINO
#include <openvino/runtime/core.hpp>
#endif

#include "app/samples.hpp"
#include "app/traffic.hpp"
#include "media/detector.hpp"
#include "media/image.hpp"
#include "traffic/models.hpp"

namespace vedette::app {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

Finding openvino(const config::WatchSettings& settings) {
#ifdef VEDETTE_HAS_OPENVINO
  try {
    const auto devices = ov::Core().get_available_devices();
    const auto what = fmt::format("devices {}", fmt::join(devices, ", "));
    const auto wanted = settings.device.substr(0, settings.device.find_first_of(".:"));
    const bool is_there = wanted == "AUTO" || wanted == "MULTI" || wanted == "HETERO" ||
                          std::ranges::any_of(devices, [&](const std::string& device) {
                            return device.substr(0, device.find('.')) == wanted;
                          });
    if (is_there) return {Verdict::kOk, "OpenVINO", what, ""};
    return {Verdict::kBad, "OpenVINO", fmt::format("{}; {} is not there", what, settings.device),
            "set watch.device to one of them, or install the device's driver"};
  } catch (const std::exception& error) {
    return {Verdict::kWarn, "OpenVINO", fmt::format("cannot be used: {}", error.what()),
            "models run on OpenCV instead, several times slower"};
  }
#else
  return {settings.engine == "openvino" ? Verdict::kBad : Verdict::kWarn, "OpenVINO",
          "not in this build; models run on OpenCV, several times slower",
          "run ./run once more, which fetches it, and see what it says"};
#endif
}

struct Timing {
  media::DetectorFacts facts;
  double load_s = 0;
  double frames_per_second = 0;
};

// Loads the model and keeps all its threads busy for a second with an empty road.
Result<Timing> time_model(const config::Settings& settings, const fs::path& model) {
  media::DetectorOptions options = detector_settings(settings).options;
  options.model = model;
  options.cache_dir.clear();
  Timing timing;
  const auto start = Steady::now();
  VEDETTE_TRY(detector, media::Detector::open(options));
  VEDETTE_TRY(session, detector->new_session());
  timing.load_s = std::chrono::duration<double>(Steady::now() - start).count();

  media::Image road(1280, 720);
  road.fill(96, 96, 96);
  VEDETTE_TRY(frame, media::make_frame(road, 0, Micros{0}));
  std::vector<media::Detection> boxes;
  for (int i = 0; i < 3; ++i) VEDETTE_CHECK(session->detect(frame, boxes));

  const auto begin = Steady::now();
  int done = 0;
  while (Steady::now() - begin < std::chrono::seconds(1)) {
    while (session->in_flight() < session->capacity()) VEDETTE_CHECK(session->submit(frame));
    VEDETTE_CHECK(session->collect(boxes));
    ++done;
  }
  while (session->in_flight() > 0) {
    VEDETTE_CHECK(session->collect(boxes));
    ++done;
  }
  timing.frames_per_second = done / std::chrono::duration<double>(Steady::now() - begin).count();
  timing.facts = session->facts();
  return timing;
}

Finding speed(const config::Settings& settings, const fs::path& model) {
  const auto timing = time_model(settings, model);
  if (!timing) return {Verdict::kBad, "Speed", timing.error().message, ""};
  const auto& facts = timing->facts;
  const auto what =
      fmt::format("{:.0f} pictures a second ({}, {}, {}, {} {}; loaded in {:.1f} s)",
                  timing->frames_per_second, facts.engine, facts.device, facts.precision,
                  facts.threads, facts.threads == 1 ? "thread" : "threads", timing->load_s);
  double load = 0;
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  if (getloadavg(&load, 1) == 1 && load > 1.5 * cores) {
    return {Verdict::kWarn, "Speed", what,
            fmt::format("the machine is busy (load {:.1f} on {} cores): ask again when it is not",
                        load, cores)};
  }
  if (timing->frames_per_second < 8) {
    return {Verdict::kWarn, "Speed", what,
            "too few to follow fast road users: take a smaller model, more threads "
            "(watch.threads), or watch.precision = \"auto\""};
  }
  return {Verdict::kOk, "Speed", what,
          fmt::format("enough for about {} cameras at 10 pictures a second",
                      std::max(1, static_cast<int>(timing->frames_per_second / 10)))};
}

Findings check_detector(const config::Settings& settings) {
  Findings findings{openvino(settings.watch)};
  const std::vector<std::filesystem::path> folders = model_folders(settings);
  const auto model = traffic::choose_model(folders, settings.watch.model);
  if (!model) {
    findings.push_back({Verdict::kBad, "Model", model.error().message, ""});
    return findings;
  }
  if (!*model) {
    if (settings.watch.model == "none") {
      findings.push_back(
          {Verdict::kOk, "Model", "none, as set: motion is shown, without types", ""});
      return findings;
    }
    std::vector<std::string> places;
    for (const auto& folder : folders) places.push_back(folder.string());
    findings.push_back(
        {Verdict::kWarn, "Model",
         fmt::format("none in {}: motion is shown, without types", fmt::join(places, ", ")),
         "put a model with its description (FILE.toml) into watch.models_dir; "
         "./run fetches one"});
    return findings;
  }
  findings.push_back(
      {Verdict::kOk, "Model",
       fmt::format("{} ({}, {})", (*model)->name, (*model)->file.string(), (*model)->licence), ""});
  findings.push_back(speed(settings, (*model)->file));
  return findings;
}

Findings check_samples(const config::Settings& settings) {
  const auto& folder = settings.samples.dir;
  if (folder.empty()) {
    return {
        {Verdict::kOk, "Samples", "none set: only the demo needs them (./run fetches some)", ""}};
  }
  std::error_code failed;
  int videos = 0;
  for (fs::directory_iterator entry(folder / "traffic", failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const auto ending = entry->path().extension();
    if (ending == ".mp4" || ending == ".avi" || ending == ".mkv") ++videos;
  }
  if (videos == 0) {
    return {
        {Verdict::kWarn, "Samples", fmt::format("no videos in {}/traffic", folder.string()),
         "the demo starts without a camera; set VEDETTE_SAMPLES to the samples, or leave it out"}};
  }
  return {{Verdict::kOk, "Samples", fmt::format("{} videos in {}/traffic", videos, folder.string()),
           ""}};
}

}  // namespace

Findings check_traffic(const config::Loaded& loaded) {
  Findings findings = check_detector(loaded.settings);
  std::ranges::move(check_samples(loaded.settings), std::back_inserter(findings));
  return findings;
}

}  // namespace vedette::app
