// A camera whose detections were kept is watched again as if nothing had happened: the same tracks
// and crossings, whichever frame the interruption came at.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <tuple>

#include "media/detection_log.hpp"
#include "media/frame_source.hpp"
#include "media/recording.hpp"
#include "media/test_samples.hpp"
#include "traffic/tracker_drawn_road.hpp"
#include "traffic/watch_pipeline.hpp"

namespace vedette::traffic {
namespace {

using testing::box_at;

// All that the pipeline says, in full.
struct Said {
  std::vector<std::tuple<std::int64_t, float, float, float, float, int, bool>> tracks;
  std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t, float, int>> crossings;
  std::vector<std::int64_t> gated;
  bool operator==(const Said&) const = default;
};

constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();

// Watches so many frames, with what is kept in the log; what is new is kept, a chunk for each
// `every` frames.
Said watch(const WatchOptions& options, media::DetectionLog& log, std::vector<std::string>& kept,
           std::int64_t frames = kAll, std::int64_t every = 25) {
  for (const std::string& chunk : kept) EXPECT_TRUE(log.add(chunk));
  const auto keep = [&] {
    if (std::string chunk = log.take_new(); !chunk.empty()) kept.push_back(std::move(chunk));
  };
  WatchPipeline pipeline(options, log.source(), log.session());
  Said said;
  for (std::int64_t i = 0; i < frames; ++i) {
    auto watched = pipeline.next({});
    EXPECT_TRUE(watched) << watched.error().message;
    if (!watched || !*watched) break;
    if ((*watched)->is_gated) said.gated.push_back((*watched)->frame.number);
    for (const Track& track : (*watched)->tracks) {
      said.tracks.emplace_back(track.id, track.box.x1, track.box.y1, track.box.x2, track.box.y2,
                               track.type, track.is_parked);
    }
    for (const Crossing& crossing : (*watched)->crossings) {
      said.crossings.emplace_back(crossing.track, crossing.frame, crossing.time.count(),
                                  crossing.at.x, static_cast<int>(crossing.direction));
    }
    if (i % every == every - 1) keep();
  }
  keep();
  return said;
}

class DrawnSource final : public media::FrameSource {
 public:
  explicit DrawnSource(std::int64_t frames) : frames_(frames) {
    for (int grey : {100, 130}) {
      media::Image image(320, 240);
      image.fill(static_cast<std::uint8_t>(grey), 100, 100);
      for (int y = 100; y < 140; ++y) {
        std::fill_n(image.row(y) + 300, 120, static_cast<std::uint8_t>(grey));
      }
      pictures_.push_back(media::make_frame(image, 0, Micros{0})->picture);
    }
  }
  Result<std::optional<media::Frame>> next(const std::stop_token& /*stop*/) override {
    if (next_ == frames_) return std::optional<media::Frame>{};
    media::Frame frame;
    frame.number = next_++;
    frame.media_time = Micros{frame.number * 40'000};
    // Something moves in the picture for a while, and rests for a while.
    frame.picture = pictures_[frame.number % 110 < 60 ? frame.number % 2 : 0];
    return std::optional(std::move(frame));
  }
  media::SourceInfo info() const override { return {}; }
  media::SourceStats stats() const override { return {}; }

 private:
  std::int64_t frames_;
  std::int64_t next_ = 0;
  std::vector<std::shared_ptr<const media::Picture>> pictures_;
};

// Once in 110 frames a car drives down over the line, and somebody fidgets; then the road is empty.
class DrawnSession final : public media::Session {
 public:
  explicit DrawnSession(int capacity) : capacity_(capacity) {
    for (const char* type : {"person", "bicycle", "car"}) model_.labels.push_back({type, type});
  }
  std::int64_t asked = 0;

  Result<> detect(const media::Frame& frame, std::vector<media::Detection>& into) override {
    VEDETTE_CHECK(submit(frame));
    return collect(into);
  }
  Result<> submit(const media::Frame& frame) override {
    if (in_flight() == capacity_) return fail(ErrorCode::kTooMany, "full");
    under_way_.push_back(frame.number);
    ++asked;
    return {};
  }
  Result<> collect(std::vector<media::Detection>& into) override {
    const std::int64_t number = under_way_.front() % 110;
    under_way_.pop_front();
    into.clear();
    if (number >= 50) return {};
    const auto at = static_cast<float>(number);
    into = {box_at({160, 80 + 4 * at}, 60, 50, 0.8F, 2),
            box_at({60 + std::sin(at), 120}, 30, 30 + std::cos(at), 0.3F, 0)};
    return {};
  }
  bool is_ready() const override { return false; }
  int in_flight() const override { return static_cast<int>(under_way_.size()); }
  int capacity() const override { return capacity_; }
  const media::ModelInfo& model() const override { return model_; }
  media::DetectorFacts facts() const override { return {}; }

 private:
  int capacity_;
  media::ModelInfo model_;
  std::deque<std::int64_t> under_way_;
};

RC_GTEST_PROP(WatchLog, AnInterruptedWatchSaysWhatAnUndisturbedOneDoes, ()) {
  constexpr std::int64_t kFrames = 220;
  const int capacity = *rc::gen::inRange(1, 5);
  WatchOptions options;
  options.lines = {{.name = "line", .a = {0, 150}, .b = {320, 150}}};
  options.is_gated = *rc::gen::arbitrary<bool>();
  std::int64_t asked = 0;
  const auto once = [&](std::vector<std::string>& kept, std::int64_t frames) {
    DrawnSource source(kFrames);
    DrawnSession real(capacity);
    using Pictures = media::DetectionLog::Pictures;
    media::DetectionLog log(source, real, "key",
                            options.is_gated ? Pictures::kAll : Pictures::kNew);
    Said said = watch(options, log, kept, frames, *rc::gen::inRange(1, 50));
    asked = real.asked;
    return said;
  };
  std::vector<std::string> none;
  const Said undisturbed = once(none, kAll);
  RC_ASSERT(undisturbed.crossings.size() == 2U);
  RC_ASSERT(undisturbed.gated.empty() != options.is_gated);
  // Interrupted some times, here and there.
  std::vector<std::string> kept;
  for (int times = *rc::gen::inRange(1, 4); times > 0; --times) {
    once(kept, *rc::gen::inRange<std::int64_t>(0, kFrames));
  }
  RC_ASSERT(once(kept, kAll) == undisturbed);
  // And now everything is known.
  RC_ASSERT(once(kept, kAll) == undisturbed);
  RC_ASSERT(asked == 0);
}

// Never asked: what it was not asked cost nothing.
class NoSession final : public media::Session {
 public:
  explicit NoSession(media::ModelInfo model) : model_(std::move(model)) {}
  Result<> detect(const media::Frame& frame, std::vector<media::Detection>& /*into*/) override {
    return submit(frame);
  }
  Result<> submit(const media::Frame& frame) override {
    ADD_FAILURE() << "frame " << frame.number << " is known";
    return fail(ErrorCode::kInternal, "asked");
  }
  Result<> collect(std::vector<media::Detection>& /*into*/) override {
    return fail(ErrorCode::kInternal, "asked");
  }
  bool is_ready() const override { return false; }
  int in_flight() const override { return 0; }
  int capacity() const override { return 3; }
  const media::ModelInfo& model() const override { return model_; }
  media::DetectorFacts facts() const override { return {}; }

 private:
  media::ModelInfo model_;
};

struct Clip {
  const char* file;
  const char* line;
  std::size_t at_least;
  std::size_t at_most;
};

class WatchLogOfClip : public ::testing::TestWithParam<Clip> {};

TEST_P(WatchLogOfClip, CountsTheSameFromAnyFrameOn) {
  VEDETTE_NEED_SAMPLE(model, "models/yolox_nano.onnx");
  VEDETTE_NEED_SAMPLE(clip, GetParam().file);
  media::DetectorOptions wanted;
  wanted.model = model;
  wanted.threads = 2;
  const auto detector = media::Detector::open(wanted);
  ASSERT_TRUE(detector) << detector.error().message;
  const auto real = (*detector)->new_session();
  ASSERT_TRUE(real);
  const auto fingerprint = (*real)->fingerprint();
  ASSERT_TRUE(fingerprint && fingerprint->size() == 32U);
  const auto key = media::detection_key("clip", *fingerprint);
  WatchOptions options;
  options.types = {"car", "truck", "bus", "motorcycle"};
  options.lines = {*parse_line(GetParam().line)};
  const auto open = [&] {
    media::SourceOptions source;
    source.url = clip.string();
    return std::move(*media::open_source(source));
  };

  std::vector<std::string> all;
  const auto undisturbed = [&] {
    const auto source = open();
    media::DetectionLog log(*source, **real, key);
    return watch(options, log, all);
  }();
  EXPECT_GE(undisturbed.crossings.size(), GetParam().at_least);
  EXPECT_LE(undisturbed.crossings.size(), GetParam().at_most);
  // All of it from what is kept: neither decoded nor shown to the model.
  {
    const auto source = open();
    NoSession none((*real)->model());
    media::DetectionLog log(*source, none, key);
    EXPECT_EQ(watch(options, log, all), undisturbed);
    EXPECT_EQ(source->stats().decoded, 0);
  }
  // And with the file entered and the model for the last part.
  const auto source = open();
  media::DetectionLog log(*source, **real, key);
  std::vector<std::string> kept(all.begin(), all.end() - 3);
  EXPECT_EQ(watch(options, log, kept), undisturbed);
  EXPECT_LE(source->stats().decoded, 100);
}

INSTANTIATE_TEST_SUITE_P(
    Samples, WatchLogOfClip,
    ::testing::Values(Clip{"traffic/street-oneway.mp4", "street:200,250,639,250", 8, 8},
                      Clip{"traffic/highway-two-way.avi", "near:0,205,319,205", 21, 22}));

}  // namespace
}  // namespace vedette::traffic
