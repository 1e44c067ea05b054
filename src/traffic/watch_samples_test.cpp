// The counts that Vedette stands for, on real video with a real detector. Truth: the README of the
// sample clips, counted by eye. Skipped where clips, model or OpenVINO are absent.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>

#include "media/detector.hpp"
#include "media/frame_source.hpp"
#include "media/motion.hpp"
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

class Samples : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* given = std::getenv("VEDETTE_SAMPLES");
    folder_ = given != nullptr && *given != '\0'
                  ? fs::path(given)
                  : fs::path(__FILE__).parent_path() / "../../../shared/samples";
    if (!fs::exists(folder_ / "traffic")) {
      GTEST_SKIP() << "no sample clips in " << folder_ << "; set VEDETTE_SAMPLES";
    }
  }

  std::vector<Event> watch(const std::string& clip, const std::string& line, int threads,
                           std::optional<Micros> limit = {}) {
    media::DetectorOptions options;
    options.model = folder_ / "models/yolox_nano.onnx";
    options.threads = threads;
    auto detector = media::Detector::open(options);
    EXPECT_TRUE(detector) << detector.error().message;
    if (!detector) return {};
    auto session = (*detector)->new_session(threads > 1 ? 0 : 1);
    EXPECT_TRUE(session);
    WatchOptions watch;
    watch.types = {"car", "truck", "bus", "motorcycle"};
    watch.limit = limit;
    return run(clip, line, watch, **session);
  }

  std::vector<Event> watch_motion(const std::string& clip, const std::string& line) {
    return run(clip, line, {}, *media::new_motion_session());
  }

  bool has_model() const { return fs::exists(folder_ / "models/yolox_nano.onnx"); }

 private:
  std::vector<Event> run(const std::string& clip, const std::string& line, WatchOptions options,
                         media::Session& session) {
    media::SourceOptions source_options;
    source_options.url = (folder_ / "traffic" / clip).string();
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

  fs::path folder_;
};

constexpr const char* kStreet = "street:200,250,639,250";
constexpr const char* kHighway = "near:0,205,319,205";

TEST_F(Samples, StreetCountsAllEight) {
  if (!has_model()) GTEST_SKIP() << "no yolox_nano.onnx among the samples";
  const auto events = watch("street-oneway.mp4", kStreet, 2);
  EXPECT_EQ(events.size(), 8U);
  EXPECT_EQ(matched(events, truths({28, 85, 137, 193, 250, 432, 488, 724}, Direction::kAToB)), 8U);
}

TEST_F(Samples, HighwayCountsItsMotorVehicles) {
  if (!has_model()) GTEST_SKIP() << "no yolox_nano.onnx among the samples";
  auto expected = truths({67, 152, 342, 407, 444, 459, 483, 507, 642, 13, 55,
                          92, 175, 251, 287, 375, 503, 523, 543, 669, 694},
                         Direction::kBToA);
  expected.push_back({415, 455, Direction::kBToA});  // the lorry, which the model hardly knows
  const auto events = watch("highway-two-way.avi", kHighway, 2);
  EXPECT_GE(events.size(), 21U);
  EXPECT_LE(events.size(), 22U);
  EXPECT_EQ(matched(events, expected), events.size());
}

TEST_F(Samples, OneThreadCountsWhatTwoCount) {
  if (!has_model()) GTEST_SKIP() << "no yolox_nano.onnx among the samples";
  const Micros limit = std::chrono::seconds{8};
  const auto one = watch("highway-two-way.avi", kHighway, 1, limit);
  EXPECT_GE(one.size(), 5U);
  EXPECT_EQ(one, watch("highway-two-way.avi", kHighway, 2, limit));
}

}  // namespace
}  // namespace vedette::traffic
