// Stored detections as they come back from a database: refused, or read to what writes the same
// bytes again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "media/detection_chunk.hpp"

namespace {

using namespace vedette::media;

constexpr int kLabels = 80;
constexpr std::size_t kKeyAt = 5;

void read(const std::string& bytes) {
  DetectionKey key{};
  if (bytes.size() >= kKeyAt + key.size()) {
    std::copy_n(bytes.begin() + kKeyAt, key.size(), key.begin());
  }
  auto reader = DetectionChunkReader::open(bytes, key, kLabels);
  if (!reader) {
    if (reader.error().message.empty()) std::abort();
    return;
  }
  DetectionChunkWriter writer(key);
  std::vector<Detection> boxes;
  std::int64_t last = -1;
  while (!reader->is_over()) {
    const Frame frame = reader->frame();
    if (frame.number <= last) std::abort();
    last = frame.number;
    reader->take(boxes);
    for (const Detection& box : boxes) {
      if (box.class_id < 0 || box.class_id >= kLabels || !(box.x1 < box.x2)) std::abort();
    }
    if (!writer.add(frame, boxes)) std::abort();
  }
  if (writer.take() != bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  // With its sum put right, so that what lies below it is looked at.
  constexpr std::size_t kSumBytes = 4;
  if (size < kSumBytes) return 0;
  bytes.resize(size - kSumBytes);
  bytes += vedette::as_bytes(vedette::sha256(bytes)).substr(0, kSumBytes);
  read(bytes);
  return 0;
}
