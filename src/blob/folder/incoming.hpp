// A file on its way into the folder of objects, and what brings names to the disk. For the folder
// store. One thread at a time.
#pragma once

#include <filesystem>

#include "blob/folder/file_handle.hpp"

namespace vedette::blob {

/// A file that is being written, under a name of its own; removed unless it was moved.
class Incoming {
 public:
  /// Not open, with errno, where none can be made.
  explicit Incoming(const std::filesystem::path& folder);
  ~Incoming();
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  bool is_open() const { return file_.is_open(); }
  int number() const { return file_.number(); }
  /// All is written; false with errno.
  bool finish(bool is_synced);
  /// False with errno.
  bool move_to(const std::filesystem::path& path);

 private:
  const std::filesystem::path path_;
  FileHandle file_;
  bool is_whole_ = false;
};

/// The names in a folder; false with errno.
bool sync_folder(const std::filesystem::path& folder);
/// The name of a folder that was just made, and of those above it that may have been made with it:
/// on its own disk, as no others can be. False with errno.
bool sync_names(const std::filesystem::path& made);

}  // namespace vedette::blob
