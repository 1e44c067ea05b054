// Where tests find real material, and where they put files. Only for tests.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace vedette::media {

/// The sample file of this name, such as "traffic/street-oneway.mp4", from the first place that has
/// it: $VEDETTE_SAMPLES, ../shared/samples beside the repository, the user's cache, to which
/// tools/samples.sh fetches some. Empty: nowhere.
inline std::filesystem::path sample(std::string_view name) {
  namespace fs = std::filesystem;
  const auto variable = [](const char* of) {
    const char* value = std::getenv(of);
    return fs::path(value == nullptr ? "" : value);
  };
  const fs::path cache = variable("XDG_CACHE_HOME");
  const fs::path places[] = {
      variable("VEDETTE_SAMPLES"), fs::path(VEDETTE_SOURCE_DIR) / ".." / "shared" / "samples",
      (cache.empty() ? variable("HOME") / ".cache" : cache) / "vedette" / "samples"};
  for (const fs::path& place : places) {
    std::error_code none;
    if (!place.empty() && fs::is_regular_file(place / name, none)) return place / name;
  }
  return {};
}

/// A folder of its own for a test, removed with it.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "vedette-media-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// Writes a file of this content and gives its path.
  std::filesystem::path write(const std::string& name, std::string_view content) const {
    const auto file = path_ / name;
    std::ofstream(file, std::ios::binary)
        .write(content.data(), static_cast<std::streamsize>(content.size()));
    return file;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace vedette::media

// Leaves the test with a word on what is missing. A macro because only the test itself can return.
#define VEDETTE_NEED_SAMPLE(variable, name)             \
  const auto variable = ::vedette::media::sample(name); \
  if (variable.empty()) GTEST_SKIP() << (name) << " is not here (see tools/samples.sh)"
