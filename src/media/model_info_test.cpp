#include "media/model_info.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/sidecars.hpp"
#include "media/test_samples.hpp"

namespace vedette::media {
namespace {

using testing::HasSubstr;

constexpr std::string_view kGood = R"(name = "Mine"
layout = "ssd-raw"
[input]
width = 320
height = 240
order = "nhwc"
colours = "rgb"
mean = [127.5, 127.5, 127.5]
scale = [127.5, 127.5, 1]
fit = "stretch"
[outputs]
boxes = "b"
scores = "s"
boxes_order = "xyxy"
[labels]
names = ["none", "auto"]
[labels.types]
auto = "car"
)";

std::string replaced(std::string_view from, std::string_view to) {
  std::string text(kGood);
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ModelInfo, ReadsASidecar) {
  const auto info = parse_model_info(kGood, "mine.toml");
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->name, "Mine");
  EXPECT_EQ(info->licence, "not stated");
  EXPECT_EQ(info->layout, OutputLayout::kSsdRaw);
  EXPECT_EQ(info->input.width, 320);
  EXPECT_FALSE(info->input.channels_first);
  EXPECT_EQ(info->input.colours, ColourOrder::kRgb);
  EXPECT_EQ(info->input.scale[2], 1);
  EXPECT_EQ(info->input.fit, Fit::kStretch);
  EXPECT_EQ(info->boxes_output, "b");
  EXPECT_FALSE(info->boxes_y_first);
  ASSERT_EQ(info->labels.size(), 2);
  EXPECT_EQ(info->labels[0].type, "");
  EXPECT_EQ(info->labels[1].type, "car");
}

TEST(ModelInfo, SaysWhichLineIsWrongAndWhatWouldBeRight) {
  struct Case {
    std::string text;
    std::string line;
    std::string hint;
  };
  const std::vector<Case> cases{
      {replaced("ssd-raw", "yolov8"), "line 2", "yolox, ssd-detections, ssd-raw"},
      {replaced("width = 320", "width = \"320\""), "line 4", "whole number from 16 to 4096"},
      {replaced("width = 320", "width = 0"), "line 4", "from 16"},
      {replaced("height = 240", "hight = 240"), "line 5", "height"},
      {replaced("rgb", "grey"), "line 7", "bgr, rgb"},
      {replaced("[127.5, 127.5, 1]", "[127.5, 0, 1]"), "line 9", "other than 0"},
      {replaced("[127.5, 127.5, 127.5]", "[1, 2]"), "line 8", "three numbers"},
      {replaced("auto = \"car\"", "auto = \"Light rail\""), "line 18", "small letters"},
      {replaced("auto = \"car\"", "lorry = \"truck\""), "line 18", "labels.names"},
      {replaced("\"none\"", "7"), "line 16", "text"},
      {replaced("ssd-raw", "ssd-detections"), "line 11", "ssd-raw only"},
      {replaced("name = \"Mine\"", "name = "), "line 1", "not TOML"},
      {replaced("[input]", "[inputs]"), "line 3", "known"},
      {replaced("auto = \"car\"\n", ""), "line", "at least one label"},
  };
  for (const auto& wrong : cases) {
    const auto info = parse_model_info(wrong.text, "mine.toml");
    ASSERT_FALSE(info) << wrong.text;
    EXPECT_EQ(info.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(info.error().message, HasSubstr("mine.toml"));
    EXPECT_THAT(info.error().message, HasSubstr(wrong.line));
    EXPECT_THAT(info.error().message, HasSubstr(wrong.hint));
  }
}

TEST(ModelInfo, IsBounded) {
  EXPECT_EQ(parse_model_info(std::string(70'000, ' '), "big.toml").error().code,
            ErrorCode::kTooLarge);
  EXPECT_FALSE(parse_model_info("a = " + std::string(5'000, '['), "deep.toml"));
  EXPECT_FALSE(parse_model_info("", "empty.toml"));
}

TEST(ModelInfo, YoloxWantsMultiplesOf32) {
  std::string text(built_in_sidecars()[0].text);
  text.replace(text.find("width = 416"), 11, "width = 400");
  const auto info = parse_model_info(text, "x");
  ASSERT_FALSE(info);
  EXPECT_THAT(info.error().message, HasSubstr("multiple of 32"));
}

TEST(ModelInfo, BuiltInSidecarsAreRight) {
  ASSERT_EQ(built_in_sidecars().size(), 3);
  for (const auto& sidecar : built_in_sidecars()) {
    const auto info = parse_model_info(sidecar.text, sidecar.file_name);
    EXPECT_TRUE(info) << info.error().message;
  }
  const auto yolox = find_model_info("/nowhere/yolox_nano.onnx");
  ASSERT_TRUE(yolox);
  EXPECT_EQ(yolox->labels.size(), 80);
  EXPECT_EQ(yolox->labels[3].type, "motorcycle");
  EXPECT_EQ(yolox->labels[7].name, "truck");
  const auto ssd = find_model_info("/nowhere/ssd_mobilenet_v2_coco.xml");
  ASSERT_TRUE(ssd);
  ASSERT_EQ(ssd->labels.size(), 90);
  // COCO ids less one.
  EXPECT_EQ(ssd->labels[0].type, "person");
  EXPECT_EQ(ssd->labels[7].type, "truck");
  EXPECT_EQ(ssd->labels[89].name, "toothbrush");
}

TEST(ModelInfo, ASidecarNextToTheModelGoesFirst) {
  const TestFolder folder;
  folder.write("yolox_nano.onnx", "x");
  folder.write("yolox_nano.toml", kGood);
  auto info = find_model_info(folder.path() / "yolox_nano.onnx");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->name, "Mine");
  folder.write("yolox_nano.onnx.toml", replaced("Mine", "Nearer"));
  info = find_model_info(folder.path() / "yolox_nano.onnx");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->name, "Nearer");
}

TEST(ModelInfo, AnUnknownModelSaysHowToDescribeIt) {
  const auto info = find_model_info("/nowhere/other.onnx");
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(info.error().message, HasSubstr("yolox, ssd-detections or ssd-raw"));
}

}  // namespace
}  // namespace vedette::media
