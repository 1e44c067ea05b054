#include "app/samples.hpp"

#include <cstdlib>
#include <string_view>

namespace vedette::app {
namespace {

namespace fs = std::filesystem;

std::string_view from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::vector<fs::path> sample_folders(const config::Settings& settings) {
  std::vector<fs::path> folders;
  if (!settings.samples.dir.empty()) folders.push_back(settings.samples.dir);
  folders.emplace_back("../shared/samples");
  if (const auto cache = from_environment("XDG_CACHE_HOME"); !cache.empty()) {
    folders.push_back(fs::path(cache) / "vedette/samples");
  } else if (const auto home = from_environment("HOME"); !home.empty()) {
    folders.push_back(fs::path(home) / ".cache/vedette/samples");
  }
  return folders;
}

std::vector<fs::path> model_folders(const config::Settings& settings) {
  std::vector<fs::path> folders;
  if (!settings.watch.models_dir.empty()) folders.push_back(settings.watch.models_dir);
  for (const fs::path& samples : sample_folders(settings)) folders.push_back(samples / "models");
  return folders;
}

}  // namespace vedette::app
