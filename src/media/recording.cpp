#include "media/recording.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/digest.hpp"
#include "media/container_header.hpp"
#include "media/dashcam_names.hpp"
#include "media/file_source.hpp"
#include "media/recorded_source.hpp"
#include "media/recording_folder.hpp"
#include "media/recording_names.hpp"
#include "media/source_error.hpp"
#include "media/source_url.hpp"

namespace vedette::media {
namespace {

constexpr auto kLengthBudget = std::chrono::seconds(5);

bool is_folder(const std::string& path) {
  struct stat facts{};
  return stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

// Samples of a file that tell it from another one of its size: its ends, and places between them.
Result<std::string> samples_of(const std::string& path, int pieces) {
  constexpr std::size_t kPiece = 4096;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat facts{};
  bool is_read = file >= 0 && fstat(file, &facts) == 0;
  std::string all = std::to_string(facts.st_size) + ' ';
  const off_t last = std::max<off_t>(0, facts.st_size - static_cast<off_t>(kPiece));
  std::string piece(kPiece, '\0');
  for (int i = 0; is_read && i < pieces; ++i) {
    const ssize_t count = pread(file, piece.data(), kPiece, last / std::max(1, pieces - 1) * i);
    is_read = count >= 0;
    all.append(piece, 0, static_cast<std::size_t>(std::max<ssize_t>(0, count)));
  }
  const int reason = errno;
  if (file >= 0) close(file);
  if (is_read) return std::string(as_bytes(sha256(all)));
  return fail(ErrorCode::kUnavailable,
              fmt::format("The file {} cannot be read any more; check the file and its disk.",
                          file_url(path).shown),
              std::strerror(reason));
}

// The same for every one that can be read, or for none.
void take_times(std::vector<RecordedFile>& files,
                const std::vector<std::optional<Instant>>& by_container, bool& is_by_time) {
  bool all_in_name = true;
  bool all_in_container = true;
  std::optional<Instant> one;
  bool do_differ = false;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].problem) continue;
    all_in_name = all_in_name && time_in_path(files[i].path);
    all_in_container = all_in_container && by_container[i];
    do_differ = do_differ || (one && by_container[i] && *one != *by_container[i]);
    if (!one) one = by_container[i];
  }
  is_by_time = all_in_container && do_differ;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (is_by_time) {
      // One that cannot be read stands where its name puts it.
      files[i].made_at = by_container[i] ? by_container[i] : i > 0 ? files[i - 1].made_at : one;
    } else if (all_in_name) {
      files[i].made_at = time_in_path(files[i].path);
    }
  }
}

}  // namespace

Result<Recording> Recording::find(const SourceOptions& options, const std::stop_token& stop) {
  VEDETTE_TRY(url, parse_source_url(options));
  if (url.kind != SourceKind::kFile) {
    return fail(ErrorCode::kInvalid,
                fmt::format("The source {} is no recording; name a video file or a folder of them.",
                            url.shown));
  }
  VEDETTE_CHECK(check_folder(url, options));
  Recording recording;
  recording.options_ = options;
  recording.shown_ = url.shown;
  const bool is_list = !url.parts.empty();
  std::vector<std::string> paths;
  for (const std::string& part : is_list ? url.parts : std::vector{url.path}) {
    if (is_folder(part)) {
      VEDETTE_CHECK(list_recordings(part, options, stop, paths));
    } else {
      // What is named and not there is a mistake; what is there and damaged is passed over.
      const auto checked = is_list ? check_file(file_url(part)) : Result<>{};
      if (!checked && (checked.error().code == ErrorCode::kNotFound ||
                       checked.error().code == ErrorCode::kInvalid)) {
        return fail(checked.error());
      }
      recording.is_one_file_ = !is_list;
      paths.push_back(part);
    }
  }
  if (paths.size() > kMostRecordedFiles) {
    return fail(ErrorCode::kTooLarge, fmt::format("The source {} holds more than {} recordings; "
                                                  "name fewer.",
                                                  url.shown, kMostRecordedFiles));
  }
  std::ranges::sort(paths, is_before);
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  if (const std::size_t count = keep_front_camera(paths); count > 0) {
    recording.left_out_ = fmt::format(
        "{} of a dashcam's other cameras {} left out, because the front camera recorded the same "
        "minutes; name them without its files to count them.",
        count == 1 ? "1 file" : fmt::format("{} files", count), count == 1 ? "is" : "are");
  }
  for (std::string& path : paths) {
    recording.files_.push_back(
        {.path = std::move(path), .made_at = {}, .length = {}, .problem = {}});
  }
  if (!recording.is_one_file_) VEDETTE_CHECK(recording.put_in_order(stop));
  if (recording.files_.empty()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("The folder {} holds no recordings; name one with video files in it "
                            "(MP4, MOV, AVI, MKV, TS).",
                            url.shown));
  }
  if (is_list)
    recording.shown_ = shown_list(recording.files_.front().path, recording.files_.size());
  return recording;
}

Result<> Recording::put_in_order(const std::stop_token& stop) {
  std::vector<std::optional<Instant>> by_container;
  std::vector<RecordedFile> there;
  for (RecordedFile& file : files_) {
    auto header = read_container_header(file_url(file.path), options_, false, stop);
    // Deleted since it was seen in its folder, as recorders do with their oldest.
    if (!header && header.error().code == ErrorCode::kNotFound) continue;
    if (!header && !is_of_file(header.error())) return fail(std::move(header.error()));
    if (!header) file.problem = std::move(header.error());
    by_container.push_back(header ? header->made_at : std::nullopt);
    if (header) file.length = {.frames = header->frames, .duration = header->duration};
    there.push_back(std::move(file));
  }
  files_ = std::move(there);
  if (files_.empty()) return {};
  if (std::ranges::all_of(files_, [](const auto& file) { return file.problem.has_value(); })) {
    if (files_.size() == 1) return fail(*files_.front().problem);
    return fail(ErrorCode::kCorrupt, fmt::format("None of the {} files can be read. The first one: "
                                                 "{}",
                                                 files_.size(), files_.front().problem->message));
  }
  bool is_by_time = false;
  take_times(files_, by_container, is_by_time);
  if (files_.size() > 1) {
    order_ = is_by_time ? "in the order of their recording times" : "in the order of their names";
  }
  // Chapters of one recording may all bear its time.
  if (is_by_time) std::ranges::stable_sort(files_, {}, &RecordedFile::made_at);
  return {};
}

RecordingLength Recording::length(const std::stop_token& stop) const {
  const auto deadline = std::chrono::steady_clock::now() + kLengthBudget;
  RecordingLength sum{.frames = 0, .duration = Micros{0}};
  for (const RecordedFile& file : files_) {
    if (file.problem) continue;
    RecordingLength length = file.length;
    const bool is_known = length.frames && length.duration;
    if (!is_known && std::chrono::steady_clock::now() < deadline) {
      if (const auto header = read_container_header(file_url(file.path), options_, true, stop)) {
        length = {.frames = header->frames, .duration = header->duration};
      }
    }
    if (!length.frames) sum.frames.reset();
    if (!length.duration) sum.duration.reset();
    if (sum.frames) *sum.frames += *length.frames;
    if (sum.duration) *sum.duration += *length.duration;
    if (!sum.frames && !sum.duration) break;
  }
  return sum;
}

Result<std::string> Recording::identity(const std::stop_token& stop) const {
  // Of many files little of each, so that a day's folder on a disk takes seconds.
  constexpr std::size_t kPieces = 64;
  const auto pieces = static_cast<int>(std::clamp<std::size_t>(kPieces / files_.size(), 2, 16));
  std::string all;
  for (const RecordedFile& file : files_) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "Reading was stopped.");
    if (file.problem) {
      all += "passed over;";
      continue;
    }
    VEDETTE_TRY(samples, samples_of(file.path, pieces));
    all += samples;
  }
  return sha256_hex(all).substr(0, 32);
}

Result<std::unique_ptr<FrameSource>> Recording::open(const std::stop_token& stop) const {
  if (is_one_file_) return open_file(file_url(files_.front().path), options_, stop);
  return RecordedSource::open(files_, {.shown = shown_, .order = order_, .left_out = left_out_},
                              options_, stop);
}

}  // namespace vedette::media
