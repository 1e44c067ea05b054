#include "traffic/live_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <future>
#include <span>
#include <utility>

#include "base/log.hpp"
#include "base/process.hpp"
#include "media/draw.hpp"
#include "media/jpeg.hpp"
#include "work/cpu_pool.hpp"

namespace vedette::traffic {
namespace {

using media::Colour;

constexpr Colour kWhite{255, 255, 255};
constexpr Colour kBlack{0, 0, 0};
constexpr Colour kParked{154, 164, 172};
constexpr Colour kLine{240, 163, 94};

// The colours of the design tokens, told apart also by people who see few colours.
Colour colour_of(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, Colour>, 6> kColours{
      {{"car", {0, 114, 178}},
       {"truck", {213, 94, 0}},
       {"bus", {204, 121, 167}},
       {"motorcycle", {0, 158, 115}},
       {"bicycle", {230, 180, 34}},
       {"person", {86, 180, 233}}}};
  for (const auto& [name, colour] : kColours) {
    if (name == type) return colour;
  }
  return {0, 114, 178};
}

Colour ink_on(Colour fill) {
  const int luma = (299 * fill.red + 587 * fill.green + 114 * fill.blue) / 1000;
  return luma > 140 ? kBlack : kWhite;
}

std::optional<Box> cut_to(const Box& box, int width, int height) {
  const auto w = static_cast<float>(width);
  const auto h = static_cast<float>(height);
  const Box cut{std::clamp(box.x1, 0.0F, w), std::clamp(box.y1, 0.0F, h),
                std::clamp(box.x2, 0.0F, w), std::clamp(box.y2, 0.0F, h)};
  if (cut.width() < 1 || cut.height() < 1) return std::nullopt;
  return cut;
}

double tenth(float pixels) {
  return std::round(static_cast<double>(pixels) * 10) / 10;
}

void draw_marks(media::Image& image, const media::Frame& frame, const Marks& marks) {
  const float scale = static_cast<float>(image.width()) / static_cast<float>(frame.width());
  for (const CountingLine& line : marks.lines) {
    const media::Point a{line.a.x * scale, line.a.y * scale};
    const media::Point b{line.b.x * scale, line.b.y * scale};
    const std::array<media::Point, 2> ends{a, b};
    media::draw_polyline(image, ends, kLine);
    media::draw_dot(image, a, kLine);
    media::draw_dot(image, b, kLine);
  }
  for (const MarkedBox& marked : marks.boxes) {
    const auto box = cut_to(marked.box, frame.width(), frame.height());
    if (!box) continue;
    const Colour colour = marked.is_parked ? kParked : colour_of(marked.type);
    const media::Point top_left{box->x1 * scale, box->y1 * scale};
    media::draw_box(image, top_left, {box->x2 * scale, box->y2 * scale}, colour);
    if (!marked.is_parked) {
      media::draw_label(image, top_left, marked.type, colour, ink_on(colour));
    }
  }
  for (const CountingLine& line : marks.lines) {
    const media::Point middle{(line.a.x + line.b.x) / 2 * scale, (line.a.y + line.b.y) / 2 * scale};
    media::draw_label(image, middle, line.name, kBlack, kLine);
  }
}

LiveOptions snapshot_options() {
  return {.fps = 0, .quality = 88, .max_width = 0};
}

}  // namespace

std::string marks_json(const Marks& marks, int width, int height) {
  std::string boxes;
  for (const MarkedBox& marked : marks.boxes) {
    const auto box = cut_to(marked.box, width, height);
    if (!box) continue;
    // Types are words of the models' sidecars: letters.
    std::string one =
        fmt::format(R"({}{{"x":{},"y":{},"w":{},"h":{},"id":{},"type":"{}","parked":{}}})",
                    boxes.empty() ? "" : ",", tenth(box->x1), tenth(box->y1), tenth(box->width()),
                    tenth(box->height()), marked.track, marked.type, marked.is_parked);
    if (boxes.size() + one.size() > media::kMostJpegComment - 200) break;
    boxes += one;
  }
  return fmt::format(R"({{"v":1,"t":"{}","w":{},"h":{},"boxes":[{}]}})", to_rfc3339(marks.at),
                     width, height, boxes);
}

Result<std::string> render_picture(const media::Frame& frame, const Marks& marks, Variant variant,
                                   const LiveOptions& options) {
  // Kept per thread: pictures of one camera have one size.
  thread_local media::JpegEncoder encoder;
  thread_local media::Image image;
  std::span<const std::uint8_t> bytes;
  const bool is_shrunk = options.max_width > 0 && frame.width() > options.max_width;
  if (variant == Variant::kClean && !is_shrunk) {
    VEDETTE_TRY(encoded, encoder.encode(frame, options.quality));
    bytes = encoded;
  } else {
    VEDETTE_CHECK(frame.to_bgr(image, options.max_width));
    if (variant == Variant::kAnnotated && frame.width() > 0) draw_marks(image, frame, marks);
    VEDETTE_TRY(encoded, encoder.encode(image, options.quality));
    bytes = encoded;
  }
  return media::with_jpeg_comment(bytes, marks_json(marks, frame.width(), frame.height()));
}

void LiveView::offer(const media::Frame& frame, const Marks& marks) {
  {
    const Lock lock(newest_mutex_);
    newest_ = frame;
    marks_ = marks;
    is_fresh_ = true;
  }
  if (wake_ && is_looked_at()) wake_();
}

bool LiveView::is_looked_at() const {
  return std::ranges::any_of(kVariants, [&](Variant v) { return sink_.viewers(v) > 0; });
}

void LiveView::end() {
  const Lock lock(newest_mutex_);
  newest_.reset();
  marks_ = {};
  is_fresh_ = false;
  sink_.clear();
}

Result<std::optional<std::string>> LiveView::snapshot(Variant variant) const {
  std::optional<media::Frame> frame;
  Marks marks;
  {
    const Lock lock(newest_mutex_);
    if (!newest_) return std::nullopt;
    frame = newest_;
    marks = marks_;
  }
  std::string jpeg;
  VEDETTE_CHECK(cpu_.run(camera_id_, {}, [&](const std::stop_token&) -> Result<void> {
    VEDETTE_TRY(rendered, render_picture(*frame, marks, variant, snapshot_options()));
    jpeg = std::move(rendered);
    return {};
  }));
  return std::optional(std::move(jpeg));
}

LiveViews::LiveViews(LiveOptions options, work::CpuPool& cpu,
                     std::function<PictureSink(std::string_view)> make_sink)
    : options_(options),
      cpu_(cpu),
      make_sink_(std::move(make_sink)),
      encoder_([this](const std::stop_token& stop) { encode_until(stop); }) {}

LiveViews::~LiveViews() = default;

std::shared_ptr<LiveView> LiveViews::view(std::string_view camera_id) {
  const Lock lock(views_mutex_);
  const auto known = views_.find(camera_id);
  if (known != views_.end()) return known->second;
  auto made = std::make_shared<LiveView>(std::string(camera_id), make_sink_(camera_id), cpu_);
  made->wake_ = [this] {
    {
      const Lock wake_lock(wake_mutex_);
      is_woken_ = true;
    }
    wake_.notify_one();
  };
  views_.emplace(camera_id, made);
  return made;
}

std::shared_ptr<LiveView> LiveViews::find(std::string_view camera_id) const {
  const Lock lock(views_mutex_);
  const auto known = views_.find(camera_id);
  return known == views_.end() ? nullptr : known->second;
}

void LiveViews::close(std::string_view camera_id) {
  std::shared_ptr<LiveView> gone;
  {
    const Lock lock(views_mutex_);
    const auto known = views_.find(camera_id);
    if (known == views_.end()) return;
    gone = std::move(known->second);
    views_.erase(known);
  }
  gone->end();
}

void LiveViews::encode_until(const std::stop_token& stop) {
  set_thread_name("live");
  const auto pause = std::chrono::microseconds(1'000'000 / std::max(1, options_.fps));
  std::string last_error;
  while (!stop.stop_requested()) {
    std::vector<std::shared_ptr<LiveView>> views;
    {
      const Lock lock(views_mutex_);
      for (const auto& [id, view] : views_) views.push_back(view);
    }
    const auto now = std::chrono::steady_clock::now();
    auto next = now + std::chrono::seconds(60);
    std::vector<std::future<Result<void>>> under_way;
    for (const auto& view : views) {
      if (!view->is_looked_at()) continue;
      std::optional<media::Frame> frame;
      Marks marks;
      {
        const Lock lock(view->newest_mutex_);
        if (!view->is_fresh_) continue;
        if (now < view->drawn_at_ + pause) {
          next = std::min(next, view->drawn_at_ + pause);
          continue;
        }
        frame = view->newest_;
        marks = view->marks_;
        view->is_fresh_ = false;
        view->drawn_at_ = now;
      }
      under_way.push_back(
          cpu_.submit(view->camera_id_, stop,
                      [this, view, frame = std::move(*frame), marks = std::move(marks)](
                          const std::stop_token&) { return encode(*view, frame, marks); }));
    }
    views.clear();
    // Pictures that come meanwhile take the place of those that were not taken yet.
    for (auto& picture : under_way) {
      const Result<void> encoded = picture.get();
      if (encoded || encoded.error().code == ErrorCode::kCancelled) continue;
      if (encoded.error().message == last_error) continue;
      last_error = encoded.error().message;
      log::warn("live", "{}", last_error);
    }
    Lock lock(wake_mutex_);
    wake_.wait_until(lock, stop, next,
                     [this]() VEDETTE_REQUIRES(wake_mutex_) { return is_woken_; });
    is_woken_ = false;
  }
}

Result<void> LiveViews::encode(const LiveView& view, const media::Frame& frame,
                               const Marks& marks) const {
  for (const Variant variant : kVariants) {
    if (view.sink_.viewers(variant) == 0) continue;
    VEDETTE_TRY(jpeg, render_picture(frame, marks, variant, options_));
    view.sink_.publish(variant, std::make_shared<const std::string>(std::move(jpeg)));
  }
  return {};
}

}  // namespace vedette::traffic
