#include "media/folder_listing.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "base/text.hpp"
#include "media/recording_names.hpp"
#include "media/source_url.hpp"

namespace vedette::media {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostPath = 4096;
// The system's own, without a disk behind them.
constexpr std::array<std::string_view, 3> kNoDisks{"/proc", "/sys", "/dev"};

struct Name {
  std::string text;
  bool is_folder = false;
};

bool is_before_in_list(const Name& a, const Name& b) {
  if (a.is_folder != b.is_folder) return a.is_folder;
  return is_before(a.text, b.text);
}

// Without "..", "." and a slash at the end: what is checked is what is opened.
std::string whole_path(const fs::path& path) {
  std::string text = path.lexically_normal().string();
  while (text.starts_with("//")) text.erase(0, 1);
  if (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

// Of a setting, which may be relative to where the program was started.
std::string whole_path_of(const std::string& folder) {
  std::error_code failed;
  return whole_path(fs::absolute(folder, failed));
}

bool is_allowed(const std::string& path, const SourceOptions& options) {
  return check_folder(file_url(path), options).has_value();
}

std::string joined(const std::string& folder, std::string_view name) {
  return folder.ends_with('/') ? fmt::format("{}{}", folder, name)
                               : fmt::format("{}/{}", folder, name);
}

// Why it cannot be chosen though it is there.
std::string problem_of(const std::string& path, bool is_folder) {
  if (trim(path).size() != path.size())
    return "Its name ends with a blank, which a source's cannot: rename it.";
  if (faccessat(AT_FDCWD, path.c_str(), is_folder ? R_OK | X_OK : R_OK, AT_EACCESS) != 0)
    return "Vedette's user may not read it: change its permissions.";
  return {};
}

// Nothing when it is gone again, or has become something else.
std::optional<FolderEntry> entry_of(std::string path, std::string name, bool is_folder) {
  struct stat facts{};
  if (stat(path.c_str(), &facts) != 0) {
    // In a folder that may be listed but not entered not even the size is told.
    if (errno != EACCES) return std::nullopt;
    return FolderEntry{.name = std::move(name),
                       .path = path,
                       .is_folder = is_folder,
                       .bytes = {},
                       .changed_at = {},
                       .problem = problem_of(path, is_folder)};
  }
  if (S_ISDIR(facts.st_mode) != is_folder) return std::nullopt;
  FolderEntry entry{.name = std::move(name),
                    .path = std::move(path),
                    .is_folder = is_folder,
                    .bytes = {},
                    .changed_at = Instant(std::chrono::seconds(facts.st_mtim.tv_sec)),
                    .problem = {}};
  if (!is_folder) entry.bytes = facts.st_size;
  entry.problem = problem_of(entry.path, is_folder);
  return entry;
}

std::unexpected<Error> not_read(const std::string& folder, const std::error_code& problem) {
  if (problem == std::errc::permission_denied) {
    return fail(ErrorCode::kForbidden,
                fmt::format("The folder {} may not be read by Vedette's user; change its "
                            "permissions.",
                            folder));
  }
  if (problem == std::errc::no_such_file_or_directory) {
    return fail(ErrorCode::kNotFound,
                fmt::format("There is no folder {} on the machine where Vedette runs.", folder));
  }
  if (problem == std::errc::not_a_directory) {
    return fail(ErrorCode::kInvalid, fmt::format("{} is a file, not a folder.", folder));
  }
  if (problem == std::errc::too_many_symbolic_link_levels ||
      problem == std::errc::filename_too_long) {
    return fail(ErrorCode::kInvalid, fmt::format("{} leads to no folder.", folder));
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("The folder {} cannot be read; check the folder and its disk.", folder),
              problem.message());
}

class Reader {
 public:
  Reader(FolderListing& listing, const SourceOptions& options)
      : listing_(listing), options_(options) {}

  Result<> read() {
    std::error_code problem;
    fs::directory_iterator entries(listing_.folder, problem);
    if (problem) return not_read(listing_.folder, problem);
    for (std::size_t read = 0; entries != fs::directory_iterator(); entries.increment(problem)) {
      if (++read > kMostEntriesRead) {
        listing_.is_cut = true;
        break;
      }
      look_at(*entries);
    }
    if (problem) return not_read(listing_.folder, problem);
    give();
    return {};
  }

 private:
  void look_at(const fs::directory_entry& entry) {
    std::error_code unknown;
    std::string name = entry.path().filename().string();
    const bool is_folder = entry.is_directory(unknown);
    if (is_folder ? is_hidden_folder_name(name) : name.starts_with('.')) return;
    if (is_folder && std::ranges::find(kNoDisks, entry.path().string()) != kNoDisks.end()) return;
    if (entry.is_symlink(unknown) && !is_allowed(entry.path().string(), options_)) return;
    const bool is_recording = is_recording_name(name) && entry.is_regular_file(unknown);
    if (!is_clean_utf8(name) || (!is_folder && !is_recording)) {
      ++listing_.others;
    } else {
      names_.push_back({std::move(name), is_folder});
    }
  }

  void give() {
    const std::size_t given = std::min(names_.size(), kMostEntriesGiven);
    std::ranges::partial_sort(names_, names_.begin() + static_cast<std::ptrdiff_t>(given),
                              is_before_in_list);
    if (given < names_.size()) listing_.is_cut = true;
    names_.resize(given);
    for (Name& name : names_) {
      std::string path = joined(listing_.folder, name.text);
      if (auto entry = entry_of(std::move(path), std::move(name.text), name.is_folder))
        listing_.entries.push_back(std::move(*entry));
    }
  }

  FolderListing& listing_;
  const SourceOptions& options_;
  std::vector<Name> names_;
};

FolderListing list_allowed(const std::vector<std::string>& allowed) {
  FolderListing listing;
  for (const std::string& folder : allowed) {
    const std::string path = whole_path_of(folder);
    auto entry = entry_of(path, path, true);
    if (!entry) {
      entry = FolderEntry{.name = path,
                          .path = path,
                          .is_folder = true,
                          .bytes = {},
                          .changed_at = {},
                          .problem = "It is not there: see watch.file_folders."};
    }
    listing.entries.push_back(std::move(*entry));
  }
  return listing;
}

}  // namespace

Result<FolderListing> list_folder(std::string_view folder,
                                  const std::vector<std::string>& allowed) {
  if (folder.empty() && allowed.size() > 1) return list_allowed(allowed);
  if (folder.empty())
    return list_folder(allowed.empty() ? "/" : whole_path_of(allowed.front()), allowed);
  if (!folder.starts_with('/') || folder.size() > kMostPath || !is_clean_utf8(folder)) {
    return fail(ErrorCode::kInvalid, "Name the folder by its whole path, beginning with /.");
  }
  SourceOptions options;
  options.file_folders = allowed;
  FolderListing listing;
  listing.folder = whole_path(folder);
  if (!is_allowed(listing.folder, options)) {
    return fail(ErrorCode::kForbidden,
                fmt::format("The folder {} is not among those that recordings may be read from; "
                            "choose another, or add it to watch.file_folders.",
                            listing.folder));
  }
  const std::string parent = whole_path(fs::path(listing.folder).parent_path());
  if (parent != listing.folder && is_allowed(parent, options)) listing.parent = parent;
  VEDETTE_CHECK(Reader(listing, options).read());
  return listing;
}

}  // namespace vedette::media
