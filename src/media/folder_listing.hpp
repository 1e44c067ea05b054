// What a folder holds that may be chosen as a source: the folders and the recordings in it. For the
// API, where a page asks for a file. Any thread; blocks for the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace vedette::media {

/// A folder of more entries is not read to its end, and of those no more than the first are given.
inline constexpr std::size_t kMostEntriesRead = 100'000;
inline constexpr std::size_t kMostEntriesGiven = 1'000;

struct FolderEntry {
  std::string name;
  /// What a source is named by.
  std::string path;
  bool is_folder = false;
  /// Of a file.
  std::optional<std::int64_t> bytes;
  std::optional<Instant> changed_at;
  /// Why it cannot be chosen; empty: it can.
  std::string problem;
};

struct FolderListing {
  /// Empty: these are the folders that may be read themselves.
  std::string folder;
  /// The folder above; empty where there is none that may be read.
  std::string parent;
  /// Folders first, each as people count.
  std::vector<FolderEntry> entries;
  /// Files that are no recordings by their names, and what is not named in UTF-8.
  std::size_t others = 0;
  /// There are more entries.
  bool is_cut = false;
};

/// Of `folder`; when it is empty: where to begin, which is the folders of `allowed`, the folder if
/// it is a single one, the root if all are allowed (`allowed` is empty). As with SourceOptions,
/// nothing outside of them is told, whatever way leads there: kForbidden whether it exists or not,
/// and a link that leads out is left out. kInvalid for what is no whole path or no folder,
/// kNotFound, kForbidden when it may not be read, kUnavailable when its disk cannot.
Result<FolderListing> list_folder(std::string_view folder, const std::vector<std::string>& allowed);

}  // namespace vedette::media
