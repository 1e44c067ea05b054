// Which model a process detects with: the one that was named, or the best one lying around. Used by
// `watch` and by the camera loops; reads folders and sidecars, so not on a start path.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/settings.hpp"

namespace vedette::app {

struct ModelChoice {
  /// Absent: no model, the motion detector.
  std::optional<std::filesystem::path> model;
  /// For a person: why this one.
  std::string why;
};

/// Folders in which models are looked for: the setting's, then $VEDETTE_SAMPLES/models,
/// ../shared/samples/models and the user's cache.
std::vector<std::filesystem::path> model_folders(const config::WatchSettings& settings);

/// What `watch.model` asks for: "auto" is the model in the first of the folders that has one (of
/// several, the one that tells most types apart), else none. kNotFound when a named file is absent.
Result<ModelChoice> choose_model(const config::WatchSettings& settings);

}  // namespace vedette::app
