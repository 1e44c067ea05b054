// What is kept comes back to the bit, damage is found, and a session that remembers says what the
// real one would.
#include "media/logged_session.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "base/digest.hpp"

namespace vedette::media {
namespace {

constexpr int kLabels = 80;
constexpr DetectionKey kKey{1, 2, 3};

using Boxes = std::vector<Detection>;

bool is_same(const Boxes& a, const Boxes& b) {
  return std::ranges::equal(a, b, [](const Detection& x, const Detection& y) {
    return std::memcmp(&x, &y, sizeof(Detection)) == 0;
  });
}

Detection box(float x, float y, float width, float height, float score, int class_id) {
  return {
      .x1 = x, .y1 = y, .x2 = x + width, .y2 = y + height, .score = score, .class_id = class_id};
}

Boxes some_boxes() {
  Boxes boxes(static_cast<std::size_t>(*rc::gen::inRange(0, 5)));
  const auto share = [] { return static_cast<float>(*rc::gen::inRange(0, 1 << 24)) / (1 << 24); };
  for (Detection& each : boxes) {
    each = box(share() * 640, share() * 480, 1 + share() * 99, 1 + share() * 99, share(),
               *rc::gen::inRange(0, kLabels));
  }
  return boxes;
}

std::map<std::int64_t, Boxes> some_frames() {
  std::map<std::int64_t, Boxes> frames;
  std::int64_t number = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 33);
  for (int i = *rc::gen::inRange(1, 40); i > 0; --i) {
    frames[number] = some_boxes();
    number += *rc::gen::inRange(1, 400);
  }
  return frames;
}

std::string written(const std::map<std::int64_t, Boxes>& frames) {
  DetectionChunkWriter writer(kKey);
  for (const auto& [number, boxes] : frames) EXPECT_TRUE(writer.add(number, boxes));
  return writer.take();
}

// The chunk with other bytes from `at` on, and its sum put right.
std::string changed(std::string chunk, std::size_t at, std::string_view bytes) {
  chunk.resize(chunk.size() - 4);
  chunk.replace(at, bytes.size(), bytes);
  return chunk + std::string(as_bytes(sha256(chunk)).substr(0, 4));
}

std::string bits_of(float value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

RC_GTEST_PROP(DetectionChunk, ComesBackToTheBit, ()) {
  const auto frames = some_frames();
  auto reader = DetectionChunkReader::open(written(frames), kKey, kLabels);
  RC_ASSERT(reader.has_value());
  RC_ASSERT(reader->last_frame() == frames.rbegin()->first);
  Boxes boxes;
  for (const auto& [number, expected] : frames) {
    RC_ASSERT(reader->frame() == number);
    reader->take(boxes);
    RC_ASSERT(is_same(boxes, expected));
  }
  RC_ASSERT(reader->frame() == -1);
}

RC_GTEST_PROP(DetectionChunk, AnyDamageIsFound, ()) {
  std::string chunk = written(some_frames());
  if (*rc::gen::arbitrary<bool>()) {
    chunk.resize(*rc::gen::inRange<std::size_t>(0, chunk.size()));
  } else {
    const auto at = *rc::gen::inRange<std::size_t>(0, chunk.size());
    chunk[at] = static_cast<char>(chunk[at] ^ *rc::gen::inRange(1, 256));
  }
  const auto reader = DetectionChunkReader::open(chunk, kKey, kLabels);
  RC_ASSERT(!reader.has_value());
  RC_ASSERT(reader.error().code == ErrorCode::kCorrupt);
}

TEST(DetectionChunk, IsOfOneKeyAlone) {
  const auto chunk = written({{7, {box(1, 2, 3, 4, 0.5F, 6)}}});
  const auto reader = DetectionChunkReader::open(chunk, DetectionKey{9}, kLabels);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ErrorCode::kConflict);
}

TEST(DetectionChunk, BoxesThatCannotBeAreDamageWhateverTheSumSays) {
  const auto chunk = written({{7, {box(1, 2, 3, 4, 0.5F, 6)}}});
  constexpr std::size_t kBox = 5 + 16 + 3;
  const auto refused = [](const std::string& bytes) {
    return !DetectionChunkReader::open(bytes, kKey, kLabels);
  };
  EXPECT_FALSE(refused(changed(chunk, kBox, bits_of(1.5F))));
  EXPECT_TRUE(refused(changed(chunk, kBox, bits_of(std::nanf("")))));
  EXPECT_TRUE(refused(changed(chunk, kBox, bits_of(-1))));
  EXPECT_TRUE(refused(changed(chunk, kBox, bits_of(9)))) << "right of its right side";
  EXPECT_TRUE(refused(changed(chunk, kBox + 8, bits_of(1e9F))));
  EXPECT_TRUE(refused(changed(chunk, kBox + 16, bits_of(1.25F))));
  EXPECT_TRUE(refused(changed(chunk, kBox + 20, "\x50"))) << "no such class";
  EXPECT_TRUE(refused(changed(chunk, kBox - 1, "\x02"))) << "more boxes than there are";
  EXPECT_TRUE(refused(changed(chunk, kBox - 3, "\x02"))) << "more frames than there are";
  EXPECT_TRUE(refused(changed(chunk, 4, "\x02"))) << "a later version";
}

TEST(DetectionChunk, AFullOneTakesNoMoreAndIsRead) {
  DetectionChunkWriter writer(kKey);
  const Boxes many(5'000, box(1, 2, 3, 4, 0.5F, 6));
  std::int64_t frames = 0;
  while (writer.add(frames, many)) ++frames;
  const auto chunk = writer.take();
  EXPECT_LE(chunk.size(), kMostChunkBytes);
  EXPECT_GT(chunk.size(), kMostChunkBytes / 2);
  const auto reader = DetectionChunkReader::open(chunk, kKey, kLabels);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->last_frame(), frames - 1);
  EXPECT_TRUE(writer.add(frames, many)) << "there is room again";
}

TEST(DetectionChunk, WhatWouldNotBeReadBackIsNotWritten) {
  DetectionChunkWriter writer(kKey);
  const Boxes bad{box(1, 2, 3, std::nanf(""), 0.5F, 6)};
  EXPECT_FALSE(writer.add(1, bad));
  EXPECT_TRUE(writer.add(2, {}));
  EXPECT_FALSE(writer.add(2, {})) << "the same frame again";
  EXPECT_FALSE(writer.add(1, {})) << "an earlier one";
}

// Says of frame n one box at n; counts what it was asked.
class PlainSession final : public Session {
 public:
  explicit PlainSession(int capacity = 3) : capacity_(capacity) { model_.labels.resize(kLabels); }

  std::vector<std::int64_t> asked;
  bool is_done = false;

  static Boxes boxes(std::int64_t number) {
    return {box(static_cast<float>(number % 500) + 0.1F, 1, 10, 10, 0.3F, 2)};
  }
  Result<> detect(const Frame& frame, Boxes& into) override {
    VEDETTE_CHECK(submit(frame));
    return collect(into);
  }
  Result<> submit(const Frame& frame) override {
    if (in_flight() == capacity_) return fail(ErrorCode::kTooMany, "full");
    asked.push_back(frame.number);
    under_way_.push_back(frame.number);
    return {};
  }
  Result<> collect(Boxes& into) override {
    if (under_way_.empty()) return fail(ErrorCode::kInternal, "nothing in flight");
    into = boxes(under_way_.front());
    under_way_.pop_front();
    return {};
  }
  bool is_ready() const override { return is_done && !under_way_.empty(); }
  int in_flight() const override { return static_cast<int>(under_way_.size()); }
  int capacity() const override { return capacity_; }
  const ModelInfo& model() const override { return model_; }
  DetectorFacts facts() const override { return {}; }

 private:
  int capacity_;
  ModelInfo model_;
  std::deque<std::int64_t> under_way_;
};

Frame frame(std::int64_t number) {
  Frame made;
  made.number = number;
  return made;
}

std::string chunk_of(std::initializer_list<std::int64_t> numbers, std::string_view key = "key") {
  PlainSession plain;
  LoggedSession session(plain, key);
  Boxes boxes;
  for (const auto number : numbers) EXPECT_TRUE(session.detect(frame(number), boxes));
  return session.take_new();
}

TEST(LoggedSession, AnswersFromWhatIsKeptAndAsksForTheRest) {
  PlainSession plain;
  LoggedSession session(plain, "key");
  // In any order, one within another, and one twice.
  for (const auto& chunk :
       {chunk_of({4, 9}), chunk_of({0, 1, 2}), chunk_of({5, 6, 20}), chunk_of({0, 1, 2})}) {
    ASSERT_TRUE(session.add(chunk));
  }
  EXPECT_EQ(session.last_known(), 20);
  Boxes boxes;
  for (std::int64_t number = 1; number <= 21; ++number) {
    ASSERT_TRUE(session.detect(frame(number), boxes));
    EXPECT_TRUE(is_same(boxes, PlainSession::boxes(number))) << number;
  }
  EXPECT_EQ(session.answered(), 7);
  EXPECT_EQ(plain.asked,
            (std::vector<std::int64_t>{3, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21}));
  // What was asked now fills the holes.
  ASSERT_FALSE(session.take_new().empty());
  EXPECT_TRUE(session.take_new().empty());
}

RC_GTEST_PROP(LoggedSession, KeepsTheOrderOfWhatIsInFlight, ()) {
  const int capacity = *rc::gen::inRange(1, 6);
  PlainSession plain(capacity);
  plain.is_done = *rc::gen::arbitrary<bool>();
  LoggedSession session(plain, "key");
  const std::int64_t known = *rc::gen::inRange(0, 40);
  {
    PlainSession earlier;
    LoggedSession first(earlier, "key");
    Boxes boxes;
    for (std::int64_t i = 0; i < known; ++i) {
      RC_ASSERT(first.detect(frame(i), boxes).has_value());
      if (*rc::gen::inRange(0, 4) > 0) continue;
      if (auto chunk = first.take_new(); !chunk.empty()) RC_ASSERT(session.add(chunk).has_value());
    }
    if (auto chunk = first.take_new(); !chunk.empty()) RC_ASSERT(session.add(chunk).has_value());
  }
  std::int64_t submitted = 0;
  std::int64_t collected = 0;
  Boxes boxes;
  while (collected < 60) {
    const bool can_submit = submitted < 60 && session.in_flight() < session.capacity();
    if (can_submit && (session.in_flight() == 0 || *rc::gen::arbitrary<bool>())) {
      RC_ASSERT(session.submit(frame(submitted++)).has_value());
      continue;
    }
    if (collected < known) RC_ASSERT(session.is_ready());
    RC_ASSERT(session.collect(boxes).has_value());
    RC_ASSERT(is_same(boxes, PlainSession::boxes(collected++)));
  }
  RC_ASSERT(session.answered() == known);
  RC_ASSERT(static_cast<std::int64_t>(plain.asked.size()) == 60 - known);
}

TEST(LoggedSession, SaysWhenItIsFullOrEmpty) {
  PlainSession plain(1);
  LoggedSession session(plain, "key");
  ASSERT_TRUE(session.add(chunk_of({0})));
  Boxes boxes;
  EXPECT_FALSE(session.collect(boxes));
  ASSERT_TRUE(session.submit(frame(0)));
  EXPECT_EQ(session.submit(frame(1)).error().code, ErrorCode::kTooMany);
  EXPECT_FALSE(session.detect(frame(1), boxes));
}

TEST(LoggedSession, TakesNothingOfAnotherKeyAndNothingDamaged) {
  PlainSession plain;
  LoggedSession session(plain, "key");
  EXPECT_EQ(session.add(chunk_of({0, 1}, "other")).error().code, ErrorCode::kConflict);
  auto chunk = chunk_of({0, 1});
  chunk[40] = static_cast<char>(chunk[40] + 1);
  EXPECT_EQ(session.add(chunk).error().code, ErrorCode::kCorrupt);
  Boxes boxes;
  ASSERT_TRUE(session.detect(frame(0), boxes));
  EXPECT_EQ(session.answered(), 0);
}

TEST(LoggedSession, WithoutAKeyNothingIsKept) {
  EXPECT_EQ(detection_key("recording", ""), "");
  PlainSession plain;
  LoggedSession session(plain, detection_key("recording", *plain.fingerprint()));
  EXPECT_FALSE(session.add(chunk_of({0})));
  Boxes boxes;
  ASSERT_TRUE(session.detect(frame(0), boxes));
  EXPECT_EQ(boxes.size(), 1U);
  EXPECT_TRUE(session.take_new().empty());
}

}  // namespace
}  // namespace vedette::media
