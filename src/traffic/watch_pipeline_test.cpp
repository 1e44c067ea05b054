#include "traffic/watch_pipeline.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <functional>
#include <map>

#include "media/image.hpp"
#include "traffic/tracker_drawn_road.hpp"

namespace vedette::traffic {
namespace {

using testing::box_at;

// A grey picture with one square of this brightness.
media::Frame drawn(int brightness) {
  media::Image image(320, 240);
  image.fill(100, 100, 100);
  for (int y = 100; y < 140; ++y) {
    for (int x = 100; x < 140; ++x) {
      for (int c = 0; c < 3; ++c) {
        image.row(y)[3 * x + c] = static_cast<std::uint8_t>(brightness);
      }
    }
  }
  return std::move(*media::make_frame(image, 0, Micros{0}));
}

media::Frame picture(std::int64_t number, int brightness = 100, int period = 0) {
  static std::map<int, media::Frame> made;
  if (!made.contains(brightness)) made[brightness] = drawn(brightness);
  media::Frame frame = made[brightness];
  frame.number = number;
  frame.media_time = Micros{number * 40'000};
  frame.period = period;
  return frame;
}

class ListedSource final : public media::FrameSource {
 public:
  std::deque<media::Frame> frames;
  std::optional<Error> error_at_end;
  media::SourceKind kind = media::SourceKind::kFile;

  Result<std::optional<media::Frame>> next(const std::stop_token& stop) override {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    if (frames.empty()) {
      if (error_at_end) return fail(*std::exchange(error_at_end, std::nullopt));
      return std::optional<media::Frame>{};
    }
    std::optional frame(std::move(frames.front()));
    frames.pop_front();
    return frame;
  }
  media::SourceInfo info() const override {
    media::SourceInfo info;
    info.kind = kind;
    return info;
  }
  media::SourceStats stats() const override { return {}; }
};

// Says of each frame what the test wrote down for its number.
class ScriptedSession final : public media::Session {
 public:
  ScriptedSession(int capacity, std::function<std::vector<media::Detection>(std::int64_t)> script)
      : capacity_(capacity), script_(std::move(script)) {
    for (const char* type : {"person", "bicycle", "car", "motorcycle", "bus", "truck"}) {
      model_.labels.push_back({type, type});
    }
  }

  std::function<bool()> ready = [] { return false; };
  std::int64_t fails_at = -1;
  int looked_at = 0;

  Result<> detect(const media::Frame& frame, std::vector<media::Detection>& into) override {
    VEDETTE_CHECK(submit(frame));
    return collect(into);
  }
  Result<> submit(const media::Frame& frame) override {
    if (in_flight() == capacity_) return fail(ErrorCode::kTooMany, "full");
    numbers_.push_back(frame.number);
    return {};
  }
  Result<> collect(std::vector<media::Detection>& into) override {
    into.clear();
    if (numbers_.empty()) return fail(ErrorCode::kInternal, "nothing in flight");
    const std::int64_t number = numbers_.front();
    numbers_.pop_front();
    ++looked_at;
    if (number == fails_at) return fail(ErrorCode::kInternal, "the model broke");
    into = script_(number);
    return {};
  }
  bool is_ready() const override { return !numbers_.empty() && ready(); }
  int in_flight() const override { return static_cast<int>(numbers_.size()); }
  int capacity() const override { return capacity_; }
  const media::ModelInfo& model() const override { return model_; }
  media::DetectorFacts facts() const override { return {}; }

 private:
  int capacity_;
  std::function<std::vector<media::Detection>(std::int64_t)> script_;
  media::ModelInfo model_;
  std::deque<std::int64_t> numbers_;
};

WatchOptions one_line() {
  WatchOptions options;
  options.lines = {{.name = "line", .a = {0, 150}, .b = {320, 150}}};
  return options;
}

// A car drives down over the line once in 50 frames.
std::vector<media::Detection> traffic_at(std::int64_t number) {
  return {box_at({160, 80 + 4 * static_cast<float>(number % 50)}, 60, 50)};
}

struct Seen {
  std::int64_t frame;
  std::vector<std::int64_t> tracks;
  std::vector<std::int64_t> crossings;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> watch_all(WatchPipeline& pipeline) {
  std::vector<Seen> all;
  while (true) {
    auto watched = pipeline.next({});
    EXPECT_TRUE(watched);
    if (!watched || !*watched) return all;
    Seen seen{.frame = (*watched)->frame.number, .tracks = {}, .crossings = {}};
    for (const Track& track : (*watched)->tracks) seen.tracks.push_back(track.id);
    for (const Crossing& crossing : (*watched)->crossings) {
      seen.crossings.push_back(crossing.track);
    }
    all.push_back(std::move(seen));
  }
}

RC_GTEST_PROP(WatchPipeline, GivesTheSameWhateverIsInFlight, ()) {
  const int capacity = *rc::gen::inRange(2, 6);
  const auto kind = *rc::gen::element(media::SourceKind::kFile, media::SourceKind::kRtsp);
  auto is_ready = *rc::gen::container<std::vector<bool>>(rc::gen::arbitrary<bool>());
  const auto run = [&](bool is_sequential) {
    ListedSource source;
    source.kind = kind;
    for (int i = 0; i < 120; ++i) source.frames.push_back(picture(i));
    ScriptedSession session(capacity, traffic_at);
    std::size_t asked = 0;
    if (!is_ready.empty()) session.ready = [&] { return is_ready[asked++ % is_ready.size()]; };
    WatchOptions options = one_line();
    options.is_sequential = is_sequential;
    WatchPipeline pipeline(options, source, session);
    return watch_all(pipeline);
  };
  const auto expected = run(true);
  RC_ASSERT(expected.size() == 120U);
  RC_ASSERT(run(false) == expected);
}

TEST(WatchPipeline, LinesKeepTheirPlaceWhenThePicturesSizeChanges) {
  // The same road at 320 x 240 and, from frame 50 on, at half of that: a car each 50 frames.
  ListedSource source;
  for (int i = 0; i < 100; ++i) {
    media::Frame frame = picture(i);
    if (i >= 50) {
      media::Image half(160, 120);
      half.fill(90, 90, 90);
      frame.picture = media::make_frame(half, 0, Micros{0})->picture;
    }
    source.frames.push_back(frame);
  }
  ScriptedSession session(1, [](std::int64_t number) {
    const float scale = number < 50 ? 1.0F : 0.5F;
    return std::vector{box_at({160 * scale, scale * (80 + 4 * static_cast<float>(number % 50))},
                              60 * scale, 50 * scale)};
  });
  WatchOptions options = one_line();
  options.zones = {{.name = "road", .corners = {{0, 0}, {320, 0}, {320, 240}, {0, 240}}}};
  WatchPipeline pipeline(options, source, session);
  std::vector<std::int64_t> crossed;
  std::vector<std::int64_t> new_sizes;
  for (auto watched = pipeline.next({}); watched && *watched; watched = pipeline.next({})) {
    if ((*watched)->is_new_size) new_sizes.push_back((*watched)->frame.number);
    for (const Crossing& crossing : (*watched)->crossings) crossed.push_back(crossing.frame);
  }
  EXPECT_EQ(new_sizes, std::vector<std::int64_t>{50});
  ASSERT_EQ(crossed.size(), 2U);
  EXPECT_NEAR(static_cast<double>(crossed[1]), static_cast<double>(crossed[0]) + 50, 2);
  EXPECT_EQ(pipeline.lines()[0].a.y, 75);
  EXPECT_EQ(pipeline.zones().zones()[0].corners[2].y, 120);
  EXPECT_EQ(pipeline.zones().states()[0].entered, 2);
}

TEST(WatchPipeline, SaysWhetherTheDetectorFailedOrTheSource) {
  ListedSource source;
  for (int i = 0; i < 5; ++i) source.frames.push_back(picture(i));
  ScriptedSession session(1, traffic_at);
  session.fails_at = 3;
  WatchPipeline pipeline(one_line(), source, session);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pipeline.next({}));
  EXPECT_FALSE(pipeline.has_detector_failed());
  EXPECT_FALSE(pipeline.next({}));
  EXPECT_TRUE(pipeline.has_detector_failed());
}

TEST(WatchPipeline, KeepsTheDetectorBusy) {
  ListedSource source;
  for (int i = 0; i < 10; ++i) source.frames.push_back(picture(i));
  ScriptedSession session(3, traffic_at);
  // Even when it has finished: the next frames come first.
  session.ready = [] { return true; };
  WatchPipeline pipeline(one_line(), source, session);
  ASSERT_TRUE(pipeline.next({}));
  EXPECT_EQ(session.in_flight(), 2);
}

TEST(WatchPipeline, DoesNotKeepACamerasFinishedFrameWaiting) {
  ListedSource source;
  source.kind = media::SourceKind::kRtsp;
  for (int i = 0; i < 10; ++i) source.frames.push_back(picture(i));
  ScriptedSession session(3, traffic_at);
  session.ready = [] { return true; };
  WatchPipeline pipeline(one_line(), source, session);
  ASSERT_TRUE(pipeline.next({}));
  EXPECT_EQ(source.frames.size(), 9U);
}

TEST(WatchPipeline, AnErrorOfTheSourceComesAfterTheFramesBeforeIt) {
  for (const int capacity : {1, 3}) {
    ListedSource source;
    for (int i = 0; i < 5; ++i) source.frames.push_back(picture(i));
    source.error_at_end = Error{ErrorCode::kCorrupt, "cut off", false, {}};
    ScriptedSession session(capacity, traffic_at);
    WatchPipeline pipeline(one_line(), source, session);
    for (int i = 0; i < 5; ++i) {
      const auto watched = pipeline.next({});
      ASSERT_TRUE(watched && *watched);
      EXPECT_EQ((*watched)->frame.number, i);
    }
    const auto broken = pipeline.next({});
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, ErrorCode::kCorrupt);
    const auto end = pipeline.next({});
    ASSERT_TRUE(end);
    EXPECT_FALSE(*end);
  }
}

TEST(WatchPipeline, AnErrorOfTheModelAndAStopAreTold) {
  ListedSource source;
  for (int i = 0; i < 5; ++i) source.frames.push_back(picture(i));
  ScriptedSession session(1, traffic_at);
  session.fails_at = 2;
  WatchPipeline pipeline(one_line(), source, session);
  EXPECT_TRUE(pipeline.next({}));
  EXPECT_TRUE(pipeline.next({}));
  const auto broken = pipeline.next({});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().message, "the model broke");
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = pipeline.next(stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

TEST(WatchPipeline, TracksDoNotGoFromOnePeriodToTheNext) {
  ListedSource source;
  for (int i = 0; i < 60; ++i) source.frames.push_back(picture(i, 100, i < 30 ? 0 : 1));
  // Stands above the line in the first period and below it in the second.
  ScriptedSession session(1, [](std::int64_t number) {
    return std::vector{box_at({160, number < 30 ? 140.0F : 160.0F}, 60, 50)};
  });
  WatchPipeline pipeline(one_line(), source, session);
  int periods = 0;
  std::int64_t ended = 0;
  std::int64_t crossings = 0;
  std::int64_t last_track = 0;
  while (true) {
    auto watched = pipeline.next({});
    ASSERT_TRUE(watched);
    if (!*watched) break;
    periods += (*watched)->is_new_period ? 1 : 0;
    for (const Track& track : (*watched)->ended) ended = track.id;
    crossings += static_cast<std::int64_t>((*watched)->crossings.size());
    last_track = (*watched)->tracks.front().id;
  }
  EXPECT_EQ(periods, 1);
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(last_track, 2);
  EXPECT_EQ(crossings, 0);
  EXPECT_EQ(pipeline.tracks_by_type()[2], 2);
}

TEST(WatchPipeline, CountsTheTypesAskedForByTheirVote) {
  ListedSource source;
  for (int i = 0; i < 45; ++i) source.frames.push_back(picture(i));
  // A bicycle on the left; on the right a car that is called a person until after the line.
  ScriptedSession session(1, [](std::int64_t number) {
    const float y = 80 + 4 * static_cast<float>(number);
    return std::vector{box_at({80, y}, 50, 50, 0.6F, 1),
                       box_at({240, y}, 50, 50, 0.6F, number < 22 ? 0 : 2)};
  });
  WatchOptions options = one_line();
  options.types = {"car", "truck"};
  WatchPipeline pipeline(options, source, session);
  const auto seen = watch_all(pipeline);
  std::vector<std::int64_t> crossings;
  for (const Seen& frame : seen) {
    crossings.insert(crossings.end(), frame.crossings.begin(), frame.crossings.end());
  }
  EXPECT_EQ(crossings, (std::vector<std::int64_t>{2}));
  EXPECT_FALSE(pipeline.is_wanted(1));
  EXPECT_TRUE(pipeline.is_wanted(2));
}

TEST(WatchPipeline, EndsAtTheLimit) {
  ListedSource source;
  for (int i = 0; i < 100; ++i) source.frames.push_back(picture(i));
  ScriptedSession session(3, traffic_at);
  WatchOptions options = one_line();
  options.limit = Micros{1'000'000};
  WatchPipeline pipeline(options, source, session);
  EXPECT_EQ(watch_all(pipeline).size(), 25U);
}

TEST(WatchPipeline, NewLinesCountFromTheNextFrameOn) {
  ListedSource source;
  for (int i = 0; i < 100; ++i) source.frames.push_back(picture(i));
  ScriptedSession session(1, traffic_at);
  WatchPipeline pipeline({}, source, session);
  std::int64_t crossings = 0;
  for (int i = 0; i < 100; ++i) {
    if (i == 5) pipeline.set_lines(one_line().lines);
    const auto watched = pipeline.next({});
    ASSERT_TRUE(watched && *watched);
    crossings += static_cast<std::int64_t>((*watched)->crossings.size());
  }
  EXPECT_EQ(crossings, 2);
}

TEST(WatchPipeline, LinesThatLieWhereTheyLayGoOnCounting) {
  ListedSource source;
  for (int i = 0; i < 100; ++i) source.frames.push_back(picture(i));
  ScriptedSession session(1, traffic_at);
  WatchPipeline pipeline(one_line(), source, session);
  std::int64_t crossings = 0;
  for (int i = 0; i < 100; ++i) {
    const auto watched = pipeline.next({});
    ASSERT_TRUE(watched && *watched);
    crossings += static_cast<std::int64_t>((*watched)->crossings.size());
    // By turns as they were drawn, with no size, and as drawn on these pictures, in other words.
    std::vector<CountingLine> lines = one_line().lines;
    if (i % 2 == 1) {
      lines[0].width = (*watched)->frame.width();
      lines[0].height = (*watched)->frame.height();
      lines[0].a_to_b = "to town";
    }
    pipeline.set_lines(std::move(lines));
  }
  EXPECT_EQ(crossings, 2);
}

TEST(WatchGate, SparesTheModelWhileNothingMovesAndLosesNobody) {
  ListedSource source;
  // A car comes, parks, stands for long while a cloud makes the picture a little darker, leaves.
  std::map<std::int64_t, float> place;
  const auto at = [](std::int64_t i) {
    if (i < 30) return 40 + 4 * static_cast<float>(i);
    return i < 500 ? 160.0F : 160 + 4 * static_cast<float>(i - 500);
  };
  for (int i = 0; i < 540; ++i) {
    // What moves changes the square's brightness, as it would change the picture.
    const bool is_moving = i < 30 || i >= 500;
    source.frames.push_back(picture(i, is_moving ? 100 + 10 * (i % 10) : 100));
  }
  ScriptedSession session(
      1, [&](std::int64_t i) { return std::vector{box_at({at(i), 100}, 60, 50)}; });
  WatchOptions options;
  options.is_gated = true;
  WatchPipeline pipeline(options, source, session);
  const auto seen = watch_all(pipeline);
  EXPECT_EQ(seen.size(), 540U);
  for (const Seen& frame : seen) EXPECT_EQ(frame.tracks, (std::vector<std::int64_t>{1}));
  EXPECT_GT(pipeline.totals().gated, 350);
  EXPECT_EQ(pipeline.totals().gated + pipeline.totals().inferred, 540);
  EXPECT_EQ(session.looked_at, pipeline.totals().inferred);
}

TEST(WatchGate, AnythingThatChangesOpensIt) {
  WatchGate gate;
  EXPECT_TRUE(gate.has_changed(picture(0, 100)));
  EXPECT_FALSE(gate.has_changed(picture(1, 100)));
  EXPECT_TRUE(gate.has_changed(picture(2, 130)));
  EXPECT_FALSE(gate.has_changed(picture(3, 130)));
  gate.forget();
  EXPECT_TRUE(gate.has_changed(picture(4, 130)));
  EXPECT_TRUE(gate.has_changed(media::Frame{}));
}

}  // namespace
}  // namespace vedette::traffic
