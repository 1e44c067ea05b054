// From frames to boxes. A Detector is one model loaded once; cameras share it, each through its own
// Session. The motion detector (media/motion.hpp) is a Session without a model. Detector is
// thread-safe; a Session belongs to one thread at a time and must not outlive its Detector.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "media/detection.hpp"
#include "media/frame.hpp"
#include "media/model_info.hpp"

namespace vedette::media {

/// How boxes on one object are reduced to one.
struct Suppression {
  /// A box goes when it overlaps a better one by more than this share of their union.
  float iou = 0.45F;
  /// A box goes when a better one covers it, or it covers the better one, by more than this share
  /// of the smaller (a box within a box); 1 switches it off.
  float covered = 0.85F;
  /// Compare boxes of the same class only. Off: a car and a truck box on one vehicle are one.
  bool per_class = false;
};

struct DetectorOptions {
  std::filesystem::path model;
  /// "auto" (OpenVINO, or OpenCV where it is absent), "openvino" or "opencv".
  std::string engine = "auto";
  /// Processor threads for inference. Each works on a frame of its own (one stream a thread), so
  /// that results do not depend on their number.
  int threads = 1;
  /// "f32": the same results on every processor; "auto": what the engine finds fastest (bf16 where
  /// the processor has it).
  std::string precision = "f32";
  /// OpenVINO device: CPU, GPU, NPU, AUTO.
  std::string device = "CPU";
  /// Boxes below are not reported.
  float score_threshold = 0.1F;
  Suppression suppression;
  /// Types to report, out of the model's; empty: all. Others are left out before suppression.
  std::vector<std::string> types;
  /// Where OpenVINO keeps compiled models, so that the next start is faster; empty: nowhere.
  std::filesystem::path cache_dir;
};

/// For pages, logs and the JSON of `watch`.
struct DetectorFacts {
  std::string model;      ///< the sidecar's name
  std::string engine;     ///< "openvino 2026.4.1", "opencv 4.6.0", "motion (opencv 4.6.0)"
  std::string precision;  ///< what the engine really uses: "f32", "bf16", ...
  std::string device;
  int threads = 0;
  std::int64_t inferences = 0;
  /// Time of one inference from its start to its end: a moving average over about 50, and the sum.
  double ms_per_inference = 0;
  double inference_s = 0;
};

/// One camera's way to the detector.
class Session {
 public:
  virtual ~Session() = default;

  /// Boxes of this frame, best score first, in `into` (cleared; reused). Blocks for one inference.
  /// Not while frames are in flight.
  virtual Result<> detect(const Frame& frame, std::vector<Detection>& into) = 0;

  /// Starts on a frame and returns at once; the frame is not kept. At most capacity() may be in
  /// flight: kTooMany beyond.
  virtual Result<> submit(const Frame& frame) = 0;

  /// Waits for the oldest frame in flight: its boxes in `into`. Order in = order out.
  virtual Result<> collect(std::vector<Detection>& into) = 0;

  /// Whether collect() would return without waiting.
  virtual bool is_ready() const = 0;

  virtual int in_flight() const = 0;
  virtual int capacity() const = 0;

  virtual const ModelInfo& model() const = 0;
  virtual DetectorFacts facts() const = 0;

  /// Sessions of one fingerprint say the same of the same frame, whichever came before it. Empty:
  /// no such promise (what moves is told by the frames before). May read the model's file once.
  virtual Result<std::string> fingerprint() const { return std::string(); }
};

class Detector {
 public:
  /// Reads, checks and compiles a model: 0.2 to 2 s and never on a start path. Errors are sentences
  /// with cause and remedy: no such file, no sidecar, corrupt model, outputs that do not fit the
  /// layout, engine or device that is not there.
  static Result<std::unique_ptr<Detector>> open(const DetectorOptions& options);

  virtual ~Detector() = default;

  /// A session that may have `in_flight` frames under way; 0: one more than the threads, which
  /// keeps every thread busy.
  virtual Result<std::unique_ptr<Session>> new_session(int in_flight = 0) = 0;

  virtual const ModelInfo& model() const = 0;
  virtual DetectorFacts facts() const = 0;
};

/// Whether this program was built with OpenVINO and its runtime can be loaded.
bool has_openvino();

}  // namespace vedette::media
