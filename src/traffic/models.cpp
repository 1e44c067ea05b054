#include "traffic/models.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "media/model_info.hpp"
#include "traffic/types.hpp"

namespace vedette::traffic {
namespace {

namespace fs = std::filesystem;

bool is_model_file(const fs::path& file) {
  return file.extension() == ".onnx" || file.extension() == ".xml";
}

// How many of the types of vehicles a model does not know.
int missing_types(const FoundModel& model) {
  return static_cast<int>(std::ranges::count_if(motor_types(), [&](std::string_view type) {
    return std::ranges::find(model.types, type) == model.types.end();
  }));
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
    if (label.type.empty()) continue;
    if (auto known = check_type(label.type); !known) {
      model.problem = fmt::format("The sidecar of {}, [labels.types] {}: {}", file.string(),
                                  label.name, known.error().message);
      return model;
    }
    types.insert(label.type);
  }
  model.types.assign(types.begin(), types.end());
  return model;
}

}  // namespace

std::vector<FoundModel> find_models(const std::vector<fs::path>& folders) {
  using Rank = std::tuple<bool, std::size_t, int, bool, std::string>;
  std::vector<std::pair<Rank, FoundModel>> ranked;
  std::set<fs::path> seen;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    for (const fs::path& place : {folders[i], folders[i] / "openvino-ir"}) {
      std::error_code error;
      for (fs::directory_iterator entry(place, error), end; !error && entry != end;
           entry.increment(error)) {
        const fs::path& file = entry->path();
        if (!is_model_file(file) || !seen.insert(fs::weakly_canonical(file, error)).second) {
          continue;
        }
        FoundModel model = describe(file);
        Rank rank{!model.problem.empty(), i, missing_types(model), file.extension() != ".onnx",
                  model.name};
        ranked.emplace_back(std::move(rank), std::move(model));
      }
    }
  }
  std::ranges::sort(ranked, {}, &std::pair<Rank, FoundModel>::first);
  std::vector<FoundModel> models;
  for (auto& [rank, model] : ranked) models.push_back(std::move(model));
  return models;
}

Result<std::optional<FoundModel>> choose_model(const std::vector<fs::path>& folders,
                                               std::string_view wanted) {
  if (wanted == kMotion || wanted == "none") return std::nullopt;
  for (FoundModel& one : find_models(folders)) {
    const bool is_meant =
        wanted.empty() || wanted == "auto"
            ? one.problem.empty()
            : one.name == wanted || one.file == wanted || one.file.filename() == wanted;
    if (is_meant) return std::move(one);
  }
  if (wanted.empty() || wanted == "auto") return std::nullopt;
  std::error_code error;
  if (fs::is_regular_file(wanted, error)) return describe(wanted);
  return fail(ErrorCode::kNotFound,
              fmt::format("There is no detection model '{}' here. Choose another one, or put the "
                          "file and its sidecar into the models folder.",
                          wanted));
}

}  // namespace vedette::traffic
