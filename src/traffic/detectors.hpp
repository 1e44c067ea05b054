// The detection models this machine has, and the loaded ones that cameras share: a model is read
// and compiled once, however many cameras use it. Thread-safe; open() blocks for up to some
// seconds.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "media/detector.hpp"

namespace vedette::traffic {

/// "motion": count by motion, without a model.
inline constexpr std::string_view kMotion = "motion";

struct FoundModel {
  std::string name;  // what cameras call it: the sidecar's name
  std::filesystem::path file;
  std::string licence;
  std::vector<std::string> types;
  std::string problem;  // why it cannot be used; empty: it can
};

/// Models in these folders (and their sub-folder openvino-ir), best first: those known to be good
/// at vehicles before others, then by name. A folder that does not exist has none.
std::vector<FoundModel> find_models(const std::vector<std::filesystem::path>& folders);

struct DetectorSettings {
  std::vector<std::filesystem::path> folders;
  /// "auto": the best model found; "none": motion; else a model's name or file, for cameras that
  /// name none.
  std::string preferred = "auto";
  std::string engine = "auto";
  std::string device = "CPU";
  std::string precision = "f32";
  float score = 0.1F;
  int threads = 1;
  std::filesystem::path cache_dir;
};

class Detectors {
 public:
  explicit Detectors(DetectorSettings settings) : settings_(std::move(settings)) {}

  /// Looks through the folders again.
  std::vector<FoundModel> found() const { return find_models(settings_.folders); }

  /// A camera's way to its detector. `model` is a name, a file, "motion", or absent: the preferred
  /// one; where no model is found at all, motion.
  struct Choice {
    std::shared_ptr<media::Detector> detector;  // null: motion
    std::unique_ptr<media::Session> session;
  };
  Result<Choice> open(const std::optional<std::string>& model);

 private:
  Result<std::shared_ptr<media::Detector>> shared(const std::filesystem::path& file);
  Result<std::optional<std::filesystem::path>> resolve(
      const std::optional<std::string>& model) const;

  DetectorSettings settings_;
  std::mutex loaded_mutex_;
  std::map<std::filesystem::path, std::weak_ptr<media::Detector>> loaded_;
  // Files that did not load: not tried again before they change.
  struct Failure {
    std::filesystem::file_time_type changed_at;
    Error error;
  };
  std::map<std::filesystem::path, Failure> failed_;
};

}  // namespace vedette::traffic
