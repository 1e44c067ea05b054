// Several recordings read one behind the other as one: frame numbers and media time go on from file
// to file. Chapters follow each other without a gap; between recordings whose times are known lies
// as much media time as passed between them. Reads on the caller's thread. Only inside src/media.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/file_source.hpp"
#include "media/frame_source.hpp"
#include "media/recording.hpp"
#include "media/source_meter.hpp"

namespace vedette::media {

/// Whether an error is about this one file, and not about the disk it lies on or about us: the file
/// is passed over, and the others are read.
bool is_of_file(const Error& error);

struct RecordedNames {
  std::string shown;
  std::string order;
  std::string left_out;
};

class RecordedSource final : public FrameSource {
 public:
  /// Opens the first file that can be read.
  static Result<std::unique_ptr<FrameSource>> open(std::vector<RecordedFile> files,
                                                   RecordedNames names,
                                                   const SourceOptions& options,
                                                   const std::stop_token& stop);

  Result<std::optional<Frame>> next(const std::stop_token& stop) override;
  Result<> pass(const Frame& known, const std::stop_token& stop) override;
  SourceInfo info() const override { return info_; }
  SourceStats stats() const override { return meter_.stats(); }

 private:
  /// Where media time and the files' own times meet.
  struct Anchor {
    Instant made_at;
    Micros media_time{0};
  };

  RecordedSource(std::vector<RecordedFile> files, RecordedNames names, const SourceOptions& options)
      : files_(std::move(files)), names_(std::move(names)), options_(options) {}

  // The next file that can be read, as file_; none: behind the last one. One that cannot is told.
  Result<> open_next(const std::stop_token& stop);
  Result<> open_passed(const std::stop_token& stop);
  // The first frame of the part comes.
  void place(std::size_t part);
  void take_time(Micros time, bool is_first);
  std::unexpected<Error> pass_over(Error error);

  std::vector<RecordedFile> files_;
  RecordedNames names_;
  SourceOptions options_;
  SourceInfo info_;
  SourceMeter meter_;
  std::unique_ptr<FileSource> file_;
  std::size_t part_ = 0;  // of file_
  std::size_t next_part_ = 0;
  bool has_begun_ = false;
  std::vector<std::optional<Micros>> passed_;  // of last_part_, whose file is not opened yet
  std::int64_t corrupt_before_ = 0;
  std::int64_t number_ = 0;
  int period_ = 0;
  /// A file, or the rest of one, is missing before what comes next.
  bool is_broken_ = false;
  std::optional<std::size_t> last_part_;  // of the last frame
  std::optional<Micros> last_time_;
  Micros step_{40'000};  // between the last two frames of a file
  Micros start_{0};      // of the present file
  std::optional<Anchor> anchor_;
};

}  // namespace vedette::media
