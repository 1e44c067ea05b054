// What runs a network: OpenVINO or OpenCV DNN. An Engine is one compiled model, thread-safe; a
// Request is a place for one picture under way, for one thread at a time. Pictures go in as bytes,
// height x width x BGR; colour order, mean, scale and layout are the engine's work, since OpenVINO
// folds them into the network. Only inside src/media.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "media/model_info.hpp"
#include "media/tensor.hpp"

namespace vedette::media {

struct EngineOptions {
  std::filesystem::path model;
  int threads = 1;
  std::string precision = "f32";
  std::string device = "CPU";
  std::filesystem::path cache_dir;
};

struct Instants {
  std::chrono::steady_clock::time_point started;
  std::chrono::steady_clock::time_point ended;
};

class Request {
 public:
  virtual ~Request() = default;

  /// height * width * 3 bytes to fill before run() or start().
  virtual std::span<std::uint8_t> input() = 0;

  /// Runs on this thread (and the engine's) until the outputs are there.
  virtual Result<> run() = 0;

  /// Starts and returns; then wait() once.
  virtual Result<> start() = 0;
  virtual Result<> wait() = 0;
  virtual bool is_ready() const = 0;

  /// Valid after run() or wait(), until the next start.
  virtual Tensor output(std::size_t index) const = 0;

  /// When the last inference was asked for and when its outputs were there.
  virtual Instants span() const = 0;
};

class Engine {
 public:
  struct Output {
    std::string name;
    /// 0 where it is not known before the first run.
    std::vector<std::size_t> shape;
  };

  virtual ~Engine() = default;
  virtual Result<std::unique_ptr<Request>> new_request() = 0;
  virtual const std::vector<Output>& outputs() const = 0;
  virtual std::string name() const = 0;
  virtual std::string precision() const = 0;
};

/// kUnavailable when OpenVINO or the device is not there; kCorrupt or kUnsupported when the model
/// is the reason.
Result<std::unique_ptr<Engine>> open_openvino(const EngineOptions& options, const ModelInfo& info);

Result<std::unique_ptr<Engine>> open_opencv(const EngineOptions& options, const ModelInfo& info);

}  // namespace vedette::media
