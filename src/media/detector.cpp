#include "media/detector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <mutex>

#include "base/log.hpp"
#include "media/engine.hpp"
#include "media/fingerprint.hpp"
#include "media/letterbox.hpp"
#include "media/output_decoder.hpp"
#include "media/suppression.hpp"

namespace vedette::media {
namespace {

constexpr int kMaxThreads = 256;
// Inferences; about once in some seconds of a camera.
constexpr std::int64_t kCheckedEvery = 64;
constexpr int kMaxInFlight = 64;
constexpr std::uintmax_t kMaxModelBytes = std::uintmax_t{2} << 30;

// Counts inferences of all sessions of a detector. Thread-safe.
class InferenceMeter {
 public:
  void add(Micros took) {
    const double ms = static_cast<double>(took.count()) / 1000;
    const std::lock_guard lock(totals_mutex_);
    average_ms_ = count_ < kWindow ? (average_ms_ * static_cast<double>(count_) + ms) /
                                         static_cast<double>(count_ + 1)
                                   : average_ms_ + (ms - average_ms_) / kWindow;
    ++count_;
    total_s_ += ms / 1000;
  }

  void fill(DetectorFacts& facts) const {
    const std::lock_guard lock(totals_mutex_);
    facts.inferences = count_;
    facts.ms_per_inference = average_ms_;
    facts.inference_s = total_s_;
  }

 private:
  static constexpr int kWindow = 50;
  mutable std::mutex totals_mutex_;
  std::int64_t count_ = 0;
  double average_ms_ = 0;
  double total_s_ = 0;
};

// Which of the engine's outputs are the ones the layout speaks of.
struct OutputPlaces {
  std::size_t first = 0;   // the only one, or the boxes
  std::size_t scores = 0;  // ssd-raw
};

struct Shared {
  explicit Shared(const DetectorOptions& options) : fingerprint(options) {}

  Fingerprint fingerprint;
  ModelInfo info;
  DetectorFacts facts;
  Selection selection;
  Suppression suppression;
  OutputPlaces places;
  std::unique_ptr<Engine> engine;
  InferenceMeter meter;
};

class ModelSession final : public Session {
 public:
  explicit ModelSession(Shared& shared)
      : shared_(shared),
        letterbox_(shared.info.input),
        suppressor_(shared.suppression),
        ends_(static_cast<std::size_t>(shared.facts.threads)) {}

  Result<> add_requests(int count) {
    for (int i = 0; i < count; ++i) {
      VEDETTE_TRY(request, shared_.engine->new_request());
      slots_.push_back({.request = std::move(request), .placement = {}});
    }
    return {};
  }

  ~ModelSession() override {
    std::vector<Detection> unwanted;
    // A request under way writes into its own memory: wait before that goes.
    while (in_flight_ > 0) {
      (void)slots_[static_cast<std::size_t>(oldest_)].request->wait();
      advance();
    }
  }

  Result<> detect(const Frame& frame, std::vector<Detection>& into) override {
    into.clear();
    if (in_flight_ > 0) {
      return fail(ErrorCode::kInternal, "detect() was called while frames were in flight.");
    }
    auto& slot = slots_[static_cast<std::size_t>(oldest_)];
    VEDETTE_CHECK(put(frame, slot));
    VEDETTE_CHECK(slot.request->run());
    return decode(slot, into);
  }

  Result<> submit(const Frame& frame) override {
    if (in_flight_ == capacity()) {
      return fail(ErrorCode::kTooMany, "As many frames are in flight as the session has room for.");
    }
    auto& slot = slots_[static_cast<std::size_t>((oldest_ + in_flight_) % capacity())];
    VEDETTE_CHECK(put(frame, slot));
    VEDETTE_CHECK(slot.request->start());
    ++in_flight_;
    return {};
  }

  Result<> collect(std::vector<Detection>& into) override {
    into.clear();
    if (in_flight_ == 0) {
      return fail(ErrorCode::kInternal, "collect() was called without a frame in flight.");
    }
    auto& slot = slots_[static_cast<std::size_t>(oldest_)];
    advance();
    VEDETTE_CHECK(slot.request->wait());
    return decode(slot, into);
  }

  bool is_ready() const override {
    return in_flight_ > 0 && slots_[static_cast<std::size_t>(oldest_)].request->is_ready();
  }
  int in_flight() const override { return in_flight_; }
  int capacity() const override { return static_cast<int>(slots_.size()); }
  const ModelInfo& model() const override { return shared_.info; }
  DetectorFacts facts() const override {
    auto facts = shared_.facts;
    meter_.fill(facts);
    return facts;
  }
  Result<std::string> fingerprint() const override {
    return shared_.fingerprint.get(shared_.info, shared_.facts);
  }

 private:
  struct Slot {
    std::unique_ptr<Request> request;
    Placement placement;
  };

  void advance() {
    oldest_ = (oldest_ + 1) % capacity();
    --in_flight_;
  }

  Result<> put(const Frame& frame, Slot& slot) {
    if (!frame.picture)
      return fail(ErrorCode::kInternal, "A frame without a picture was submitted.");
    VEDETTE_TRY(placement, letterbox_.place(*frame.picture, slot.request->input()));
    slot.placement = placement;
    return {};
  }

  // A request that waits for one of the engine's threads is not working yet: it began when the
  // one so many before it ended, if that was later than its start.
  Micros working_time(const Instants& span) {
    auto& freed = ends_[next_end_];
    const auto began = std::max(span.started, freed);
    freed = span.ended;
    next_end_ = (next_end_ + 1) % ends_.size();
    return std::chrono::duration_cast<Micros>(span.ended - began);
  }

  Result<> decode(const Slot& slot, std::vector<Detection>& into) {
    const auto took = working_time(slot.request->span());
    meter_.add(took);
    shared_.meter.add(took);
    const auto& input = shared_.info.input;
    const auto first = slot.request->output(shared_.places.first);
    if (decoded_++ % kCheckedEvery == 0) VEDETTE_CHECK(check(first));
    switch (shared_.info.layout) {
      case OutputLayout::kYolox:
        VEDETTE_CHECK(decode_yolox(first, input.width, input.height, shared_.selection,
                                   slot.placement, into));
        break;
      case OutputLayout::kSsdDetections:
        VEDETTE_CHECK(decode_ssd_detections(first, input.width, input.height, shared_.selection,
                                            slot.placement, into));
        break;
      case OutputLayout::kSsdRaw:
        VEDETTE_CHECK(decode_ssd_raw(first, slot.request->output(shared_.places.scores),
                                     shared_.info.boxes_y_first, input.width, input.height,
                                     shared_.selection, slot.placement, into));
        break;
      case OutputLayout::kMotion:
        return fail(ErrorCode::kInternal, "The motion layout has no model.");
    }
    suppressor_.apply(into);
    return {};
  }

  // Whether the numbers make sense at all, now and then: a wrong export counts nothing, and would
  // not say why.
  Result<> check(const Tensor& first) const {
    const auto& info = shared_.info;
    switch (info.layout) {
      case OutputLayout::kYolox:
        return check_yolox(first, info.input.width, info.input.height, info.labels.size());
      case OutputLayout::kSsdDetections:
        return check_ssd_detections(first);
      case OutputLayout::kSsdRaw:
        return check_ssd_raw(first);
      case OutputLayout::kMotion:
        break;
    }
    return {};
  }

  Shared& shared_;
  std::int64_t decoded_ = 0;
  Letterbox letterbox_;
  Suppressor suppressor_;
  InferenceMeter meter_;
  std::vector<Slot> slots_;
  std::vector<std::chrono::steady_clock::time_point> ends_;  // of the last inferences, one a thread
  std::size_t next_end_ = 0;
  int oldest_ = 0;
  int in_flight_ = 0;
};

class ModelDetector final : public Detector {
 public:
  explicit ModelDetector(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Result<std::unique_ptr<Session>> new_session(int in_flight) override {
    if (in_flight <= 0) in_flight = shared_->facts.threads + 1;
    auto session = std::make_unique<ModelSession>(*shared_);
    VEDETTE_CHECK(session->add_requests(std::min(in_flight, kMaxInFlight)));
    return session;
  }

  const ModelInfo& model() const override { return shared_->info; }
  DetectorFacts facts() const override {
    auto facts = shared_->facts;
    shared_->meter.fill(facts);
    return facts;
  }

 private:
  std::unique_ptr<Shared> shared_;
};

Result<> check_model_file(const std::filesystem::path& model) {
  const auto shown = model.string();
  std::error_code problem;
  const auto status = std::filesystem::status(model, problem);
  if (model.empty() || !std::filesystem::exists(status)) {
    return fail(ErrorCode::kNotFound,
                fmt::format("There is no model file {}; check the path.", shown));
  }
  if (!std::filesystem::is_regular_file(status)) {
    return fail(ErrorCode::kInvalid, fmt::format("{} is not a file; name a model file.", shown));
  }
  const auto size = std::filesystem::file_size(model, problem);
  if (problem || size == 0) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("The model {} is empty or cannot be read; fetch it again.", shown));
  }
  if (size > kMaxModelBytes) {
    return fail(ErrorCode::kTooLarge, fmt::format("The model {} is larger than 2 GiB.", shown));
  }
  if (model.extension() == ".xml") {
    auto weights = model;
    weights.replace_extension(".bin");
    if (!std::filesystem::exists(weights, problem)) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("The model {} lacks its weights; put {} next to it.", shown,
                              weights.filename().string()));
    }
  }
  return {};
}

Result<Selection> select(const DetectorOptions& options, const ModelInfo& info) {
  Selection selection;
  selection.score_threshold = std::clamp(options.score_threshold, 0.001F, 1.0F);
  for (const auto& label : info.labels) {
    const bool is_wanted = !label.type.empty() &&
                           (options.types.empty() ||
                            std::ranges::find(options.types, label.type) != options.types.end());
    selection.wanted.push_back(is_wanted ? 1 : 0);
  }
  if (std::ranges::find(selection.wanted, 1) == selection.wanted.end()) {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("The model {} knows none of the types asked for; ask for others or take "
                    "another model.",
                    info.name));
  }
  return selection;
}

Result<OutputPlaces> find_outputs(const Engine& engine, const ModelInfo& info) {
  const auto& outputs = engine.outputs();
  const auto named = [&](const std::string& wanted) {
    return static_cast<std::size_t>(std::ranges::find(outputs, wanted, &Engine::Output::name) -
                                    outputs.begin());
  };
  if (info.layout != OutputLayout::kSsdRaw) {
    if (outputs.size() == 1) return OutputPlaces{};
    return fail(ErrorCode::kUnsupported,
                fmt::format("The model {} has {} outputs, but the layout {} has one; correct the "
                            "layout in the sidecar (known: yolox, ssd-detections, ssd-raw).",
                            info.name, outputs.size(), name(info.layout)));
  }
  OutputPlaces places{.first = named(info.boxes_output), .scores = named(info.scores_output)};
  if (outputs.size() == 2 && info.boxes_output.empty() && info.scores_output.empty()) {
    const auto is_boxes = [](const Engine::Output& output) {
      return !output.shape.empty() && output.shape.back() == 4;
    };
    places.first = is_boxes(outputs[0]) ? 0 : 1;
    places.scores = 1 - places.first;
  }
  if (places.first >= outputs.size() || places.scores >= outputs.size()) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("The model {} has no outputs by the names the sidecar gives; correct "
                            "outputs.boxes and outputs.scores.",
                            info.name));
  }
  return places;
}

Result<std::unique_ptr<Engine>> open_engine(const DetectorOptions& options, const ModelInfo& info) {
  const EngineOptions engine{.model = options.model,
                             .threads = std::clamp(options.threads, 1, kMaxThreads),
                             .precision = options.precision,
                             .device = options.device,
                             .cache_dir = options.cache_dir};
  if (options.engine == "opencv") return open_opencv(engine, info);
  if (options.engine != "openvino" && options.engine != "auto") {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("\"{}\" is not an engine; use auto, openvino or opencv.", options.engine));
  }
  auto opened = open_openvino(engine, info);
  const bool is_absent = !opened && opened.error().code == ErrorCode::kUnavailable;
  if (options.engine == "auto" && is_absent && options.device == "CPU") {
    log::warn("detector", "{} The model runs on OpenCV instead.", opened.error().message);
    return open_opencv(engine, info);
  }
  return opened;
}

}  // namespace

Result<std::unique_ptr<Detector>> Detector::open(const DetectorOptions& options) {
  if (options.precision != "f32" && options.precision != "auto") {
    return fail(ErrorCode::kInvalid,
                fmt::format("\"{}\" is not a precision; use f32 or auto.", options.precision));
  }
  VEDETTE_CHECK(check_model_file(options.model));
  auto shared = std::make_unique<Shared>(options);
  VEDETTE_TRY(info, find_model_info(options.model));
  shared->info = std::move(info);
  VEDETTE_TRY(selection, select(options, shared->info));
  shared->selection = std::move(selection);
  shared->suppression = options.suppression;
  VEDETTE_TRY(engine, open_engine(options, shared->info));
  shared->engine = std::move(engine);
  VEDETTE_TRY(places, find_outputs(*shared->engine, shared->info));
  shared->places = places;
  shared->facts = {.model = shared->info.name,
                   .engine = shared->engine->name(),
                   .precision = shared->engine->precision(),
                   .device = options.device,
                   .threads = std::clamp(options.threads, 1, kMaxThreads)};
  // One run on an empty picture: it warms the engine up, and outputs that do not fit the layout
  // show here and not at the first frame.
  auto detector = std::make_unique<ModelDetector>(std::move(shared));
  VEDETTE_TRY(session, detector->new_session(1));
  Image grey(64, 64);
  grey.fill(114, 114, 114);
  VEDETTE_TRY(frame, make_frame(grey, 0, Micros{0}));
  std::vector<Detection> boxes;
  VEDETTE_CHECK(session->detect(frame, boxes));
  return detector;
}

}  // namespace vedette::media
