// The counts that Vedette stands for, on real video with a real detector. Truth: the README of the
// sample clips, counted by eye. Each test needs its own clip and model; those of
// PeopleOfTheRegistry are what package registries hold.
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <utility>

#include "media/detector.hpp"
#include "media/frame_source.hpp"
#include "media/test_samples.hpp"
#include "traffic/watch_pipeline.hpp"

namespace vedette::traffic {
namespace {

namespace fs = std::filesystem;

struct Event {
  std::int64_t frame;
  Direction direction;
  std::string type;
  bool operator==(const Event&) const = default;
};

struct Truth {
  /// The vehicle crosses about then; a lorry takes its time.
  std::int64_t from;
  std::int64_t to;
  Direction direction;
};

std::vector<Truth> truths(std::initializer_list<std::int64_t> frames, Direction direction) {
  std::vector<Truth> list;
  for (const std::int64_t frame : frames) list.push_back({frame, frame, direction});
  return list;
}

// Matches each event with a truth of its own (15 frames before to 45 after it), as many as can be.
std::size_t matched(const std::vector<Event>& events, const std::vector<Truth>& truths) {
  std::vector<int> event_of(truths.size(), -1);
  std::vector<char> tried;
  const std::function<bool(std::size_t)> place = [&](std::size_t e) {
    for (std::size_t t = 0; t < truths.size(); ++t) {
      const bool fits = events[e].direction == truths[t].direction &&
                        events[e].frame >= truths[t].from - 15 &&
                        events[e].frame <= truths[t].to + 45;
      if (!fits || tried[t]) continue;
      tried[t] = 1;
      if (event_of[t] < 0 || place(static_cast<std::size_t>(event_of[t]))) {
        event_of[t] = static_cast<int>(e);
        return true;
      }
    }
    return false;
  };
  std::size_t count = 0;
  for (std::size_t e = 0; e < events.size(); ++e) {
    tried.assign(truths.size(), 0);
    count += place(e) ? 1U : 0U;
  }
  return count;
}

// What the detector said of each frame of a clip, kept so that the clip can be watched again at
// other rates without it.
struct Recording {
  media::ModelInfo model;
  std::vector<media::Frame> frames;  // without pictures
  std::map<std::int64_t, std::vector<media::Detection>> boxes;
  std::vector<Event> events;
};

class RecordingSession final : public media::Session {
 public:
  RecordingSession(media::Session& session, Recording& into) : session_(session), into_(into) {
    into_.model = session.model();
  }
  Result<> detect(const media::Frame& frame, std::vector<media::Detection>& boxes) override {
    VEDETTE_CHECK(submit(frame));
    return collect(boxes);
  }
  Result<> submit(const media::Frame& frame) override {
    into_.frames.push_back(frame);
    into_.frames.back().picture.reset();
    return session_.submit(frame);
  }
  Result<> collect(std::vector<media::Detection>& boxes) override {
    VEDETTE_CHECK(session_.collect(boxes));
    into_.boxes[into_.frames[collected_++].number] = boxes;
    return {};
  }
  bool is_ready() const override { return session_.is_ready(); }
  int in_flight() const override { return session_.in_flight(); }
  int capacity() const override { return session_.capacity(); }
  const media::ModelInfo& model() const override { return session_.model(); }
  media::DetectorFacts facts() const override { return session_.facts(); }

 private:
  media::Session& session_;
  Recording& into_;
  std::size_t collected_ = 0;
};

// Some of a recording's frames, and what the detector said of them.
class Replay final : public media::FrameSource, public media::Session {
 public:
  Replay(const Recording& recording, std::vector<media::Frame> frames)
      : recording_(recording), frames_(frames.begin(), frames.end()) {}

  Result<std::optional<media::Frame>> next(const std::stop_token& /*stop*/) override {
    if (frames_.empty()) return std::optional<media::Frame>{};
    std::optional frame(std::move(frames_.front()));
    frames_.pop_front();
    return frame;
  }
  media::SourceInfo info() const override { return {}; }
  media::SourceStats stats() const override { return {}; }

  Result<> detect(const media::Frame& frame, std::vector<media::Detection>& into) override {
    into = recording_.boxes.at(frame.number);
    return {};
  }
  Result<> submit(const media::Frame& /*frame*/) override {
    return fail(ErrorCode::kTooMany, "one at a time");
  }
  Result<> collect(std::vector<media::Detection>& /*into*/) override {
    return fail(ErrorCode::kTooMany, "one at a time");
  }
  bool is_ready() const override { return false; }
  int in_flight() const override { return 0; }
  int capacity() const override { return 1; }
  const media::ModelInfo& model() const override { return recording_.model; }
  media::DetectorFacts facts() const override { return {}; }

 private:
  const Recording& recording_;
  std::deque<media::Frame> frames_;
};

// Ways to see fewer frames of a clip. `due(k)` is when the k-th is wanted.
std::vector<media::Frame> at_times(const Recording& clip, const std::function<double(int)>& due) {
  std::vector<media::Frame> picked;
  int k = 0;
  for (const media::Frame& frame : clip.frames) {
    if (to_seconds(frame.media_time) + 1e-6 < due(k)) continue;
    picked.push_back(frame);
    while (due(k) <= to_seconds(frame.media_time) + 1e-6) ++k;
  }
  return picked;
}

std::vector<media::Frame> some(const Recording& clip,
                               const std::function<bool(std::size_t)>& is_kept) {
  std::vector<media::Frame> picked;
  for (std::size_t i = 0; i < clip.frames.size(); ++i) {
    if (is_kept(i)) picked.push_back(clip.frames[i]);
  }
  return picked;
}

class Samples : public ::testing::Test {
 protected:
  std::vector<Event> watch(const fs::path& model, const fs::path& clip, const std::string& line,
                           int threads, WatchOptions watch) {
    media::DetectorOptions options;
    options.model = model;
    options.threads = threads;
    auto detector = media::Detector::open(options);
    EXPECT_TRUE(detector) << detector.error().message;
    if (!detector) return {};
    auto session = (*detector)->new_session(threads > 1 ? 0 : 1);
    EXPECT_TRUE(session);
    return run(clip, line, watch, **session);
  }

  // The whole clip at its full rate, watched once.
  const Recording& recorded(const fs::path& model, const fs::path& clip, const std::string& line) {
    static std::map<std::string, Recording> all;
    Recording& recording = all[clip.string()];
    if (!recording.frames.empty()) return recording;
    media::DetectorOptions options;
    options.model = model;
    options.threads = 2;
    auto detector = media::Detector::open(options);
    EXPECT_TRUE(detector) << detector.error().message;
    if (!detector) return recording;
    auto session = (*detector)->new_session(0);
    RecordingSession recorder(**session, recording);
    recording.events = run(clip, line, motor_vehicles(), recorder);
    return recording;
  }

  // The clip seen by these frames alone counts as the whole one does, or says that it cannot.
  void expect_count(const std::string& line, const Recording& clip,
                    std::vector<media::Frame> frames, const std::string& what) {
    Replay replay(clip, std::move(frames));
    WatchOptions options = motor_vehicles();
    options.lines = {*parse_line(line)};
    WatchPipeline pipeline(options, replay, replay);
    std::int64_t count = 0;
    for (auto watched = pipeline.next({}); watched && *watched; watched = pipeline.next({})) {
      count += static_cast<std::int64_t>((*watched)->crossings.size());
    }
    const auto full = static_cast<std::int64_t>(clip.events.size());
    if (pipeline.rate().too_slow_for() == Micros{0}) {
      EXPECT_LE(std::abs(count - full), 1) << what << ": " << count << " of " << full;
    } else {
      EXPECT_LT(pipeline.rate().even_per_second_in_all(), 6) << what;
    }
    EXPECT_LE(count, full + 1) << what;
  }

  void expect_counts_at_all_rates(const std::string& line, const Recording& clip) {
    ASSERT_GT(clip.frames.size(), 1U);
    for (int rate = 1; rate <= 30; ++rate) {
      for (const double phase : {0.0, 0.3, 0.7}) {
        expect_count(line, clip, at_times(clip, [&](int k) { return (k + phase) / rate; }),
                     std::to_string(rate) + " a second");
      }
      for (unsigned seed = 1; seed <= 3; ++seed) {
        std::vector<double> shift;
        std::mt19937 random(seed);
        for (int i = 0; i < 31 * 50; ++i) shift.push_back((random() % 600 / 1000.0) - 0.3);
        expect_count(
            line, clip,
            at_times(clip,
                     [&](int k) { return (k + 0.5 + shift[static_cast<std::size_t>(k)]) / rate; }),
            std::to_string(rate) + " a second with jitter");
        expect_count(
            line, clip,
            some(clip, [&](std::size_t) { return static_cast<int>(random() % 25) < rate; }),
            std::to_string(rate) + " of 25, dropped at random");
      }
    }
    for (std::size_t shown = 1; shown <= 16; ++shown) {
      for (std::size_t dark = 1; dark <= 10; ++dark) {
        for (const std::size_t phase : {std::size_t{0}, std::size_t{12}}) {
          expect_count(
              line, clip,
              some(clip, [&](std::size_t i) { return (i + phase) % (shown + dark) < shown; }),
              std::to_string(shown) + " in a row, then " + std::to_string(dark) + " lost");
        }
      }
    }
  }

  static WatchOptions motor_vehicles() {
    WatchOptions options;
    options.types = {"car", "truck", "bus", "motorcycle"};
    return options;
  }

 private:
  std::vector<Event> run(const fs::path& clip, const std::string& line, WatchOptions options,
                         media::Session& session) {
    media::SourceOptions source_options;
    source_options.url = clip.string();
    auto source = media::open_source(source_options);
    EXPECT_TRUE(source) << source.error().message;
    if (!source) return {};
    options.lines = {*parse_line(line)};
    WatchPipeline pipeline(options, **source, session);
    std::vector<Event> events;
    while (true) {
      auto watched = pipeline.next({});
      EXPECT_TRUE(watched) << watched.error().message;
      if (!watched || !*watched) break;
      for (const Crossing& crossing : (*watched)->crossings) {
        events.push_back(
            {crossing.frame, crossing.direction, pipeline.types().name(crossing.type)});
      }
    }
    return events;
  }
};

constexpr const char* kStreet = "street:200,250,639,250";
constexpr const char* kPath = "path:60,330,700,330";
constexpr const char* kHighway = "near:0,205,319,205";

TEST_F(Samples, StreetCountsAllEight) {
  VEDETTE_NEED_SAMPLE(model, "models/yolox_nano.onnx");
  VEDETTE_NEED_SAMPLE(clip, "traffic/street-oneway.mp4");
  const auto& events = recorded(model, clip, kStreet).events;
  EXPECT_EQ(events.size(), 8U);
  EXPECT_EQ(matched(events, truths({28, 85, 137, 193, 250, 432, 488, 724}, Direction::kAToB)), 8U);
}

TEST_F(Samples, HighwayCountsItsMotorVehicles) {
  VEDETTE_NEED_SAMPLE(model, "models/yolox_nano.onnx");
  VEDETTE_NEED_SAMPLE(clip, "traffic/highway-two-way.avi");
  auto expected = truths({67, 152, 342, 407, 444, 459, 483, 507, 642, 13, 55,
                          92, 175, 251, 287, 375, 503, 523, 543, 669, 694},
                         Direction::kBToA);
  expected.push_back({415, 455, Direction::kBToA});  // the lorry, which the model hardly knows
  const auto& events = recorded(model, clip, kHighway).events;
  EXPECT_GE(events.size(), 21U);
  EXPECT_LE(events.size(), 22U);
  EXPECT_EQ(matched(events, expected), events.size());
}

TEST_F(Samples, StreetCountsTheSameAtAnyRateOrSaysThatItIsTooSlow) {
  VEDETTE_NEED_SAMPLE(model, "models/yolox_nano.onnx");
  VEDETTE_NEED_SAMPLE(clip, "traffic/street-oneway.mp4");
  expect_counts_at_all_rates(kStreet, recorded(model, clip, kStreet));
}

TEST_F(Samples, HighwayCountsTheSameAtAnyRateOrSaysThatItIsTooSlow) {
  VEDETTE_NEED_SAMPLE(model, "models/yolox_nano.onnx");
  VEDETTE_NEED_SAMPLE(clip, "traffic/highway-two-way.avi");
  expect_counts_at_all_rates(kHighway, recorded(model, clip, kHighway));
}

TEST_F(Samples, OneThreadCountsWhatTwoCount) {
  VEDETTE_NEED_SAMPLE(model, "models/yolox_nano.onnx");
  VEDETTE_NEED_SAMPLE(clip, "traffic/highway-two-way.avi");
  WatchOptions options = motor_vehicles();
  options.limit = std::chrono::seconds{8};
  const auto one = watch(model, clip, kHighway, 1, options);
  EXPECT_GE(one.size(), 5U);
  EXPECT_EQ(one, watch(model, clip, kHighway, 2, options));
}

TEST_F(Samples, PeopleOfTheRegistryAreCountedByOneThreadAsByTwo) {
  VEDETTE_NEED_SAMPLE(model, "models/ssd_mobilenet_v2_coco.xml");
  VEDETTE_NEED_SAMPLE(clip, "traffic/vtest.avi");
  WatchOptions options;
  options.types = {"person"};
  options.limit = std::chrono::seconds{30};
  const auto one = watch(model, clip, kPath, 1, options);
  // The whole clip is counted by tests/golden, to the frame.
  EXPECT_EQ(one.size(), 6U);
  EXPECT_EQ(one, watch(model, clip, kPath, 2, options));
}

}  // namespace
}  // namespace vedette::traffic
