// Small pictures from all over a recording, taken while it is counted: whatever its length, which
// nobody knows before its end, 9 to 16 of them lie as evenly as frames go (fewer of a very short
// one). Used by the job that counts; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace vedette::blob {
class Store;
}

namespace vedette::traffic {

/// One that lies in the store.
struct StoredThumbnail {
  std::int64_t frame = 0;
  Micros media_time{0};
  std::string key;
};

class Thumbnails {
 public:
  static constexpr std::size_t kMost = 16;

  Thumbnails() = default;
  /// Goes on with those of an earlier attempt, or of an earlier count of the same recording.
  explicit Thumbnails(std::vector<StoredThumbnail> stored);

  /// Whether a picture of this frame is wanted, as far as is known by now.
  bool wants(std::int64_t frame) const;
  /// Takes it; when there are too many then, every other one goes.
  void add(std::int64_t frame, Micros media_time, std::string jpeg);

  /// Puts into the store what is not there. After an error the rest is left for the next call.
  Result<void> store(blob::Store& blobs, const std::stop_token& stop);
  /// Whether stored() is another than at the last call of settled().
  bool has_changed() const { return has_changed_; }
  void settled() { has_changed_ = false; }
  /// In the order of their frames.
  std::vector<StoredThumbnail> stored() const;

 private:
  struct Picture {
    Micros media_time{0};
    std::string jpeg;  // empty once it is stored
    std::string key;   // empty until then
  };
  void thin();

  std::map<std::int64_t, Picture> pictures_;
  std::int64_t step_ = 8;  // frames whose number is a multiple of it are wanted
  bool has_changed_ = false;
};

}  // namespace vedette::traffic
