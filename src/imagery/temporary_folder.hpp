// Folders for what exists only while somebody works on it: copies of objects, products before they
// are stored. Each is the owner's alone and removed with it; what a killed process left is removed
// by the next start. Used by the job that analyses and by downloads; any thread.
#pragma once

#include <filesystem>

#include "base/error.hpp"

namespace vedette::imagery {

class TemporaryFolder {
 public:
  /// A fresh folder in `parent`, which is made. kUnavailable, kDiskFull.
  static Result<TemporaryFolder> make(const std::filesystem::path& parent);
  ~TemporaryFolder();
  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&& other) noexcept;

  const std::filesystem::path& path() const { return path_; }

 private:
  TemporaryFolder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}
  void remove();

  std::filesystem::path path_;
  int lock_ = -1;  // of the folder: who holds it lives
};

/// Removes the folders in `parent` whose owners are gone.
void remove_left_folders(const std::filesystem::path& parent);

}  // namespace vedette::imagery
