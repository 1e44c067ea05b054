// What determines a detector's answers beside the picture, in one line: the model's file and
// description, the engine, and how pictures are prepared. Two detectors of one fingerprint say the
// same of the same frame. Thread-safe. Only inside src/media.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "media/detector.hpp"

namespace vedette::media {

class Fingerprint {
 public:
  /// Notes the state of the model's files; to be made before the engine reads them.
  explicit Fingerprint(DetectorOptions options);

  /// 32 hexadecimal digits. Reads the model's files at the first call. kConflict when they are not
  /// those that were loaded any more.
  Result<std::string> get(const ModelInfo& info, const DetectorFacts& facts);

 private:
  struct File {
    std::filesystem::path path;
    std::uintmax_t size = 0;
    std::filesystem::file_time_type changed_at;
    bool operator==(const File&) const = default;
  };
  static std::vector<File> files_of(const std::filesystem::path& model);

  DetectorOptions options_;
  std::vector<File> files_;
  std::mutex text_mutex_;
  std::string text_;
};

}  // namespace vedette::media
