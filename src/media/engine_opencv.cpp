#include <fmt/format.h>

#include <chrono>
#include <opencv2/core/version.hpp>
#include <opencv2/dnn.hpp>

#include "media/engine.hpp"
#include "media/opencv_threads.hpp"

namespace vedette::media {
namespace {

using Clock = std::chrono::steady_clock;

// OpenCV has no asynchronous runs on its own engine: the work is done in wait().
class OpenCvRequest final : public Request {
 public:
  OpenCvRequest(cv::dnn::Net net, const ModelInput& input, std::vector<cv::String> outputs)
      : net_(std::move(net)), input_(input), names_(std::move(outputs)) {
    canvas_.create(input.height, input.width, CV_8UC3);
    results_.resize(names_.size());
    shapes_.resize(names_.size());
  }

  std::span<std::uint8_t> input() override { return {canvas_.data, canvas_.total() * 3}; }

  Result<> run() override {
    try {
      span_.started = Clock::now();
      make_blob();
      net_.setInput(blob_);
      net_.forward(results_, names_);
      span_.ended = Clock::now();
      for (std::size_t i = 0; i < results_.size(); ++i) {
        if (results_[i].type() != CV_32F || !results_[i].isContinuous()) {
          return fail(ErrorCode::kUnsupported,
                      "The model's outputs are not 32-bit numbers; use another model.");
        }
        shapes_[i].assign(results_[i].size.p, results_[i].size.p + results_[i].dims);
      }
      return {};
    } catch (const std::exception& error) {
      return fail(ErrorCode::kUnsupported,
                  "OpenCV cannot run this model with the input its sidecar names; correct the "
                  "sidecar, or use OpenVINO.",
                  error.what());
    }
  }

  Result<> start() override { return {}; }
  Result<> wait() override { return run(); }
  bool is_ready() const override { return false; }

  Tensor output(std::size_t index) const override {
    const auto& result = results_.at(index);
    return {.values = {result.ptr<float>(), result.total()}, .shape = shapes_.at(index)};
  }

  Instants span() const override { return span_; }

 private:
  void make_blob() {
    cv::dnn::blobFromImage(canvas_, blob_, 1.0, cv::Size(), cv::Scalar(),
                           input_.colours == ColourOrder::kRgb, false, CV_32F);
    const auto plane = canvas_.total();
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const float mean = input_.mean[channel];
      const float scale = input_.scale[channel];
      if (mean == 0 && scale == 1) continue;
      float* values = blob_.ptr<float>() + channel * plane;
      for (std::size_t i = 0; i < plane; ++i) values[i] = (values[i] - mean) / scale;
    }
  }

  cv::dnn::Net net_;
  ModelInput input_;
  std::vector<cv::String> names_;
  cv::Mat canvas_;
  cv::Mat blob_;
  std::vector<cv::Mat> results_;
  std::vector<std::vector<std::size_t>> shapes_;
  Instants span_;
};

// A cv::dnn::Net is for one thread: each request reads its own.
class OpenCvEngine final : public Engine {
 public:
  OpenCvEngine(std::string model, const ModelInput& input)
      : model_(std::move(model)), input_(input) {}

  Result<> load() {
    VEDETTE_TRY(net, read());
    for (const auto& output : net.getUnconnectedOutLayersNames()) {
      names_.push_back(output);
      outputs_.push_back({.name = output, .shape = {}});
    }
    first_ = std::move(net);
    return {};
  }

  Result<std::unique_ptr<Request>> new_request() override {
    cv::dnn::Net net;
    if (!first_.empty()) {
      net = std::move(first_);
      first_ = {};
    } else {
      VEDETTE_TRY(fresh, read());
      net = std::move(fresh);
    }
    return std::make_unique<OpenCvRequest>(std::move(net), input_, names_);
  }

  const std::vector<Output>& outputs() const override { return outputs_; }
  std::string name() const override { return "opencv " CV_VERSION; }
  std::string precision() const override { return "f32"; }

 private:
  Result<cv::dnn::Net> read() const {
    try {
      auto net = cv::dnn::readNet(model_);
      net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
      net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
      return net;
    } catch (const std::exception& error) {
      return fail(
          ErrorCode::kCorrupt,
          fmt::format("The model {} is damaged or of a kind that OpenCV does not read; fetch "
                      "it again, or use OpenVINO.",
                      model_),
          error.what());
    }
  }

  std::string model_;
  ModelInput input_;
  cv::dnn::Net first_;
  std::vector<cv::String> names_;
  std::vector<Output> outputs_;
};

}  // namespace

Result<std::unique_ptr<Engine>> open_opencv(const EngineOptions& options, const ModelInfo& info) {
  if (options.model.extension() == ".xml") {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("The model {} is OpenVINO IR, which only OpenVINO reads; install it with "
                    "tools/setup.sh, or use an ONNX model.",
                    options.model.string()));
  }
  if (!info.input.channels_first) {
    return fail(ErrorCode::kUnsupported,
                "OpenCV runs models with an input of the order nchw only; use OpenVINO.");
  }
  want_opencv_threads(options.threads);
  auto engine = std::make_unique<OpenCvEngine>(options.model.string(), info.input);
  VEDETTE_CHECK(engine->load());
  return engine;
}

}  // namespace vedette::media
