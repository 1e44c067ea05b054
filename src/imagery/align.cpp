#include "imagery/align.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>

namespace vedette::imagery {
namespace {

constexpr int kCoarseSteps = 100;
constexpr int kFineSteps = 30;
constexpr int kCoarsest = 300;
constexpr double kStepEnd = 1e-5;
// What a lens beside another can do at most, as a part of the picture.
constexpr double kMostShift = 0.12;
constexpr double kMostBend = 0.06;
constexpr double kGoodCorrelation = 0.5;
constexpr double kGoodResidual = 2;
// Below it a peak of the phase correlation is as likely noise.
constexpr double kClearPeak = 0.1;

// Edges are where they are in every light; brightness is not.
cv::Mat edges_of(const ReducedBand& band) {
  cv::Mat values(band.height, band.width, CV_32F);
  for (int y = 0; y < band.height; ++y) {
    auto* row = values.ptr<float>(y);
    for (int x = 0; x < band.width; ++x) {
      const float value =
          band.values[static_cast<std::size_t>(y) * static_cast<std::size_t>(band.width) +
                      static_cast<std::size_t>(x)];
      row[x] = value == value ? value : 0.0F;
    }
  }
  cv::GaussianBlur(values, values, cv::Size(), 1);
  cv::Mat across;
  cv::Mat down;
  cv::Sobel(values, across, CV_32F, 1, 0);
  cv::Sobel(values, down, CV_32F, 0, 1);
  cv::Mat magnitude;
  cv::magnitude(across, down, magnitude);
  const double mean = cv::mean(magnitude)[0];
  if (mean > 0) magnitude /= mean;
  // A roof's edge is not to outweigh a field of leaves.
  cv::min(magnitude, 8.0, magnitude);
  return magnitude;
}

cv::Point2d shift_of(const cv::Mat& reference, const cv::Mat& band, double& peak) {
  cv::Mat window;
  cv::createHanningWindow(window, reference.size(), CV_32F);
  return cv::phaseCorrelate(reference, band, window, &peak);
}

// From coarse to fine: far off, only large things point the right way. `warp` is in pixels of the
// pictures given; returns the likeness of the finest.
double refine(const cv::Mat& fixed, const cv::Mat& moving, cv::Mat& warp) {
  double correlation = 0;
  int levels = 1;
  while (std::max(fixed.cols, fixed.rows) >> levels >= kCoarsest) ++levels;
  for (int level = levels - 1; level >= 0; --level) {
    const double scale = 1.0 / (1 << level);
    cv::Mat small_fixed;
    cv::Mat small_moving;
    cv::resize(fixed, small_fixed, cv::Size(), scale, scale, cv::INTER_AREA);
    cv::resize(moving, small_moving, cv::Size(), scale, scale, cv::INTER_AREA);
    // The middle of a pixel of this level, in those given.
    const double middle = (1.0 / scale - 1) / 2;
    const cv::Mat up =
        (cv::Mat_<double>(3, 3) << 1 / scale, 0, middle, 0, 1 / scale, middle, 0, 0, 1);
    cv::Mat whole;
    warp.convertTo(whole, CV_64F);
    cv::Mat here = up.inv() * whole * up;
    here /= here.at<double>(2, 2);
    cv::Mat step;
    here.convertTo(step, CV_32F);
    const int steps = level == 0 ? kFineSteps : kCoarseSteps;
    correlation = cv::findTransformECC(
        small_fixed, small_moving, step, cv::MOTION_HOMOGRAPHY,
        cv::TermCriteria(cv::TermCriteria::COUNT | cv::TermCriteria::EPS, steps, kStepEnd),
        cv::noArray(), 5);
    step.convertTo(here, CV_64F);
    whole = up * here * up.inv();
    whole /= whole.at<double>(2, 2);
    whole.convertTo(warp, CV_32F);
  }
  return correlation;
}

std::optional<double> residual_of(const cv::Mat& reference, const cv::Mat& corrected) {
  const int side = std::min({150, reference.cols / 2, reference.rows / 2});
  if (side < 32) return std::nullopt;
  std::optional<double> most;
  const std::array<std::array<double, 2>, 5> places{
      {{0.25, 0.25}, {0.75, 0.25}, {0.5, 0.5}, {0.25, 0.75}, {0.75, 0.75}}};
  for (const auto& [u, v] : places) {
    const cv::Rect at(static_cast<int>(u * reference.cols) - side / 2,
                      static_cast<int>(v * reference.rows) - side / 2, side, side);
    double peak = 0;
    const cv::Point2d shift = shift_of(reference(at).clone(), corrected(at).clone(), peak);
    if (peak < kClearPeak) continue;
    most = std::max(most.value_or(0), std::hypot(shift.x, shift.y));
  }
  return most;
}

// From reduced pixels to the band's own: centres lie in the middle of their pixels.
Homography enlarged(const cv::Mat& small, int factor) {
  const double f = factor;
  const double c = (f - 1) / 2;
  const cv::Mat up = (cv::Mat_<double>(3, 3) << f, 0, c, 0, f, c, 0, 0, 1);
  cv::Mat whole;
  small.convertTo(whole, CV_64F);
  whole = up * whole * up.inv();
  whole /= whole.at<double>(2, 2);
  Homography result{};
  for (int i = 0; i < 9; ++i) result[static_cast<std::size_t>(i)] = whole.at<double>(i / 3, i % 3);
  return result;
}

bool is_possible(const Fit& fit, int width, int height) {
  const double side = std::max(width, height);
  if (!(std::hypot(fit.shift[0], fit.shift[1]) <= kMostShift * side)) return false;
  for (const auto& [x, y] :
       {std::pair{0.0, 0.0}, std::pair{1.0, 0.0}, std::pair{0.0, 1.0}, std::pair{1.0, 1.0}}) {
    const auto at = mapped(fit.homography, x * width, y * height);
    const double bend =
        std::hypot(at[0] - x * width - fit.shift[0], at[1] - y * height - fit.shift[1]);
    if (!(bend <= kMostBend * side)) return false;
  }
  return true;
}

}  // namespace

std::array<double, 2> mapped(const Homography& h, double x, double y) {
  const double w = h[6] * x + h[7] * y + h[8];
  return {(h[0] * x + h[1] * y + h[2]) / w, (h[3] * x + h[4] * y + h[5]) / w};
}

Fit fit_band(const ReducedBand& reference, const ReducedBand& band) {
  const cv::Mat fixed = edges_of(reference);
  const cv::Mat moving = edges_of(band);
  double peak = 0;
  const cv::Point2d start = shift_of(fixed, moving, peak);
  cv::Mat warp = cv::Mat::eye(3, 3, CV_32F);
  if (peak >= kClearPeak) {
    warp.at<float>(0, 2) = static_cast<float>(start.x);
    warp.at<float>(1, 2) = static_cast<float>(start.y);
  }
  Fit fit;
  try {
    fit.correlation = refine(fixed, moving, warp);
  } catch (const cv::Exception&) {
    return fit;  // nothing alike in the two: not to be corrected, and said
  }
  fit.homography = enlarged(warp, reference.factor);
  const double width = reference.width * reference.factor;
  const double height = reference.height * reference.factor;
  const auto centre = mapped(fit.homography, width / 2, height / 2);
  fit.shift = {centre[0] - width / 2, centre[1] - height / 2};
  if (!is_possible(fit, static_cast<int>(width), static_cast<int>(height))) return fit;
  cv::Mat corrected;
  cv::warpPerspective(moving, corrected, warp, fixed.size(),
                      cv::INTER_LINEAR | cv::WARP_INVERSE_MAP);
  if (const auto left = residual_of(fixed, corrected)) fit.residual = *left * reference.factor;
  fit.is_good =
      fit.correlation >= kGoodCorrelation && fit.residual && *fit.residual <= kGoodResidual;
  return fit;
}

}  // namespace vedette::imagery
