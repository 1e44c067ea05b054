#include "traffic/detectors.hpp"

#include <utility>

#include "base/log.hpp"
#include "media/motion.hpp"

namespace vedette::traffic {

namespace fs = std::filesystem;

Result<std::shared_ptr<media::Detector>> Detectors::shared(const fs::path& file) {
  // Held while a model compiles: the second camera waits for the first one's instead of making
  // another.
  const std::lock_guard lock(loaded_mutex_);
  if (auto known = loaded_[file].lock()) return known;
  media::DetectorOptions options = settings_.options;
  options.model = file;
  std::error_code unknown;
  const fs::file_time_type changed_at = fs::last_write_time(file, unknown);
  if (const auto before = failed_.find(file);
      before != failed_.end() && before->second.changed_at == changed_at &&
      std::chrono::steady_clock::now() - before->second.at < settings_.tried_again_after) {
    return fail(before->second.error);
  }
  auto opened = media::Detector::open(options);
  if (!opened) {
    failed_[file] = {changed_at, std::chrono::steady_clock::now(), opened.error()};
    return fail(opened.error());
  }
  failed_.erase(file);
  std::shared_ptr<media::Detector> detector = std::move(*opened);
  loaded_[file] = detector;
  const media::DetectorFacts facts = detector->facts();
  log::info("detector", "{} loaded from {}: {}, {}, {} thread(s)", facts.model, file.string(),
            facts.engine, facts.precision, facts.threads);
  return detector;
}

Result<Detectors::Choice> Detectors::open(const std::optional<std::string>& model, int in_flight) {
  VEDETTE_TRY(chosen, choose_model(settings_.folders, model.value_or(settings_.preferred)));
  Choice choice;
  if (!chosen) {
    choice.session = media::new_motion_session();
    return choice;
  }
  if (!chosen->problem.empty()) return fail(ErrorCode::kUnsupported, chosen->problem);
  VEDETTE_TRY(detector, shared(chosen->file));
  VEDETTE_TRY(session, detector->new_session(in_flight));
  choice.detector = std::move(detector);
  choice.session = std::move(session);
  return choice;
}

}  // namespace vedette::traffic
