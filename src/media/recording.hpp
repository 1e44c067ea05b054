// What was recorded, as one record: a file, a folder of them (a recorder's day, a card's DCIM), or
// several. Finds the files, puts them in order, knows how long they are before they are read, and
// opens them as one source. Used where a recording is counted; open_source() does it for everybody
// else. A value; any thread. Blocks for the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "media/frame_source.hpp"

namespace vedette::media {

/// More files, folders within folders or entries are refused with kTooLarge.
inline constexpr std::size_t kMostRecordedFiles = 10'000;
inline constexpr std::size_t kMostFolderEntries = 200'000;
inline constexpr int kMostFolderDepth = 8;

/// How long a recording is, as its files say; without the gaps between them. Of one that is not
/// said: nullopt.
struct RecordingLength {
  std::optional<std::int64_t> frames;
  std::optional<Micros> duration;
};

/// One file of a record.
struct RecordedFile {
  std::string path;
  /// When it was made, as its container says, or its name.
  std::optional<Instant> made_at;
  RecordingLength length;
  /// Why it cannot be read; such a file is passed over.
  std::optional<Error> problem;
};

class Recording {
 public:
  /// Looks for the files and puts them in order: by the times their containers say, where each has
  /// one and they differ, else by their names, as people count. Not every file of a folder is one:
  /// what is no video, is hidden, or leads out of the allowed folders by a link is passed over, and
  /// so is what a dashcam's rear camera recorded beside its front one.
  /// kNotFound when there is none, kTooLarge beyond the bounds, kForbidden, kInvalid for what is no
  /// file, kCorrupt when none of several can be read; kUnavailable when a disk is away.
  static Result<Recording> find(const SourceOptions& options, const std::stop_token& stop = {});

  const std::vector<RecordedFile>& files() const { return files_; }
  /// For people: the file, the folder, or "first.mp4 and 11 more".
  const std::string& shown() const { return shown_; }
  /// "in the order of their recording times" or "in the order of their names"; empty for one file.
  const std::string& order() const { return order_; }
  /// A sentence about files that are not of this record: what a dashcam's other cameras saw while
  /// the front one recorded (media/dashcam_names.hpp). Mostly empty.
  const std::string& left_out() const { return left_out_; }

  /// From the files' headers; of those that say nothing there, from their ends, for some seconds at
  /// most (longer recordings than that are not known). About: a damaged file has less.
  RecordingLength length(const std::stop_token& stop = {}) const;

  /// Names the content: files in order, by their sizes and samples of their bytes, not by their
  /// paths. 32 hexadecimal digits. kUnavailable when a file is gone meanwhile.
  Result<std::string> identity(const std::stop_token& stop = {}) const;

  /// The frames of all files as one source; see FrameSource. Opens the first one that can be read.
  Result<std::unique_ptr<FrameSource>> open(const std::stop_token& stop = {}) const;

 private:
  Result<> put_in_order(const std::stop_token& stop);

  SourceOptions options_;
  std::vector<RecordedFile> files_;
  std::string shown_;
  std::string order_;
  std::string left_out_;
  bool is_one_file_ = false;  // named as such
};

}  // namespace vedette::media
