// Real models on real pictures.
#include "media/detector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "media/frame_source.hpp"
#include "media/test_samples.hpp"

namespace vedette::media {
namespace {

using testing::HasSubstr;

using FrameBoxes = std::vector<std::vector<Detection>>;

std::vector<Frame> first_frames(const std::filesystem::path& clip, std::size_t count) {
  SourceOptions options;
  options.url = clip.string();
  auto source = open_source(options);
  std::vector<Frame> frames;
  while (source && frames.size() < count) {
    auto frame = (*source)->next({});
    if (!frame || !*frame) break;
    frames.push_back(std::move(**frame));
  }
  EXPECT_EQ(frames.size(), count);
  return frames;
}

std::unique_ptr<Detector> opened(const DetectorOptions& options) {
  auto detector = Detector::open(options);
  EXPECT_TRUE(detector) << detector.error().message << " " << detector.error().detail;
  return detector ? std::move(*detector) : nullptr;
}

float overlap_share(const Detection& box, float x, float y, float width, float height) {
  const float w = std::min(box.x2, x + width) - std::max(box.x1, x);
  const float h = std::min(box.y2, y + height) - std::max(box.y1, y);
  if (w <= 0 || h <= 0) return 0;
  const float united = (box.x2 - box.x1) * (box.y2 - box.y1) + width * height - w * h;
  return w * h / united;
}

class OnEachEngine : public testing::TestWithParam<const char*> {};

TEST_P(OnEachEngine, YoloxSeesTheCarOfTheReference) {
  VEDETTE_NEED_SAMPLE(model, "models/yolox_nano.onnx");
  VEDETTE_NEED_SAMPLE(clip, "traffic/highway-two-way.avi");
  if (std::string(GetParam()) == "openvino" && !has_openvino()) GTEST_SKIP() << "no OpenVINO here";
  DetectorOptions options;
  options.model = model;
  options.engine = GetParam();
  options.types = {"car", "truck", "bus", "motorcycle"};
  const auto detector = opened(options);
  ASSERT_TRUE(detector);
  auto session = detector->new_session();
  ASSERT_TRUE(session);
  const auto frames = first_frames(clip, 261);
  std::vector<Detection> boxes;
  ASSERT_TRUE((*session)->detect(frames[260], boxes));
  // Frame 260 gives car 0.84 at x169 y141 w47 h45.
  ASSERT_FALSE(boxes.empty());
  EXPECT_EQ(boxes[0].class_id, 2);
  EXPECT_NEAR(boxes[0].score, 0.84, 0.03);
  EXPECT_GT(overlap_share(boxes[0], 169, 141, 47, 45), 0.85);
  const auto facts = (*session)->facts();
  EXPECT_THAT(facts.engine, HasSubstr(GetParam()));
  EXPECT_EQ(facts.precision, "f32");
  EXPECT_EQ(facts.inferences, 1);
  EXPECT_GT(facts.ms_per_inference, 0);
  EXPECT_EQ(detector->facts().inferences, 2) << "the warming run and this one";
}

INSTANTIATE_TEST_SUITE_P(Detector, OnEachEngine, testing::Values("openvino", "opencv"));

FrameBoxes run_in_flight(Detector& detector, const std::vector<Frame>& frames) {
  auto session = detector.new_session();
  EXPECT_TRUE(session);
  FrameBoxes all;
  std::vector<Detection> boxes;
  for (const auto& frame : frames) {
    if ((*session)->in_flight() == (*session)->capacity()) {
      EXPECT_FALSE((*session)->submit(frame)) << "a full session refuses";
      EXPECT_TRUE((*session)->collect(boxes));
      all.push_back(boxes);
    }
    EXPECT_TRUE((*session)->submit(frame));
  }
  while ((*session)->in_flight() > 0) {
    EXPECT_TRUE((*session)->collect(boxes));
    all.push_back(boxes);
  }
  EXPECT_FALSE((*session)->collect(boxes));
  return all;
}

void expect_identical(const FrameBoxes& a, const FrameBoxes& b) {
  ASSERT_EQ(a.size(), b.size());
  std::size_t boxes = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].size(), b[i].size()) << "frame " << i;
    boxes += a[i].size();
    for (std::size_t k = 0; k < a[i].size(); ++k) {
      EXPECT_EQ(std::memcmp(&a[i][k], &b[i][k], sizeof(Detection)), 0) << "frame " << i;
    }
  }
  EXPECT_GT(boxes, a.size());
}

TEST(Detector, GivesTheSameBitsOnOneAndTwoThreadsAndInFlight) {
  VEDETTE_NEED_SAMPLE(model, "models/yolox_nano.onnx");
  VEDETTE_NEED_SAMPLE(clip, "traffic/street-oneway.mp4");
  const auto frames = first_frames(clip, 30);
  DetectorOptions options;
  options.model = model;
  const auto one = opened(options);
  options.threads = 2;
  const auto two = opened(options);
  ASSERT_TRUE(one && two);
  FrameBoxes plain;
  auto session = one->new_session();
  ASSERT_TRUE(session);
  std::vector<Detection> boxes;
  for (const auto& frame : frames) {
    ASSERT_TRUE((*session)->detect(frame, boxes));
    plain.push_back(boxes);
  }
  expect_identical(plain, run_in_flight(*one, frames));
  expect_identical(plain, run_in_flight(*two, frames));
}

TEST(Detector, SessionsOfTwoCamerasShareOneModel) {
  VEDETTE_NEED_SAMPLE(model, "models/yolox_nano.onnx");
  VEDETTE_NEED_SAMPLE(street, "traffic/street-oneway.mp4");
  VEDETTE_NEED_SAMPLE(highway, "traffic/highway-two-way.avi");
  DetectorOptions options;
  options.model = model;
  const auto detector = opened(options);
  ASSERT_TRUE(detector);
  auto first = detector->new_session();
  auto second = detector->new_session();
  ASSERT_TRUE(first && second);
  const auto a = first_frames(street, 5);
  const auto b = first_frames(highway, 5);
  std::vector<Detection> alone;
  std::vector<Detection> shared;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_TRUE((*first)->detect(a[i], alone));
    ASSERT_TRUE((*second)->submit(b[i]));
    ASSERT_TRUE((*first)->submit(a[i]));
    ASSERT_TRUE((*first)->collect(shared));
    ASSERT_EQ(alone.size(), shared.size());
    for (std::size_t k = 0; k < alone.size(); ++k) EXPECT_EQ(alone[k].score, shared[k].score);
    ASSERT_TRUE((*second)->collect(shared));
    EXPECT_FALSE(shared.empty());
  }
  // A session that goes away with frames in flight waits for them.
  ASSERT_TRUE((*first)->submit(a[0]));
  first->reset();
}

TEST(Detector, ReadsAnIrModelWithSuppressionInside) {
  VEDETTE_NEED_SAMPLE(model, "models/openvino-ir/vehicle-license-plate-detection-barrier-0106.xml");
  VEDETTE_NEED_SAMPLE(clip, "traffic/street-oneway.mp4");
  if (!has_openvino()) GTEST_SKIP() << "no OpenVINO here";
  DetectorOptions options;
  options.model = model;
  options.score_threshold = 0.3F;
  const auto detector = opened(options);
  ASSERT_TRUE(detector);
  auto session = detector->new_session();
  ASSERT_TRUE(session);
  // The taxi that fills the picture's middle.
  const auto frames = first_frames(clip, 249);
  std::vector<Detection> boxes;
  ASSERT_TRUE((*session)->detect(frames[248], boxes));
  ASSERT_FALSE(boxes.empty());
  EXPECT_EQ(detector->model().labels.at(static_cast<std::size_t>(boxes[0].class_id)).type,
            "vehicle");
  EXPECT_GT(boxes[0].score, 0.9F);
  EXPECT_GT(overlap_share(boxes[0], 341, 164, 226, 151), 0.9);
}

TEST(Detector, ItsFingerprintIsOfWhatItSaysAndOfNothingElse) {
  VEDETTE_NEED_SAMPLE(model, "models/yolox_nano.onnx");
  const TestFolder folder;
  DetectorOptions options;
  options.model = folder.path() / "yolox_nano.onnx";
  std::filesystem::copy_file(model, options.model);
  const auto fingerprint = [&](const DetectorOptions& of) {
    const auto detector = opened(of);
    return detector ? *(*detector->new_session(1))->fingerprint() : std::string();
  };
  const auto plain = fingerprint(options);
  EXPECT_EQ(plain.size(), 32U);
  auto other = options;
  other.threads = 2;
  other.model = model;
  EXPECT_EQ(fingerprint(other), plain) << "the same bytes elsewhere, on more threads";
  other = options;
  other.score_threshold = 0.2F;
  EXPECT_NE(fingerprint(other), plain);
  other = options;
  other.engine = "opencv";
  EXPECT_TRUE(!has_openvino() || fingerprint(other) != plain);
  // A model that was replaced meanwhile is not taken for the one that is loaded.
  const auto detector = opened(options);
  ASSERT_TRUE(detector);
  const auto session = detector->new_session(1);
  ASSERT_TRUE(session);
  std::filesystem::resize_file(options.model, 100);
  const auto replaced = (*session)->fingerprint();
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().code, ErrorCode::kConflict);
}

// Fetched by tools/fetch_model.sh and tools/fetch_video.sh.
TEST(Detector, TheConvertedModelSeesPeople) {
  const char* home = std::getenv("HOME");
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const auto folder =
      (cache ? std::filesystem::path(cache) : std::filesystem::path(home ? home : "/") / ".cache") /
      "vedette/samples";
  const auto model = folder / "models/ssd_mobilenet_v2_coco.xml";
  const auto clip = folder / "traffic/vtest.avi";
  if (!std::filesystem::exists(model) || !std::filesystem::exists(clip)) {
    GTEST_SKIP() << "the converted model is not here; run tools/fetch_model.sh and fetch_video.sh";
  }
  if (!has_openvino()) GTEST_SKIP() << "no OpenVINO here";
  DetectorOptions options;
  options.model = model;
  options.score_threshold = 0.4F;
  options.types = {"person"};
  const auto detector = opened(options);
  ASSERT_TRUE(detector);
  EXPECT_EQ(detector->model().layout, OutputLayout::kSsdRaw);
  auto session = detector->new_session();
  ASSERT_TRUE(session);
  std::vector<Detection> boxes;
  std::size_t people = 0;
  const auto frames = first_frames(clip, 40);
  for (const auto& frame : frames) {
    ASSERT_TRUE((*session)->detect(frame, boxes));
    for (const auto& box : boxes) {
      EXPECT_EQ(box.class_id, 0);
      EXPECT_GT(box.y2 - box.y1, box.x2 - box.x1) << "people stand upright";
    }
    people += boxes.size();
  }
  EXPECT_GT(people, 3 * frames.size());
  EXPECT_LT(people, 12 * frames.size());
}

TEST(Detector, SaysWhatIsWrongWithAModel) {
  VEDETTE_NEED_SAMPLE(good, "models/yolox_nano.onnx");
  const TestFolder folder;
  auto bytes = read_file(good);
  const auto cut = folder.write("yolox_nano.onnx", bytes.substr(0, bytes.size() / 3));
  std::filesystem::create_directory(folder.path() / "lonely");
  const auto lonely = folder.write("lonely/m.xml", "<net/>");
  const auto sidecar =
      read_file(std::filesystem::path(VEDETTE_SOURCE_DIR) / "models/yolox_nano.onnx.toml");
  const auto other = folder.write("other.onnx", bytes);
  const auto odd = folder.write("odd.onnx", bytes);
  auto ssd = sidecar;
  ssd.replace(ssd.find("\"yolox\""), 7, "\"ssd-detections\"");
  folder.write("odd.onnx.toml", ssd);
  const auto small = folder.write("small.onnx", bytes);
  auto resized = sidecar;
  resized.replace(resized.find("width = 416"), 11, "width = 320");
  folder.write("small.onnx.toml", resized);
  struct Case {
    std::filesystem::path model;
    ErrorCode code;
    std::string hint;
  };
  for (const auto& wrong :
       std::vector<Case>{{folder.path() / "none.onnx", ErrorCode::kNotFound, "check the path"},
                         {folder.path(), ErrorCode::kInvalid, "not a file"},
                         {folder.write("empty.onnx", ""), ErrorCode::kCorrupt, "fetch it again"},
                         {cut, ErrorCode::kCorrupt, "damaged"},
                         {lonely, ErrorCode::kNotFound, "m.bin"},
                         {other, ErrorCode::kUnsupported, "write a sidecar"},
                         {odd, ErrorCode::kUnsupported, "ssd-detections gives"},
                         {small, ErrorCode::kUnsupported, "its sidecar says"}}) {
    SCOPED_TRACE(wrong.model.string());
    DetectorOptions options;
    options.model = wrong.model;
    const auto detector = Detector::open(options);
    ASSERT_FALSE(detector);
    EXPECT_EQ(detector.error().code, wrong.code) << detector.error().message;
    EXPECT_THAT(detector.error().message, HasSubstr(wrong.hint));
  }
}

TEST(Detector, SaysWhatIsWrongWithASetting) {
  VEDETTE_NEED_SAMPLE(model, "models/yolox_nano.onnx");
  const auto error = [&](auto change) {
    DetectorOptions options;
    options.model = model;
    change(options);
    const auto detector = Detector::open(options);
    EXPECT_FALSE(detector);
    return detector ? Error{} : detector.error();
  };
  EXPECT_THAT(error([](auto& o) { o.engine = "torch"; }).message, HasSubstr("openvino or opencv"));
  EXPECT_THAT(error([](auto& o) { o.precision = "int8"; }).message, HasSubstr("f32 or auto"));
  EXPECT_THAT(error([](auto& o) { o.types = {"vehicle"}; }).message,
              HasSubstr("none of the types"));
  if (has_openvino()) {
    EXPECT_EQ(error([](auto& o) { o.device = "TPU9"; }).code, ErrorCode::kUnavailable);
  }
}

}  // namespace
}  // namespace vedette::media
