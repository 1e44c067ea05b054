// The decoders against boxes that NumPy computed (testdata/make_oracles.py), and against nonsense.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <sstream>

#include "media/output_decoder.hpp"
#include "media/suppression.hpp"
#include "media/test_samples.hpp"

namespace vedette::media {
namespace {

// As in make_oracles.py.
std::vector<float> numbers(std::uint32_t seed, std::size_t count) {
  std::vector<float> out;
  auto state = seed;
  for (std::size_t i = 0; i < count; ++i) {
    state = 1664525U * state + 1013904223U;
    out.push_back(static_cast<float>(state / 4294967296.0));
  }
  return out;
}

std::map<std::string, std::vector<Detection>> oracles() {
  std::map<std::string, std::vector<Detection>> cases;
  std::istringstream in(
      read_file(std::filesystem::path(VEDETTE_SOURCE_DIR) / "src/media/testdata/oracles.txt"));
  std::string line;
  std::string current;
  while (std::getline(in, line)) {
    if (line.starts_with("CASE ")) {
      current = line.substr(5);
      cases[current];
      continue;
    }
    std::istringstream fields(line);
    Detection box;
    fields >> box.x1 >> box.y1 >> box.x2 >> box.y2 >> box.score >> box.class_id;
    cases[current].push_back(box);
  }
  return cases;
}

void expect_same(const std::vector<Detection>& got, const std::string& name) {
  const auto all = oracles();
  ASSERT_TRUE(all.contains(name));
  const auto& wanted = all.at(name);
  ASSERT_GT(wanted.size(), 3) << "a case that could not fail";
  ASSERT_EQ(got.size(), wanted.size()) << name;
  for (std::size_t i = 0; i < got.size(); ++i) {
    SCOPED_TRACE(name + " box " + std::to_string(i));
    EXPECT_NEAR(got[i].x1, wanted[i].x1, 2e-3);
    EXPECT_NEAR(got[i].y1, wanted[i].y1, 2e-3);
    EXPECT_NEAR(got[i].x2, wanted[i].x2, 2e-3);
    EXPECT_NEAR(got[i].y2, wanted[i].y2, 2e-3);
    EXPECT_NEAR(got[i].score, wanted[i].score, 2e-5);
    EXPECT_EQ(got[i].class_id, wanted[i].class_id);
  }
}

const Suppression kOff{.iou = 2, .covered = 1, .per_class = false};

std::vector<Detection> suppressed(std::vector<Detection> boxes, const Suppression& rule) {
  Suppressor(rule).apply(boxes);
  return boxes;
}

TEST(DecodeYolox, MatchesNumPy) {
  const std::vector<std::size_t> shape{1, 84, 8};
  const auto values = numbers(7, 84 * 8);
  const Selection selection{.score_threshold = 0.45F, .wanted = {1, 0, 1}};
  const float per_input = 160.0F / 64;
  const Placement placement{.per_input_x = per_input,
                            .per_input_y = per_input,
                            .picture_width = 160,
                            .picture_height = 120};
  std::vector<Detection> boxes;
  ASSERT_TRUE(
      decode_yolox({.values = values, .shape = shape}, 64, 64, selection, placement, boxes));
  expect_same(suppressed(boxes, kOff), "yolox");
  expect_same(suppressed(boxes, {.iou = 0.1F, .covered = 1}), "yolox-agnostic");
  expect_same(suppressed(boxes, {.iou = 0.45F, .covered = 0.6F}), "yolox-covered");
  expect_same(suppressed(boxes, {.iou = 0.1F, .covered = 1, .per_class = true}), "yolox-per-class");
}

const Placement kStretched{.per_input_x = 320.0F / 300,
                           .per_input_y = 240.0F / 300,
                           .picture_width = 320,
                           .picture_height = 240};

TEST(DecodeSsdDetections, MatchesNumPy) {
  const auto raw = numbers(11, 40 * 5);
  std::vector<float> values;
  for (std::size_t i = 0; i < 40; ++i) {
    const float* r = raw.data() + 5 * i;
    values.insert(values.end(),
                  {0, std::floor(r[0] * 3), r[1], r[2], r[3], r[2] + r[4] / 4, r[3] + r[4] / 3});
  }
  // The list ends at an image of -1: what follows must not be read as boxes.
  values.insert(values.end(), {-1, 1, 0.9F, 0, 0, 1, 1});
  values.insert(values.end(), {0, 1, 0.9F, 0, 0, 1, 1});
  const std::vector<std::size_t> shape{1, 1, 42, 7};
  std::vector<Detection> boxes;
  ASSERT_TRUE(decode_ssd_detections({.values = values, .shape = shape}, 300, 300,
                                    {.score_threshold = 0.3F, .wanted = {1, 1, 1}}, kStretched,
                                    boxes));
  expect_same(suppressed(boxes, kOff), "ssd-detections");
}

TEST(DecodeSsdRaw, MatchesNumPy) {
  const auto raw = numbers(13, 60 * 4);
  std::vector<float> corners;
  for (std::size_t i = 0; i < 60; ++i) {
    const float* r = raw.data() + 4 * i;
    corners.insert(corners.end(), {r[0], r[1], r[0] + r[2] / 3, r[1] + r[3] / 4});
  }
  const auto scores = numbers(14, 60 * 5);
  const std::vector<std::size_t> corner_shape{1, 60, 1, 4};
  const std::vector<std::size_t> score_shape{1, 60, 5};
  std::vector<Detection> boxes;
  ASSERT_TRUE(decode_ssd_raw({.values = corners, .shape = corner_shape},
                             {.values = scores, .shape = score_shape}, true, 300, 300,
                             {.score_threshold = 0.6F, .wanted = {0, 1, 0, 1}}, kStretched, boxes));
  expect_same(suppressed(boxes, {.iou = 0.2F, .covered = 1}), "ssd-raw");
}

TEST(Decoders, SayWhichShapeIsRight) {
  const std::vector<float> values(70, 0.5F);
  std::vector<Detection> boxes;
  const Selection selection{.score_threshold = 0.1F, .wanted = {1, 1}};
  for (const auto& shape : std::vector<std::vector<std::size_t>>{
           {}, {70}, {1, 10, 7}, {2, 5, 7}, {1, 84, 8}, {1, 0, 7}, {1, 1, 10, 7}}) {
    const auto failed =
        decode_yolox({.values = values, .shape = shape}, 64, 64, selection, kStretched, boxes);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kUnsupported);
    EXPECT_NE(failed.error().message.find("84, 5 + classes"), std::string::npos);
  }
  const std::vector<std::size_t> pairs{35, 2};
  EXPECT_FALSE(decode_ssd_detections({.values = values, .shape = pairs}, 300, 300, selection,
                                     kStretched, boxes));
  EXPECT_FALSE(decode_ssd_raw({.values = values, .shape = pairs},
                              {.values = values, .shape = pairs}, true, 300, 300, selection,
                              kStretched, boxes));
}

// NaN, infinities and huge numbers anywhere: every box still lies in the picture.
TEST(Decoders, GiveSoundBoxesFromAnyNumbers) {
  constexpr std::array kOdd{std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity(),
                            3e38F,
                            -3e38F,
                            1e-40F,
                            0.0F,
                            0.5F,
                            1.0F,
                            700.0F};
  const bool holds = rc::check([&](const std::vector<std::uint8_t>& picks) {
    std::vector<float> values(84 * 8, 0.6F);
    for (std::size_t i = 0; i < picks.size(); ++i) {
      values[(i * 37) % values.size()] = kOdd[picks[i] % kOdd.size()];
    }
    const Selection selection{.score_threshold = 0.1F, .wanted = {1, 1, 1, 1, 1, 1, 1, 1}};
    std::vector<Detection> boxes;
    const std::vector<std::size_t> cells{1, 84, 8};
    const std::vector<std::size_t> rows{1, 1, 96, 7};
    const std::vector<std::size_t> corners{1, 168, 4};
    const Tensor tensor{.values = values, .shape = cells};
    RC_ASSERT(decode_yolox(tensor, 64, 64, selection, kStretched, boxes).has_value());
    RC_ASSERT(decode_ssd_detections({.values = values, .shape = rows}, 300, 300, selection,
                                    kStretched, boxes)
                  .has_value());
    RC_ASSERT(decode_ssd_raw({.values = values, .shape = corners},
                             {.values = values, .shape = corners}, false, 300, 300, selection,
                             kStretched, boxes)
                  .has_value());
    for (const auto& box : boxes) {
      RC_ASSERT(box.x1 >= 0 && box.y1 >= 0 && box.x2 <= 320 && box.y2 <= 240);
      RC_ASSERT(box.x2 > box.x1 && box.y2 > box.y1);
      RC_ASSERT(box.score >= 0.1F && box.score <= 1);
      RC_ASSERT(box.class_id >= 0 && box.class_id < 8);
    }
  });
  EXPECT_TRUE(holds);
}

constexpr std::array<std::size_t, 4> kRow{1, 1, 1, 7};
constexpr std::array<std::size_t, 3> kCorners{1, 1, 4};

// 32 x 32: 16 + 4 + 1 cells of 5 + 3 values.
struct YoloxOutput {
  std::vector<float> values = std::vector<float>(21 * 8, 0.2F);
  Result<> check(std::size_t names = 3) const {
    const std::vector<std::size_t> shape{1, 21, 8};
    return check_yolox({.values = values, .shape = shape}, 32, 32, names);
  }
};

TEST(CheckOutputs, ASensibleModelPassesThoughItSeesNothing) {
  EXPECT_TRUE(YoloxOutput{}.check());
  const std::vector<float> none(7, -1.0F);
  EXPECT_TRUE(check_ssd_detections({.values = none, .shape = kRow}));
  const std::vector<float> boxes{0.1F, 0.1F, 0.4F, 0.4F};
  EXPECT_TRUE(check_ssd_raw({.values = boxes, .shape = kCorners}));
}

TEST(CheckOutputs, ANameForEachClass) {
  const auto checked = YoloxOutput{}.check(4);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().message.find("3 classes apart, but its sidecar names 4"),
            std::string::npos);
}

TEST(CheckOutputs, BoxesDecodedInsideTheModelAreTold) {
  YoloxOutput output;
  for (std::size_t i = 0; i < output.values.size(); i += 8) {
    output.values[i + 2] = 60;  // pixels where the logarithm of a size should be
    output.values[i + 3] = 40;
  }
  const auto checked = output.check();
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().message.find("decode"), std::string::npos);
}

TEST(CheckOutputs, NumbersThatAreNoneAreTold) {
  for (const float none :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    YoloxOutput output;
    std::ranges::fill(output.values, none);
    const auto checked = output.check();
    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().message.find("NaN or infinite"), std::string::npos);
    const std::vector<float> row{0, 1, none, none, none, none, none};
    EXPECT_FALSE(check_ssd_detections({.values = row, .shape = kRow}));
    const std::vector<float> box(4, none);
    EXPECT_FALSE(check_ssd_raw({.values = box, .shape = kCorners}));
  }
}

TEST(CheckOutputs, CornersInPixelsAreTold) {
  const std::vector<float> row{0, 1, 0.9F, 10, 20, 60, 80};
  const auto checked = check_ssd_detections({.values = row, .shape = kRow});
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().message.find("not in pixels"), std::string::npos);
  const std::vector<float> box{10, 20, 60, 80};
  EXPECT_FALSE(check_ssd_raw({.values = box, .shape = kCorners}));
}

}  // namespace
}  // namespace vedette::media
