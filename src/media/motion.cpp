#include "media/motion.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <opencv2/core/version.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/background_segm.hpp>
#include <vector>

#include "media/opencv_threads.hpp"
#include "media/picture.hpp"
#include "media/suppression.hpp"
#include "media/yuv_scaler.hpp"

namespace vedette::media {
namespace {

using Clock = std::chrono::steady_clock;

// The background's brightness is compared on a grid of about this many points.
constexpr int kGridPoints = 1'000;
// Frames that only build the background at first.
constexpr int kWarmUpFrames = 5;
constexpr double kBackgroundShare = 0.1;
// Vehicles fill their box; leaves and light do not.
constexpr double kLeastFilled = 0.3;
constexpr double kVarianceThreshold = 25;
constexpr double kExposureCaution = 8;
// The background changes slowly: taking it out for the brightness every so many frames is enough.
constexpr int kBackgroundEvery = 8;

// A dark window or roof as grey as the road cuts a vehicle's outline in two: parts that lie behind
// or beside each other, nearly touching, are one.
bool are_parts_of_one(const Detection& a, const Detection& b) {
  const float shared_x = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float shared_y = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  const float width = std::min(a.x2 - a.x1, b.x2 - b.x1);
  const float height = std::min(a.y2 - a.y1, b.y2 - b.y1);
  return (shared_x > 0.6F * width && shared_y > -0.15F * height) ||
         (shared_y > 0.6F * height && shared_x > -0.15F * width);
}

void join_parts(std::vector<Detection>& boxes) {
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    for (std::size_t k = i + 1; k < boxes.size();) {
      if (!are_parts_of_one(boxes[i], boxes[k])) {
        ++k;
        continue;
      }
      auto& whole = boxes[i];
      const auto& part = boxes[k];
      whole.x1 = std::min(whole.x1, part.x1);
      whole.y1 = std::min(whole.y1, part.y1);
      whole.x2 = std::max(whole.x2, part.x2);
      whole.y2 = std::max(whole.y2, part.y2);
      whole.score = std::max(whole.score, part.score);
      boxes[k] = boxes.back();
      boxes.pop_back();
      // The larger box may now touch those already passed.
      k = i + 1;
    }
  }
}

class MotionSession final : public Session {
 public:
  explicit MotionSession(const MotionOptions& options) : options_(options) {
    facts_ = {.model = motion_model().name,
              .engine = "motion (opencv " CV_VERSION ")",
              .precision = "u8",
              .device = "CPU",
              .threads = 1};
    want_opencv_threads(1);
  }

  Result<> detect(const Frame& frame, std::vector<Detection>& into) override {
    into.clear();
    if (is_in_flight_) {
      return fail(ErrorCode::kInternal, "detect() was called while a frame was in flight.");
    }
    return look(frame, into);
  }

  Result<> submit(const Frame& frame) override {
    if (is_in_flight_) {
      return fail(ErrorCode::kTooMany, "The motion detector works on one frame at a time.");
    }
    VEDETTE_CHECK(look(frame, found_));
    is_in_flight_ = true;
    return {};
  }

  Result<> collect(std::vector<Detection>& into) override {
    if (!is_in_flight_) {
      return fail(ErrorCode::kInternal, "collect() was called without a frame in flight.");
    }
    is_in_flight_ = false;
    into.swap(found_);
    return {};
  }

  bool is_ready() const override { return is_in_flight_; }
  int in_flight() const override { return is_in_flight_ ? 1 : 0; }
  int capacity() const override { return 1; }
  const ModelInfo& model() const override { return motion_model(); }
  DetectorFacts facts() const override { return facts_; }

 private:
  Result<> look(const Frame& frame, std::vector<Detection>& into) {
    into.clear();
    const auto started = Clock::now();
    VEDETTE_CHECK(take(frame));
    subtract(frame);
    find_boxes(frame, into);
    const double ms = std::chrono::duration<double, std::milli>(Clock::now() - started).count();
    facts_.ms_per_inference =
        facts_.inferences == 0 ? ms : facts_.ms_per_inference + (ms - facts_.ms_per_inference) / 50;
    ++facts_.inferences;
    facts_.inference_s += ms / 1000;
    return {};
  }

  // The frame as a small picture in small_.
  Result<> take(const Frame& frame) {
    if (!frame.picture) return fail(ErrorCode::kInternal, "A frame without a picture was given.");
    const int width = std::min(frame.width(), std::max(32, options_.work_width));
    const int height = std::max(
        1, static_cast<int>(static_cast<std::int64_t>(frame.height()) * width / frame.width()));
    if (width != small_.width() || height != small_.height() || frame.period != period_) {
      // Another size or another lap: what was learnt of the background no longer holds.
      mog_.release();
      seen_ = 0;
      period_ = frame.period;
    }
    if (YuvScaler::takes(frame.picture->frame())) {
      small_.reset(width, height);
      yuv_.scale(frame.picture->frame(), width, height, small_.row(0), small_.stride());
      return {};
    }
    return frame.picture->to_bgr(width, height, small_);
  }

  void subtract(const Frame& frame) {
    const cv::Mat picture(small_.height(), small_.width(), CV_8UC3, small_.row(0),
                          static_cast<std::size_t>(small_.stride()));
    if (!mog_) {
      mog_ = cv::createBackgroundSubtractorMOG2(500, kVarianceThreshold, true);
      first_time_ = frame.media_time;
    }
    // A camera that opens or closes its iris changes every pixel by one factor: take it out before
    // comparing with the background.
    cv::Mat compared = picture;
    if (seen_ > 0) {
      if (seen_ < kWarmUpFrames || seen_ % kBackgroundEvery == 0) {
        mog_->getBackgroundImage(background_);
      }
      const double gain = brightness_gain(picture);
      if (std::abs(gain - 1) > 0.01) {
        picture.convertTo(levelled_, -1, 1 / gain);
        compared = levelled_;
      }
      // One factor is not the whole truth of a lens: while it is far from 1, more must differ.
      mog_->setVarThreshold(kVarianceThreshold * (1 + kExposureCaution * std::abs(std::log(gain))));
    }
    const double fps = options_.fps > 0 ? options_.fps : measured_fps(frame);
    // A new colour belongs to the background once it has a tenth of the weight: MOG2's rate for
    // "after memory_s" follows from that. The first pictures are learnt quickly.
    const double rate = kBackgroundShare / std::max(2.0, options_.memory_s * fps);
    mog_->apply(compared, mask_, seen_ < kWarmUpFrames ? 1.0 / (seen_ + 1) : rate);
    ++seen_;
  }

  double measured_fps(const Frame& frame) const {
    const double seconds = to_seconds(frame.media_time - first_time_);
    return seconds > 0 && seen_ > 0 ? seen_ / seconds : 25;
  }

  double brightness_gain(const cv::Mat& picture) {
    const int step = std::max(1, static_cast<int>(std::sqrt(picture.total() / kGridPoints)));
    ratios_.clear();
    for (int y = step / 2; y < picture.rows; y += step) {
      const auto* now = picture.ptr<cv::Vec3b>(y);
      const auto* before = background_.ptr<cv::Vec3b>(y);
      for (int x = step / 2; x < picture.cols; x += step) {
        const int a = now[x][0] + now[x][1] + now[x][2];
        const int b = before[x][0] + before[x][1] + before[x][2];
        // Black stays black and white stays white whatever the iris does.
        if (a < 30 || b < 30 || a > 735 || b > 735) continue;
        ratios_.push_back(static_cast<float>(a) / static_cast<float>(b));
      }
    }
    if (ratios_.size() < 50) return 1;
    const auto middle = ratios_.begin() + static_cast<std::ptrdiff_t>(ratios_.size() / 2);
    std::ranges::nth_element(ratios_, middle);
    return std::clamp(static_cast<double>(*middle), 0.25, 4.0);
  }

  void find_boxes(const Frame& frame, std::vector<Detection>& into) {
    if (seen_ <= kWarmUpFrames) return;
    // Shadows are marked 127, moving pixels 255.
    cv::threshold(mask_, mask_, 200, 255, cv::THRESH_BINARY);
    const int small = std::max(3, small_.width() / 160) | 1;
    const int large = std::max(5, small_.width() / 32) | 1;
    cv::morphologyEx(mask_, mask_, cv::MORPH_OPEN,
                     cv::getStructuringElement(cv::MORPH_ELLIPSE, {small, small}));
    cv::morphologyEx(mask_, mask_, cv::MORPH_CLOSE,
                     cv::getStructuringElement(cv::MORPH_ELLIPSE, {large, large}));
    const double pixels = static_cast<double>(mask_.total());
    if (cv::countNonZero(mask_) > options_.max_changed * pixels) return;
    cv::findContours(mask_, contours_, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_SIMPLE);
    const float scale_x = static_cast<float>(frame.width()) / static_cast<float>(small_.width());
    const float scale_y = static_cast<float>(frame.height()) / static_cast<float>(small_.height());
    for (const auto& contour : contours_) {
      const auto rect = cv::boundingRect(contour);
      const double filled = cv::contourArea(contour);
      if (filled < options_.min_area * pixels || filled < kLeastFilled * rect.area()) continue;
      Detection box{.x1 = static_cast<float>(rect.x) * scale_x,
                    .y1 = static_cast<float>(rect.y) * scale_y,
                    .x2 = static_cast<float>(rect.x + rect.width) * scale_x,
                    .y2 = static_cast<float>(rect.y + rect.height) * scale_y,
                    .score = static_cast<float>(std::clamp(filled / rect.area(), 0.0, 1.0)),
                    .class_id = 0};
      if (cut_to_picture(box, frame.width(), frame.height())) into.push_back(box);
    }
    join_parts(into);
    std::ranges::sort(into, std::greater{}, &Detection::score);
  }

  MotionOptions options_;
  DetectorFacts facts_;
  YuvScaler yuv_;
  Image small_;
  cv::Ptr<cv::BackgroundSubtractorMOG2> mog_;
  cv::Mat background_;
  cv::Mat levelled_;
  cv::Mat mask_;
  std::vector<std::vector<cv::Point>> contours_;
  std::vector<float> ratios_;
  std::vector<Detection> found_;
  bool is_in_flight_ = false;
  int seen_ = 0;
  int period_ = 0;
  Micros first_time_{0};
};

}  // namespace

const ModelInfo& motion_model() {
  static const ModelInfo info{.name = "Motion (no model)",
                              .licence = "Apache-2.0",
                              .source = "OpenCV background subtraction",
                              .layout = OutputLayout::kMotion,
                              .input = {},
                              .labels = {{.name = "moving object", .type = "moving"}},
                              .boxes_output = {},
                              .scores_output = {}};
  return info;
}

std::unique_ptr<Session> new_motion_session(const MotionOptions& options) {
  return std::make_unique<MotionSession>(options);
}

}  // namespace vedette::media
