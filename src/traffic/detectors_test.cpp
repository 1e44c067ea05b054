#include "traffic/detectors.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "media/test_samples.hpp"

namespace vedette::traffic {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string read(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

class DetectorFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "vedette-detectors-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  DetectorSettings settings(Micros tried_again_after) const {
    DetectorSettings settings;
    settings.folders = {folder_};
    settings.options.threads = 1;
    settings.tried_again_after = tried_again_after;
    return settings;
  }
  // The file with the same time of its last change, whatever it holds.
  void write(const std::string& text) const {
    std::ofstream(file(), std::ios::binary) << text;
    fs::last_write_time(file(), fs::file_time_type() + 1h);
  }
  fs::path file() const { return folder_ / "yolox_nano.onnx"; }

  fs::path folder_;
};

TEST_F(DetectorFiles, WhatDidNotLoadForAPassingReasonIsTriedAgain) {
  VEDETTE_NEED_SAMPLE(model, "models/yolox_nano.onnx");
  Detectors detectors(settings(0s));
  write(read(model).substr(0, 100'000));
  EXPECT_FALSE(detectors.open("yolox_nano.onnx"));
  write(read(model));
  const auto opened = detectors.open("yolox_nano.onnx");
  EXPECT_TRUE(opened) << opened.error().message;
}

TEST_F(DetectorFiles, WhatDidNotLoadIsNotReadAllTheTimeUnlessItChanges) {
  VEDETTE_NEED_SAMPLE(model, "models/yolox_nano.onnx");
  Detectors detectors(settings(1h));
  write(read(model).substr(0, 100'000));
  const auto failed = detectors.open("yolox_nano.onnx");
  ASSERT_FALSE(failed);
  write(read(model));
  const auto again = detectors.open("yolox_nano.onnx");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, failed.error().message);
  fs::last_write_time(file(), fs::file_time_type() + 2h);
  EXPECT_TRUE(detectors.open("yolox_nano.onnx"));
}

}  // namespace
}  // namespace vedette::traffic
