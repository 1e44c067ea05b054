#include "app/model_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <string_view>
#include <tuple>

#include "media/model_info.hpp"

namespace vedette::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 200;

std::optional<fs::path> from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return fs::path(value);
}

// How many of Vedette's types a model tells apart; 0 when it cannot be used.
std::size_t types_of(const fs::path& model) {
  constexpr std::array<std::string_view, 3> kEndings{".onnx", ".xml", ".tflite"};
  if (std::ranges::find(kEndings, model.extension().string()) == kEndings.end()) return 0;
  const auto info = media::find_model_info(model);
  if (!info) return 0;
  std::set<std::string_view> types;
  for (const media::Label& label : info->labels) {
    if (!label.type.empty()) types.insert(label.type);
  }
  return types.size();
}

std::optional<fs::path> best_model(const fs::path& folder) {
  std::error_code problem;
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator
           at(folder, fs::directory_options::skip_permission_denied, problem),
       end;
       !problem && at != end && files.size() < kMostFiles; at.increment(problem)) {
    if (at.depth() > 1) at.disable_recursion_pending();
    if (at->is_regular_file(problem)) files.push_back(at->path());
  }
  std::ranges::sort(files);
  std::optional<fs::path> best;
  // At the same number of types, ONNX first: the exact model that its makers published.
  std::tuple<std::size_t, bool> best_rank{0, false};
  for (const fs::path& file : files) {
    const std::tuple rank{types_of(file), file.extension() == ".onnx"};
    if (std::get<0>(rank) == 0 || rank <= best_rank) continue;
    best = file;
    best_rank = rank;
  }
  return best;
}

}  // namespace

std::vector<fs::path> model_folders(const config::WatchSettings& settings) {
  std::vector<fs::path> folders;
  if (!settings.models_dir.empty()) folders.push_back(settings.models_dir);
  if (const auto samples = from_environment("VEDETTE_SAMPLES")) {
    folders.push_back(*samples / "models");
  }
  folders.emplace_back("../shared/samples/models");
  if (const auto cache = from_environment("XDG_CACHE_HOME")) {
    folders.push_back(*cache / "vedette/samples/models");
  } else if (const auto home = from_environment("HOME")) {
    folders.push_back(*home / ".cache/vedette/samples/models");
  }
  return folders;
}

Result<ModelChoice> choose_model(const config::WatchSettings& settings) {
  if (settings.model == "none" || settings.model == "motion") {
    return ModelChoice{.model = std::nullopt, .why = "no model was asked for"};
  }
  if (!settings.model.empty() && settings.model != "auto") {
    std::error_code problem;
    if (!fs::exists(settings.model, problem)) {
      return fail(
          ErrorCode::kNotFound,
          fmt::format("There is no model file {}; check the path, or leave the model out to "
                      "take the best one found.",
                      settings.model));
    }
    return ModelChoice{.model = settings.model, .why = "as asked"};
  }
  for (const fs::path& folder : model_folders(settings)) {
    if (auto model = best_model(folder)) {
      return ModelChoice{.model = std::move(model),
                         .why = fmt::format("found in {}", folder.string())};
    }
  }
  return ModelChoice{.model = std::nullopt,
                     .why = "no model was found: what moves is shown, and its type is not known"};
}

}  // namespace vedette::app
