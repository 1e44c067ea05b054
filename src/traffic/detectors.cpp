#include "traffic/detectors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/log.hpp"
#include "media/model_info.hpp"
#include "media/motion.hpp"

namespace vedette::traffic {
namespace {

namespace fs = std::filesystem;

bool is_model_file(const fs::path& file) {
  return file.extension() == ".onnx" || file.extension() == ".xml";
}

// How well a model's types cover a road; ties go to the name.
int rank_of(const FoundModel& model) {
  if (!model.problem.empty()) return 100;
  constexpr std::array<std::string_view, 4> kVehicles{"car", "truck", "bus", "motorcycle"};
  int missing = 0;
  for (const std::string_view type : kVehicles) {
    if (std::ranges::find(model.types, type) == model.types.end()) ++missing;
  }
  const bool is_yolox = model.file.filename().string().starts_with("yolox");
  return missing * 10 + (is_yolox ? 0 : 1);
}

FoundModel describe(const fs::path& file) {
  FoundModel model;
  model.file = file;
  model.name = file.stem().string();
  const auto info = media::find_model_info(file);
  if (!info) {
    model.problem = info.error().message;
    return model;
  }
  model.name = info->name;
  model.licence = info->licence;
  std::set<std::string> types;
  for (const media::Label& label : info->labels) {
    if (!label.type.empty()) types.insert(label.type);
  }
  model.types.assign(types.begin(), types.end());
  return model;
}

}  // namespace

std::vector<FoundModel> find_models(const std::vector<fs::path>& folders) {
  std::vector<FoundModel> models;
  std::set<fs::path> seen;
  for (const fs::path& folder : folders) {
    for (const fs::path& place : {folder, folder / "openvino-ir"}) {
      std::error_code error;
      for (fs::directory_iterator entry(place, error), end; !error && entry != end;
           entry.increment(error)) {
        if (!is_model_file(entry->path()) ||
            !seen.insert(fs::weakly_canonical(entry->path(), error)).second)
          continue;
        models.push_back(describe(entry->path()));
      }
    }
  }
  std::ranges::sort(models, [](const FoundModel& a, const FoundModel& b) {
    return std::pair(rank_of(a), a.name) < std::pair(rank_of(b), b.name);
  });
  return models;
}

Result<std::optional<fs::path>> Detectors::resolve(const std::optional<std::string>& model) const {
  const std::string wanted = model.value_or(settings_.preferred);
  if (wanted == kMotion || wanted == "none") return std::nullopt;
  const std::vector<FoundModel> models = found();
  if (wanted == "auto") {
    const auto usable = std::ranges::find(models, std::string(), &FoundModel::problem);
    if (usable == models.end()) return std::nullopt;
    return usable->file;
  }
  for (const FoundModel& one : models) {
    if (one.name == wanted || one.file == wanted || one.file.filename() == wanted) return one.file;
  }
  std::error_code error;
  if (fs::exists(wanted, error)) return fs::path(wanted);
  return fail(ErrorCode::kNotFound, fmt::format("There is no detection model '{}' here. Choose "
                                                "another one for the camera, or put the file and "
                                                "its sidecar into the models folder.",
                                                wanted));
}

Result<std::shared_ptr<media::Detector>> Detectors::shared(const fs::path& file) {
  // Held while a model compiles: the second camera waits for the first one's instead of making
  // another.
  const std::lock_guard lock(loaded_mutex_);
  if (auto known = loaded_[file].lock()) return known;
  media::DetectorOptions options;
  options.model = file;
  options.engine = settings_.engine;
  options.device = settings_.device;
  options.precision = settings_.precision;
  options.score_threshold = settings_.score;
  options.threads = settings_.threads;
  options.cache_dir = settings_.cache_dir;
  std::error_code unknown;
  const fs::file_time_type changed_at = fs::last_write_time(file, unknown);
  if (const auto before = failed_.find(file);
      before != failed_.end() && before->second.changed_at == changed_at) {
    return fail(before->second.error);
  }
  auto opened = media::Detector::open(options);
  if (!opened) {
    failed_[file] = {changed_at, opened.error()};
    return fail(opened.error());
  }
  failed_.erase(file);
  std::shared_ptr<media::Detector> detector = std::move(*opened);
  loaded_[file] = detector;
  const media::DetectorFacts facts = detector->facts();
  log::info("detector", "{} loaded: {}, {}, {} thread(s)", facts.model, facts.engine,
            facts.precision, facts.threads);
  return detector;
}

Result<Detectors::Choice> Detectors::open(const std::optional<std::string>& model) {
  VEDETTE_TRY(file, resolve(model));
  Choice choice;
  if (!file) {
    choice.session = media::new_motion_session();
    return choice;
  }
  VEDETTE_TRY(detector, shared(*file));
  VEDETTE_TRY(session, detector->new_session());
  choice.detector = std::move(detector);
  choice.session = std::move(session);
  return choice;
}

}  // namespace vedette::traffic
