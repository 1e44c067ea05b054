#include "media/recording_folder.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <utility>

#include "media/recording.hpp"
#include "media/recording_names.hpp"
#include "media/source_url.hpp"

namespace vedette::media {
namespace {

namespace fs = std::filesystem;

class FolderWalk {
 public:
  FolderWalk(const std::string& root, const SourceOptions& options, const std::stop_token& stop,
             std::vector<std::string>& into)
      : root_(root), options_(options), stop_(stop), into_(into) {}

  Result<> walk(const fs::path& folder, int depth) {
    if (depth > kMostFolderDepth) return too_large("folders within each other", kMostFolderDepth);
    std::error_code problem;
    fs::directory_iterator entries(folder, problem);
    if (problem) return unreadable(folder, problem);
    for (; entries != fs::directory_iterator(); entries.increment(problem)) {
      if (stop_.stop_requested()) return fail(ErrorCode::kCancelled, "Reading was stopped.");
      if (++looked_at_ > kMostFolderEntries) return too_large("entries", kMostFolderEntries);
      VEDETTE_CHECK(look_at(*entries, depth));
    }
    if (problem) return unreadable(folder, problem);
    return {};
  }

 private:
  Result<> look_at(const fs::directory_entry& entry, int depth) {
    std::error_code unknown;
    const bool is_link = entry.is_symlink(unknown);
    const std::string name = entry.path().filename().string();
    if (entry.is_directory(unknown)) {
      if (is_link || is_hidden_folder_name(name)) return {};
      return walk(entry.path(), depth + 1);
    }
    if (!is_recording_name(name) || !entry.is_regular_file(unknown)) return {};
    if (is_link && !check_folder(file_url(entry.path().string()), options_)) return {};
    struct stat facts{};
    if (stat(entry.path().c_str(), &facts) != 0) return {};
    if (!seen_.emplace(facts.st_dev, facts.st_ino).second) return {};
    if (into_.size() == kMostRecordedFiles) return too_large("recordings", kMostRecordedFiles);
    into_.push_back(entry.path().string());
    return {};
  }

  std::unexpected<Error> unreadable(const fs::path& folder, const std::error_code& problem) const {
    if (problem == std::errc::permission_denied) {
      return fail(ErrorCode::kForbidden,
                  fmt::format("The folder {} may not be read by this user; change its permissions.",
                              folder.string()));
    }
    return fail(ErrorCode::kUnavailable,
                fmt::format("The folder {} cannot be read; check the folder and its disk.",
                            folder.string()),
                problem.message());
  }

  std::unexpected<Error> too_large(std::string_view of, std::size_t most) const {
    return fail(ErrorCode::kTooLarge,
                fmt::format("The folder {} holds more than {} {}; name a folder in it instead.",
                            root_, most, of));
  }

  const std::string& root_;
  const SourceOptions& options_;
  const std::stop_token& stop_;
  std::vector<std::string>& into_;
  std::set<std::pair<dev_t, ino_t>> seen_;
  std::size_t looked_at_ = 0;
};

}  // namespace

Result<> list_recordings(const std::string& folder, const SourceOptions& options,
                         const std::stop_token& stop, std::vector<std::string>& into) {
  return FolderWalk(folder, options, stop, into).walk(folder, 0);
}

}  // namespace vedette::media
