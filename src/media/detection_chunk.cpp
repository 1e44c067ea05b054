#include "media/detection_chunk.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <utility>

#include "base/digest.hpp"

namespace vedette::media {
namespace {

constexpr std::string_view kMagic("VDet\x01", 5);
constexpr std::size_t kSumBytes = 4;
constexpr std::size_t kBoxBytes = 5 * sizeof(float);
// Pictures are smaller than that; boxes lie in them.
constexpr float kMostPixels = 65'536;

// Beyond these a number means damage: 700 years at 50 a second, in files of a record, in pixels.
constexpr std::int64_t kMostNumber = std::int64_t{1} << 40;
constexpr std::int64_t kMostMicros = std::int64_t{1} << 55;
constexpr std::int64_t kMostParts = 1 << 20;
constexpr std::int64_t kMostSide = 65'536;
// Of a difference, as it is written.
constexpr std::int64_t kMostZigzag = std::int64_t{1} << 58;

// What is written of a frame.
using Numbers = DetectionFrameNumbers;

Numbers numbers_of(const Frame& frame) {
  return {frame.number,
          frame.media_time.count(),
          frame.period,
          frame.part,
          frame.stamp ? frame.stamp->count() + (frame.stamp->count() >= 0 ? 1 : 0) : 0,
          frame.width(),
          frame.height()};
}

Frame frame_of(const Numbers& numbers) {
  Frame frame;
  frame.number = numbers[0];
  frame.media_time = Micros{numbers[1]};
  frame.period = static_cast<int>(numbers[2]);
  frame.part = static_cast<int>(numbers[3]);
  if (numbers[4] != 0) frame.stamp = Micros{numbers[4] - (numbers[4] > 0 ? 1 : 0)};
  frame.known_width = static_cast<int>(numbers[5]);
  frame.known_height = static_cast<int>(numbers[6]);
  return frame;
}

bool is_possible(const Numbers& numbers) {
  const auto is_within = [](std::int64_t value, std::int64_t most) {
    return value >= 0 && value <= most;
  };
  return is_within(numbers[0], kMostNumber) && is_within(numbers[1], kMostMicros) &&
         is_within(numbers[2], kMostParts) && is_within(numbers[3], kMostParts) &&
         numbers[4] >= -kMostMicros && numbers[4] <= kMostMicros &&
         is_within(numbers[5], kMostSide) && is_within(numbers[6], kMostSide);
}

// As frames of one source follow each other.
bool is_behind(const Numbers& next, const Numbers& last) {
  return next[0] > last[0] && next[1] > last[1] && next[2] >= last[2] && next[3] >= last[3];
}

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t from_zigzag(std::int64_t value) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) >> 1U) ^ -(value & 1);
}

std::string sum_of(std::string_view bytes) {
  return std::string(as_bytes(sha256(bytes)).substr(0, kSumBytes));
}

void put_varint(std::string& into, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) into += static_cast<char>(value | 0x80U);
  into += static_cast<char>(value);
}

void put_float(std::string& into, float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  for (unsigned shift = 0; shift < 32; shift += 8) into += static_cast<char>(bits >> shift);
}

// Numbers off the front of bytes that may end or lie at any place.
class Cursor {
 public:
  Cursor(std::string_view bytes, std::size_t at) : bytes_(bytes), at_(at) {}

  std::size_t at() const { return at_; }
  bool has(std::size_t count) const { return count <= bytes_.size() - at_; }

  /// Up to `most`; nullopt when it is not there, larger, or not in its shortest form.
  std::optional<std::int64_t> varint(std::int64_t most) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
      if (!has(1)) return std::nullopt;
      const auto byte = static_cast<std::uint8_t>(bytes_[at_++]);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte >= 0x80) continue;
      const bool is_shortest = byte != 0 || shift == 0;
      if (!is_shortest || value > static_cast<std::uint64_t>(most)) return std::nullopt;
      return static_cast<std::int64_t>(value);
    }
    return std::nullopt;
  }

  /// has(4) was asked.
  float number() {
    std::uint32_t bits = 0;
    for (unsigned shift = 0; shift < 32; shift += 8) {
      bits |= std::uint32_t{static_cast<std::uint8_t>(bytes_[at_++])} << shift;
    }
    return std::bit_cast<float>(bits);
  }

 private:
  std::string_view bytes_;
  std::size_t at_;
};

// What Session promises of a box; NaN is none.
bool is_sound(const Detection& box, int labels) {
  return box.x1 >= 0 && box.y1 >= 0 && box.x1 < box.x2 && box.y1 < box.y2 &&
         box.x2 <= kMostPixels && box.y2 <= kMostPixels && box.score >= 0 && box.score <= 1 &&
         box.class_id >= 0 && box.class_id < labels;
}

std::optional<Numbers> numbers_at(Cursor& cursor, const Numbers& last) {
  Numbers numbers = last;
  for (std::int64_t& number : numbers) {
    const auto step = cursor.varint(kMostZigzag);
    if (!step) return std::nullopt;
    number += from_zigzag(*step);
  }
  if (!is_possible(numbers)) return std::nullopt;
  return numbers;
}

std::optional<Detection> box_at(Cursor& cursor, int labels) {
  if (!cursor.has(kBoxBytes)) return std::nullopt;
  Detection box;
  for (float* value : {&box.x1, &box.y1, &box.x2, &box.y2, &box.score}) *value = cursor.number();
  const auto class_id = cursor.varint(labels - 1);
  if (!class_id) return std::nullopt;
  box.class_id = static_cast<int>(*class_id);
  if (!is_sound(box, labels)) return std::nullopt;
  return box;
}

std::unexpected<Error> damaged() {
  return fail(ErrorCode::kCorrupt,
              "Stored detections are damaged, or of another version of Vedette; those frames are "
              "shown to the model again.");
}

}  // namespace

bool DetectionChunkWriter::add(const Frame& frame, std::span<const Detection> boxes) {
  // As large as varints can be, and room for what stands around the frames.
  constexpr std::size_t kAround = 160;
  constexpr int kAnyLabel = 1 << 20;
  const std::size_t most = boxes.size() * (kBoxBytes + 10) + kAround;
  const Numbers numbers = numbers_of(frame);
  const Numbers last = last_ ? numbers_of(*last_) : Numbers{};
  const bool is_readable =
      is_possible(numbers) && (!last_ || is_behind(numbers, last)) &&
      std::ranges::all_of(boxes, [](const Detection& box) { return is_sound(box, kAnyLabel); });
  if (!is_readable || count_ == kMostChunkFrames ||
      boxes.size() > static_cast<std::size_t>(kMostFrameBoxes) ||
      frames_.size() + most > kMostChunkBytes) {
    return false;
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    put_varint(frames_, zigzag(numbers[i] - (count_ == 0 ? 0 : last[i])));
  }
  put_varint(frames_, boxes.size());
  for (const Detection& box : boxes) {
    for (const float value : {box.x1, box.y1, box.x2, box.y2, box.score}) put_float(frames_, value);
    put_varint(frames_, static_cast<std::uint64_t>(box.class_id));
  }
  last_ = frame_of(numbers);
  ++count_;
  return true;
}

std::string DetectionChunkWriter::take() {
  if (count_ == 0) return {};
  std::string chunk(kMagic);
  chunk.append(reinterpret_cast<const char*>(key_.data()), key_.size());
  put_varint(chunk, static_cast<std::uint64_t>(count_));
  chunk += frames_;
  chunk += sum_of(chunk);
  frames_.clear();
  count_ = 0;
  return chunk;
}

Result<DetectionChunkReader> DetectionChunkReader::open(std::string bytes, const DetectionKey& key,
                                                        int labels) {
  DetectionChunkReader reader(std::move(bytes));
  VEDETTE_CHECK(reader.check(key, labels));
  reader.begin();
  return reader;
}

Result<> DetectionChunkReader::check(const DetectionKey& key, int labels) {
  const std::string_view all = bytes_;
  const std::size_t head = kMagic.size() + key.size();
  if (all.size() > kMostChunkBytes || all.size() < head + kSumBytes || !all.starts_with(kMagic)) {
    return damaged();
  }
  const std::string_view content = all.substr(0, all.size() - kSumBytes);
  if (all.substr(content.size()) != sum_of(content)) return damaged();
  if (!std::ranges::equal(all.substr(kMagic.size(), key.size()), key, {},
                          [](char c) { return static_cast<std::uint8_t>(c); })) {
    return fail(ErrorCode::kConflict,
                "Stored detections are of another recording, model or version; the frames are "
                "shown to the model again.");
  }
  bytes_.resize(content.size());
  Cursor cursor(bytes_, head);
  const auto frames = cursor.varint(kMostChunkFrames);
  if (!frames || *frames == 0) return damaged();
  Numbers last{};
  for (std::int64_t i = 0; i < *frames; ++i) {
    const auto numbers = numbers_at(cursor, last);
    const auto boxes = cursor.varint(kMostFrameBoxes);
    if (!numbers || !boxes || (i > 0 && !is_behind(*numbers, last))) return damaged();
    last = *numbers;
    for (std::int64_t k = 0; k < *boxes; ++k) {
      if (!box_at(cursor, labels)) return damaged();
    }
  }
  if (cursor.has(1)) return damaged();
  return {};
}

void DetectionChunkReader::begin() {
  Cursor cursor(bytes_, kMagic.size() + DetectionKey{}.size());
  left_ = cursor.varint(kMostChunkFrames).value_or(0);
  at_ = cursor.at();
  next(Numbers{});
}

// From behind the boxes of a frame to those of the next one.
void DetectionChunkReader::next(const DetectionFrameNumbers& last) {
  if (--left_ < 0) return;
  Cursor cursor(bytes_, at_);
  frame_ = frame_of(numbers_at(cursor, last).value_or(last));
  at_ = cursor.at();
}

void DetectionChunkReader::take(std::vector<Detection>& into) {
  into.clear();
  if (is_over()) return;
  Cursor cursor(bytes_, at_);
  const std::int64_t boxes = cursor.varint(kMostFrameBoxes).value_or(0);
  for (std::int64_t k = 0; k < boxes; ++k) {
    const auto box = box_at(cursor, std::numeric_limits<int>::max());
    if (!box) break;
    into.push_back(*box);
  }
  at_ = cursor.at();
  next(numbers_of(frame_));
}

}  // namespace vedette::media
