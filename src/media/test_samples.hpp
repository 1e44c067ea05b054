// Where tests find real material, and where they put files. Only for tests.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace vedette::media {

/// The sample folder: $VEDETTE_SAMPLES, else ../shared/samples next to the repository.
inline std::filesystem::path samples() {
  if (const char* given = std::getenv("VEDETTE_SAMPLES")) return given;
  return std::filesystem::path(VEDETTE_SOURCE_DIR) / ".." / "shared" / "samples";
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
#define VEDETTE_NEED_SAMPLE(variable, relative)                   \
  const auto variable = ::vedette::media::samples() / (relative); \
  if (!std::filesystem::exists(variable))                         \
  GTEST_SKIP() << "sample " << (relative)                         \
               << " is not here; set VEDETTE_SAMPLES to the samples' folder"
