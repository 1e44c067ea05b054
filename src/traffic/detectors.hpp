// The loaded models that cameras share: a model is read
// and compiled once, however many cameras use it. Thread-safe; open() blocks for up to some
// seconds.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "media/detector.hpp"
#include "traffic/models.hpp"

namespace vedette::traffic {

struct DetectorSettings {
  std::vector<std::filesystem::path> folders;
  /// For cameras that name no model, as choose_model() takes it.
  std::string preferred = "auto";
  /// All but the model.
  media::DetectorOptions options;
  /// A file that did not load is read again after this, though it has not changed: the cause may
  /// have been memory or a disk that was away. One camera's back-off at most: many cameras with one
  /// bad model do not read it all the time.
  Micros tried_again_after = std::chrono::seconds(30);
};

class Detectors {
 public:
  explicit Detectors(DetectorSettings settings) : settings_(std::move(settings)) {}

  /// Looks through the folders again.
  std::vector<FoundModel> found() const { return find_models(settings_.folders); }

  /// A way to a detector, for one user at a time.
  struct Choice {
    std::shared_ptr<media::Detector> detector;  // null: motion
    std::unique_ptr<media::Session> session;
  };
  /// `model` as choose_model() takes it, or absent: the preferred one. `in_flight` as in
  /// media::Detector::new_session().
  Result<Choice> open(const std::optional<std::string>& model, int in_flight = 0);

 private:
  Result<std::shared_ptr<media::Detector>> shared(const std::filesystem::path& file);

  DetectorSettings settings_;
  std::mutex loaded_mutex_;
  std::map<std::filesystem::path, std::weak_ptr<media::Detector>> loaded_;
  // Files that did not load: not tried again before they change, or some time has passed.
  struct Failure {
    std::filesystem::file_time_type changed_at;
    std::chrono::steady_clock::time_point at;
    Error error;
  };
  std::map<std::filesystem::path, Failure> failed_;
};

}  // namespace vedette::traffic
