// What is kept comes back to the bit, damage is found, and a session that remembers says what the
// real one would.
#include "media/detection_log.hpp"

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

struct Kept {
  Frame frame;
  Boxes boxes;
};

std::vector<Kept> some_frames() {
  std::vector<Kept> all;
  Frame frame;
  frame.number = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 33);
  frame.known_width = 640;
  frame.known_height = 480;
  for (int i = *rc::gen::inRange(1, 40); i > 0; --i) {
    all.push_back({frame, some_boxes()});
    frame.number += *rc::gen::inRange(1, 400);
    frame.media_time += Micros{*rc::gen::inRange(1, 1 << 30)};
    frame.stamp.reset();
    if (*rc::gen::inRange(0, 5) > 0) frame.stamp = Micros{*rc::gen::inRange(-100, 1 << 30)};
    if (*rc::gen::inRange(0, 9) == 0) ++frame.period;
    if (*rc::gen::inRange(0, 9) == 0) ++frame.part;
    if (*rc::gen::inRange(0, 9) == 0) frame.known_width = *rc::gen::inRange(1, 8193);
  }
  return all;
}

std::string written(const std::vector<Kept>& frames) {
  DetectionChunkWriter writer(kKey);
  for (const auto& [frame, boxes] : frames) EXPECT_TRUE(writer.add(frame, boxes));
  return writer.take();
}

Frame frame(std::int64_t number) {
  Frame made;
  made.number = number;
  made.media_time = Micros{number * 40'000};
  made.stamp = made.media_time;
  made.known_width = 640;
  made.known_height = 480;
  return made;
}

std::string one_box() {
  return written({{frame(7), {box(1, 2, 3, 4, 0.5F, 6)}}});
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
  Boxes boxes;
  for (const auto& [expected, expected_boxes] : frames) {
    RC_ASSERT(!reader->is_over());
    const Frame& read = reader->frame();
    RC_ASSERT(read.number == expected.number);
    RC_ASSERT(read.media_time == expected.media_time);
    RC_ASSERT(read.stamp == expected.stamp);
    RC_ASSERT(read.period == expected.period);
    RC_ASSERT(read.part == expected.part);
    RC_ASSERT(read.width() == expected.width());
    RC_ASSERT(read.height() == expected.height());
    reader->take(boxes);
    RC_ASSERT(is_same(boxes, expected_boxes));
  }
  RC_ASSERT(reader->is_over());
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
  const auto chunk = one_box();
  const auto reader = DetectionChunkReader::open(chunk, DetectionKey{9}, kLabels);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ErrorCode::kConflict);
}

TEST(DetectionChunk, BoxesThatCannotBeAreDamageWhateverTheSumSays) {
  const auto chunk = one_box();
  constexpr std::size_t kFrames = 5 + 16;
  constexpr std::size_t kBox = kFrames + 1 + 13 + 1;
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
  EXPECT_TRUE(refused(changed(chunk, kFrames, "\x02"))) << "more frames than there are";
  EXPECT_TRUE(refused(changed(chunk, 4, "\x02"))) << "a later version";
}

TEST(DetectionChunk, AFullOneTakesNoMoreAndIsRead) {
  DetectionChunkWriter writer(kKey);
  const Boxes many(5'000, box(1, 2, 3, 4, 0.5F, 6));
  std::int64_t frames = 0;
  while (writer.add(frame(frames), many)) ++frames;
  const auto chunk = writer.take();
  EXPECT_LE(chunk.size(), kMostChunkBytes);
  EXPECT_GT(chunk.size(), kMostChunkBytes / 2);
  auto reader = DetectionChunkReader::open(chunk, kKey, kLabels);
  ASSERT_TRUE(reader);
  Boxes boxes;
  std::int64_t last = -1;
  for (; !reader->is_over(); reader->take(boxes)) last = reader->frame().number;
  EXPECT_EQ(last, frames - 1);
  EXPECT_TRUE(writer.add(frame(frames), many)) << "there is room again";
}

TEST(DetectionChunk, WhatWouldNotBeReadBackIsNotWritten) {
  DetectionChunkWriter writer(kKey);
  const Boxes bad{box(1, 2, 3, std::nanf(""), 0.5F, 6)};
  EXPECT_FALSE(writer.add(frame(1), bad));
  EXPECT_TRUE(writer.add(frame(2), {}));
  EXPECT_FALSE(writer.add(frame(2), {})) << "the same frame again";
  EXPECT_FALSE(writer.add(frame(1), {})) << "an earlier one";
  Frame earlier = frame(3);
  earlier.media_time = Micros{0};
  EXPECT_FALSE(writer.add(earlier, {})) << "a later one at an earlier time";
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

// Frames without pictures; notes what it was asked for.
class PlainSource final : public FrameSource {
 public:
  std::int64_t frames = 60;
  std::vector<std::int64_t> passed;
  std::int64_t read = 0;
  Micros shift{0};

  Result<std::optional<Frame>> next(const std::stop_token& /*stop*/) override {
    if (next_ == frames) return std::optional<Frame>{};
    ++read;
    return std::optional(shifted(next_++));
  }
  Result<> pass(const Frame& known, const std::stop_token& /*stop*/) override {
    if (known.media_time != shifted(next_).media_time) return not_the_same_recording("x");
    passed.push_back(known.number);
    ++next_;
    return {};
  }
  SourceInfo info() const override { return {}; }
  SourceStats stats() const override { return {}; }

 private:
  Frame shifted(std::int64_t number) const {
    Frame made = frame(number);
    made.media_time += shift;
    return made;
  }
  std::int64_t next_ = 0;
};

std::string chunk_of(std::initializer_list<std::int64_t> numbers, std::string_view key = "key") {
  PlainSource source;
  PlainSession plain;
  DetectionLog log(source, plain, key);
  Boxes boxes;
  for (const auto number : numbers) EXPECT_TRUE(log.session().detect(frame(number), boxes));
  return log.take_new();
}

TEST(DetectionLog, AnswersFromWhatIsKeptAndAsksForTheRest) {
  PlainSource source;
  PlainSession plain;
  DetectionLog log(source, plain, "key");
  // In any order, one within another, and one twice.
  for (const auto& chunk :
       {chunk_of({4, 9}), chunk_of({0, 1, 2}), chunk_of({5, 6, 20}), chunk_of({0, 1, 2})}) {
    ASSERT_TRUE(log.add(chunk));
  }
  Boxes boxes;
  for (std::int64_t number = 1; number <= 21; ++number) {
    ASSERT_TRUE(log.session().detect(frame(number), boxes));
    EXPECT_TRUE(is_same(boxes, PlainSession::boxes(number))) << number;
  }
  EXPECT_EQ(log.answered(), 7);
  EXPECT_EQ(plain.asked,
            (std::vector<std::int64_t>{3, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21}));
  // What was asked now fills the holes.
  ASSERT_FALSE(log.take_new().empty());
  EXPECT_TRUE(log.take_new().empty());
}

RC_GTEST_PROP(DetectionLog, KeepsTheOrderOfWhatIsInFlight, ()) {
  const int capacity = *rc::gen::inRange(1, 6);
  PlainSource source;
  PlainSession plain(capacity);
  plain.is_done = *rc::gen::arbitrary<bool>();
  DetectionLog log(source, plain, "key");
  const std::int64_t known = *rc::gen::inRange(0, 40);
  {
    PlainSession earlier;
    PlainSource none;
    DetectionLog first(none, earlier, "key");
    Boxes boxes;
    for (std::int64_t i = 0; i < known; ++i) {
      RC_ASSERT(first.session().detect(frame(i), boxes).has_value());
      if (*rc::gen::inRange(0, 4) > 0) continue;
      if (auto chunk = first.take_new(); !chunk.empty()) RC_ASSERT(log.add(chunk).has_value());
    }
    if (auto chunk = first.take_new(); !chunk.empty()) RC_ASSERT(log.add(chunk).has_value());
  }
  std::int64_t submitted = 0;
  std::int64_t collected = 0;
  Boxes boxes;
  while (collected < 60) {
    const bool can_submit = submitted < 60 && log.session().in_flight() < log.session().capacity();
    if (can_submit && (log.session().in_flight() == 0 || *rc::gen::arbitrary<bool>())) {
      RC_ASSERT(log.session().submit(frame(submitted++)).has_value());
      continue;
    }
    if (collected < known) RC_ASSERT(log.session().is_ready());
    RC_ASSERT(log.session().collect(boxes).has_value());
    RC_ASSERT(is_same(boxes, PlainSession::boxes(collected++)));
  }
  RC_ASSERT(log.answered() == known);
  RC_ASSERT(static_cast<std::int64_t>(plain.asked.size()) == 60 - known);
}

TEST(DetectionLog, SaysWhenItIsFullOrEmpty) {
  PlainSource source;
  PlainSession plain(1);
  DetectionLog log(source, plain, "key");
  ASSERT_TRUE(log.add(chunk_of({0})));
  Boxes boxes;
  EXPECT_FALSE(log.session().collect(boxes));
  ASSERT_TRUE(log.session().submit(frame(0)));
  EXPECT_EQ(log.session().submit(frame(1)).error().code, ErrorCode::kTooMany);
  EXPECT_FALSE(log.session().detect(frame(1), boxes));
}

TEST(DetectionLog, TakesNothingOfAnotherKeyAndNothingDamaged) {
  PlainSource source;
  PlainSession plain;
  DetectionLog log(source, plain, "key");
  EXPECT_EQ(log.add(chunk_of({0, 1}, "other")).error().code, ErrorCode::kConflict);
  auto chunk = chunk_of({0, 1});
  chunk[40] = static_cast<char>(chunk[40] + 1);
  EXPECT_EQ(log.add(chunk).error().code, ErrorCode::kCorrupt);
  Boxes boxes;
  ASSERT_TRUE(log.session().detect(frame(0), boxes));
  EXPECT_EQ(log.answered(), 0);
}

TEST(DetectionLog, WithoutAKeyNothingIsKept) {
  EXPECT_EQ(detection_key("recording", ""), "");
  PlainSource source;
  PlainSession plain;
  DetectionLog log(source, plain, detection_key("recording", *plain.fingerprint()));
  EXPECT_FALSE(log.add(chunk_of({0})));
  Boxes boxes;
  ASSERT_TRUE(log.session().detect(frame(0), boxes));
  EXPECT_EQ(boxes.size(), 1U);
  EXPECT_TRUE(log.take_new().empty());
}

TEST(DetectionLog, KnownFramesAreNotReadAndTheRestFollows) {
  PlainSource source;
  PlainSession plain;
  DetectionLog log(source, plain, "key");
  ASSERT_TRUE(log.add(chunk_of({0, 1, 2, 3, 4, 7})));
  Boxes boxes;
  for (std::int64_t number = 0; number < 10; ++number) {
    const auto next = log.source().next({});
    ASSERT_TRUE(next && *next);
    EXPECT_EQ((*next)->number, number);
    EXPECT_EQ((*next)->media_time, frame(number).media_time);
    EXPECT_EQ((*next)->width(), 640);
    ASSERT_TRUE(log.session().detect(**next, boxes));
    EXPECT_TRUE(is_same(boxes, PlainSession::boxes(number)));
  }
  EXPECT_EQ(source.passed, (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(source.read, 5) << "from the first hole on all is read";
  EXPECT_EQ(plain.asked, (std::vector<std::int64_t>{5, 6, 8, 9})) << "and only asked where unknown";
}

TEST(DetectionLog, WhoLooksAtPicturesIsGivenThem) {
  PlainSource source;
  PlainSession plain;
  DetectionLog log(source, plain, "key", DetectionLog::Pictures::kAll);
  ASSERT_TRUE(log.add(chunk_of({0, 1, 2})));
  Boxes boxes;
  for (int i = 0; i < 3; ++i) {
    const auto next = log.source().next({});
    ASSERT_TRUE(next && *next);
    ASSERT_TRUE(log.session().detect(**next, boxes));
  }
  EXPECT_EQ(source.read, 3);
  EXPECT_TRUE(plain.asked.empty());
}

TEST(DetectionLog, AnotherRecordingIsToldFromTheOneThatWasKept) {
  PlainSource source;
  source.shift = Micros{1};
  PlainSession plain;
  DetectionLog log(source, plain, "key");
  ASSERT_TRUE(log.add(chunk_of({0, 1, 2})));
  const auto next = log.source().next({});
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, ErrorCode::kConflict);
}

}  // namespace
}  // namespace vedette::media
