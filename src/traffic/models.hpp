// The detection models that lie in some folders, and which of them is meant. Reads folders and
// sidecars on every call; used by cameras, commands and the list that the API gives.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

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

/// Models in these folders (and their sub-folder openvino-ir), best first: usable ones before
/// others, then those of an earlier folder, then those that know more of the types of vehicles,
/// ONNX before OpenVINO's own form, by name. A folder that does not exist has none.
std::vector<FoundModel> find_models(const std::vector<std::filesystem::path>& folders);

/// The model that `wanted` means: "auto", the best one; "motion" or "none", none; else the name of
/// a found one, its file's name, or a file anywhere. Nothing: motion, because it was wanted or no
/// usable model is there. kNotFound when there is no such model.
Result<std::optional<FoundModel>> choose_model(const std::vector<std::filesystem::path>& folders,
                                               std::string_view wanted);

}  // namespace vedette::traffic
