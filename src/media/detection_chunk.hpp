// What a detector said of some frames, as bytes to be stored and read back: so that a recording
// whose counting was interrupted is not shown to the model again. Boxes keep their exact bits. The
// bytes come back from a database and are checked like any foreign bytes. Used by DetectionLog;
// one thread a writer or reader.
//
// Version 1, numbers little endian, varint as LEB128 in its shortest form:
//   "VDet" 01 | key, 16 bytes | frames: varint | per frame: number, media time (us), period, part,
//   stamp (us, plus 1 from 0 on; 0: none), width, height, each less that of the frame before (of
//   the first frame: itself) as a varint of its zigzag; boxes varint; per box x1 y1 x2 y2 score
//   (float32), class varint | the first 4 bytes of the SHA-256 of all that
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "media/detection.hpp"
#include "media/frame.hpp"

namespace vedette::media {

/// Of what determines detections: chunks of another key say nothing about these frames.
using DetectionKey = std::array<std::uint8_t, 16>;

inline constexpr std::size_t kMostChunkBytes = std::size_t{8} << 20;
inline constexpr std::int64_t kMostChunkFrames = 1'000'000;
inline constexpr std::int64_t kMostFrameBoxes = 10'000;

/// What is kept of a frame beside its boxes, in the order of the format.
using DetectionFrameNumbers = std::array<std::int64_t, 7>;

class DetectionChunkWriter {
 public:
  explicit DetectionChunkWriter(const DetectionKey& key) : key_(key) {}

  /// Frames in rising order, without their pictures. False, and nothing is written, when the chunk
  /// is full or this would not be read back.
  bool add(const Frame& frame, std::span<const Detection> boxes);

  /// The chunk, and the next one begins; empty when no frame was added.
  std::string take();

 private:
  DetectionKey key_;
  std::string frames_;
  std::int64_t count_ = 0;
  std::optional<Frame> last_;
};

/// Reads a chunk frame by frame. The whole of it was checked when it was opened.
class DetectionChunkReader {
 public:
  /// kConflict when it is of another key, kCorrupt when it is damaged or of a version that is not
  /// known. `labels`: of the model; a class beyond them is damage.
  static Result<DetectionChunkReader> open(std::string bytes, const DetectionKey& key, int labels);

  /// The frame that is read next; its picture is not at hand. Not behind the last one.
  const Frame& frame() const { return frame_; }
  bool is_over() const { return left_ < 0; }

  /// Boxes of frame() in `into` (cleared), and on to the next frame. Not behind the last one.
  void take(std::vector<Detection>& into);

 private:
  explicit DetectionChunkReader(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<> check(const DetectionKey& key, int labels);
  void begin();
  void next(const DetectionFrameNumbers& last);

  std::string bytes_;
  std::size_t at_ = 0;  // of the boxes of frame_
  std::int64_t left_ = 0;
  Frame frame_;
};

}  // namespace vedette::media
