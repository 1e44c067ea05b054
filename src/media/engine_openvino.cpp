#include <fmt/format.h>
#include <fmt/ranges.h>

#include <atomic>
#include <chrono>
#include <openvino/openvino.hpp>

#include "media/detector.hpp"
#include "media/engine.hpp"

namespace vedette::media {
namespace {

using Clock = std::chrono::steady_clock;

// OpenVINO's messages are several lines with its own source files in them.
std::string first_useful_line(const std::exception& error) {
  std::string text = error.what();
  const auto last = text.find_last_not_of(" \n");
  text.resize(last == std::string::npos ? 0 : last + 1);
  return text.substr(0, 600);
}

std::string short_version() {
  std::string text = ov::get_openvino_version().buildNumber;
  return text.substr(0, text.find('-'));
}

class OpenVinoRequest final : public Request {
 public:
  OpenVinoRequest(ov::CompiledModel& model, const ModelInput& input)
      : request_(model.create_infer_request()),
        canvas_(ov::element::u8, ov::Shape{1, static_cast<std::size_t>(input.height),
                                           static_cast<std::size_t>(input.width), 3}) {
    request_.set_input_tensor(canvas_);
    // The end is noted where it happens: wait() may be called much later.
    request_.set_callback([this](const std::exception_ptr&) { ended_.store(Clock::now()); });
    outputs_.resize(model.outputs().size());
  }

  std::span<std::uint8_t> input() override {
    return {canvas_.data<std::uint8_t>(), canvas_.get_size()};
  }

  Result<> run() override {
    return guarded([this] {
      started_ = Clock::now();
      request_.infer();
      ended_.store(Clock::now());
      fetch();
    });
  }

  Result<> start() override {
    return guarded([this] {
      started_ = Clock::now();
      request_.start_async();
    });
  }

  Result<> wait() override {
    return guarded([this] {
      request_.wait();
      fetch();
    });
  }

  bool is_ready() const override {
    // wait_for() is not const in OpenVINO, though it changes nothing.
    return const_cast<ov::InferRequest&>(request_).wait_for(std::chrono::milliseconds{0});
  }

  Tensor output(std::size_t index) const override {
    const auto& output = outputs_.at(index);
    return {.values = output.values, .shape = output.shape};
  }

  Instants span() const override { return {.started = started_, .ended = ended_.load()}; }

 private:
  struct Fetched {
    ov::Tensor tensor;
    std::span<const float> values;
    ov::Shape shape;
  };

  template <class Work>
  Result<> guarded(Work work) {
    try {
      work();
      return {};
    } catch (const std::exception& error) {
      return fail(ErrorCode::kInternal,
                  "OpenVINO failed while running the model; start again with --engine opencv if it "
                  "stays so.",
                  first_useful_line(error));
    }
  }

  void fetch() {
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      auto& output = outputs_[i];
      output.tensor = request_.get_output_tensor(i);
      output.values = {output.tensor.data<const float>(), output.tensor.get_size()};
      if (output.shape != output.tensor.get_shape()) output.shape = output.tensor.get_shape();
    }
  }

  ov::InferRequest request_;
  ov::Tensor canvas_;
  std::vector<Fetched> outputs_;
  Clock::time_point started_;
  std::atomic<Clock::time_point> ended_{};
};

class OpenVinoEngine final : public Engine {
 public:
  OpenVinoEngine(ov::CompiledModel model, const ModelInput& input, std::vector<Output> outputs)
      : model_(std::move(model)), input_(input), outputs_(std::move(outputs)) {}

  Result<std::unique_ptr<Request>> new_request() override {
    try {
      return std::make_unique<OpenVinoRequest>(model_, input_);
    } catch (const std::exception& error) {
      return fail(ErrorCode::kInternal, "OpenVINO has no room for another request.",
                  first_useful_line(error));
    }
  }

  const std::vector<Output>& outputs() const override { return outputs_; }
  std::string name() const override { return "openvino " + short_version(); }
  std::string precision() const override {
    try {
      return model_.get_property(ov::hint::inference_precision).get_type_name();
    } catch (const std::exception&) {
      return "unknown";
    }
  }

 private:
  ov::CompiledModel model_;
  ModelInput input_;
  std::vector<Output> outputs_;
};

std::string shape_text(const ov::PartialShape& shape) {
  return shape.to_string();
}

std::string device_list(ov::Core& core) {
  const auto available = core.get_available_devices();
  return available.empty() ? "none" : fmt::format("{}", fmt::join(available, ", "));
}

// Asks the wanted device alone: listing all of them would load every plugin, which costs time and
// memory. AUTO, HETERO and MULTI choose among what is there.
Result<> check_device(ov::Core& core, const std::string& device) {
  const auto wanted = device.substr(0, device.find(':'));
  if (wanted == "AUTO" || wanted == "HETERO" || wanted == "MULTI") return {};
  try {
    core.get_property(device, ov::device::full_name);
    return {};
  } catch (const std::exception& error) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("OpenVINO has no device {} on this machine (it has {}); choose one of "
                            "these, or --engine opencv.",
                            device, device_list(core)),
                first_useful_line(error));
  }
}

// The sidecar's word about the input must hold for the model.
Result<> fit_input(ov::Model& model, const ModelInput& input, const std::string& file) {
  if (model.inputs().size() != 1) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("The model {} has {} inputs; models with one picture as input can be "
                            "used.",
                            file, model.inputs().size()));
  }
  const ov::PartialShape wanted = input.channels_first
                                      ? ov::PartialShape{1, 3, input.height, input.width}
                                      : ov::PartialShape{1, input.height, input.width, 3};
  const auto given = model.input().get_partial_shape();
  if (!given.compatible(wanted)) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("The model {} has an input of {}, but its sidecar says {}; correct width, "
                    "height or order there.",
                    file, shape_text(given), shape_text(wanted)));
  }
  if (given.is_dynamic()) model.reshape(wanted);
  return {};
}

std::shared_ptr<ov::Model> with_preprocessing(const std::shared_ptr<ov::Model>& model,
                                              const ModelInput& input) {
  ov::preprocess::PrePostProcessor steps(model);
  steps.input()
      .tensor()
      .set_element_type(ov::element::u8)
      .set_layout("NHWC")
      .set_color_format(ov::preprocess::ColorFormat::BGR);
  auto& chain = steps.input().preprocess();
  chain.convert_element_type(ov::element::f32);
  if (input.colours == ColourOrder::kRgb) {
    chain.convert_color(ov::preprocess::ColorFormat::RGB);
  }
  const auto is_one = [](const std::array<float, 3>& values, float one) {
    return values[0] == one && values[1] == one && values[2] == one;
  };
  if (!is_one(input.mean, 0)) chain.mean({input.mean.begin(), input.mean.end()});
  if (!is_one(input.scale, 1)) chain.scale({input.scale.begin(), input.scale.end()});
  steps.input().model().set_layout(input.channels_first ? "NCHW" : "NHWC");
  for (std::size_t i = 0; i < model->outputs().size(); ++i) {
    steps.output(i).tensor().set_element_type(ov::element::f32);
  }
  return steps.build();
}

}  // namespace

bool has_openvino() {
  try {
    ov::Core core;
    return check_device(core, "CPU").has_value();
  } catch (const std::exception&) {
    return false;
  }
}

Result<std::unique_ptr<Engine>> open_openvino(const EngineOptions& options, const ModelInfo& info) {
  const auto file = options.model.string();
  std::optional<ov::Core> core;
  try {
    core.emplace();
    if (!options.cache_dir.empty()) core->set_property(ov::cache_dir(options.cache_dir.string()));
    VEDETTE_CHECK(check_device(*core, options.device));
  } catch (const std::exception& error) {
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("OpenVINO has no device {} on this machine; use --device CPU, or --engine "
                    "opencv.",
                    options.device),
        first_useful_line(error));
  }
  std::shared_ptr<ov::Model> model;
  try {
    model = core->read_model(options.model);
  } catch (const std::exception& error) {
    return fail(
        ErrorCode::kCorrupt,
        fmt::format("The model {} is damaged or of a kind that OpenVINO does not read; fetch "
                    "it again (ONNX, OpenVINO IR and TensorFlow Lite work).",
                    file),
        first_useful_line(error));
  }
  try {
    VEDETTE_CHECK(fit_input(*model, info.input, file));
    std::vector<Engine::Output> outputs;
    for (const auto& port : model->outputs()) {
      Engine::Output output;
      if (!port.get_names().empty()) output.name = port.get_any_name();
      if (port.get_partial_shape().is_static()) output.shape = port.get_shape();
      outputs.push_back(std::move(output));
    }
    ov::AnyMap settings;
    if (options.device == "CPU") {
      // A stream a thread: each frame is worked on by one thread, so that the sums, and with them
      // the boxes, are the same whatever the number of threads. Threads are not tied to processors:
      // decoding and tracking share them.
      settings.emplace(ov::num_streams(options.threads));
      settings.emplace(ov::inference_num_threads(options.threads));
      settings.emplace(ov::hint::enable_cpu_pinning(false));
    }
    if (options.precision == "f32") {
      settings.emplace(ov::hint::inference_precision(ov::element::f32));
    }
    auto compiled =
        core->compile_model(with_preprocessing(model, info.input), options.device, settings);
    return std::make_unique<OpenVinoEngine>(std::move(compiled), info.input, std::move(outputs));
  } catch (const std::exception& error) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("OpenVINO cannot compile the model {} for {}; check the sidecar's input, "
                    "or try --engine opencv.",
                    file, options.device),
        first_useful_line(error));
  }
}

}  // namespace vedette::media
