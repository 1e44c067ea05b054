#include "traffic/live_view.hpp"

#include <fmt/format.h>

#include <array>
#include <condition_variable>
#include <utility>

#include "base/log.hpp"
#include "base/process.hpp"
#include "media/draw.hpp"
#include "media/jpeg.hpp"

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

void draw_marks(media::Image& image, const Marks& marks, float scale) {
  for (const MarkedLine& marked : marks.lines) {
    const media::Point a{marked.line.a.x * scale, marked.line.a.y * scale};
    const media::Point b{marked.line.b.x * scale, marked.line.b.y * scale};
    const std::array<media::Point, 2> ends{a, b};
    media::draw_polyline(image, ends, kLine);
    media::draw_dot(image, a, kLine);
    media::draw_dot(image, b, kLine);
  }
  for (const MarkedBox& marked : marks.boxes) {
    const Colour colour = marked.is_parked ? kParked : colour_of(marked.type);
    const media::Point top_left{marked.box.x1 * scale, marked.box.y1 * scale};
    media::draw_box(image, top_left, {marked.box.x2 * scale, marked.box.y2 * scale}, colour);
    if (!marked.is_parked) {
      media::draw_label(image, top_left, fmt::format("{} {}", marked.type, marked.track), colour,
                        ink_on(colour));
    }
  }
  for (const MarkedLine& marked : marks.lines) {
    const media::Point middle{(marked.line.a.x + marked.line.b.x) / 2 * scale,
                              (marked.line.a.y + marked.line.b.y) / 2 * scale};
    media::draw_label(image, middle,
                      fmt::format("{} {}", marked.line.name, marked.a_to_b + marked.b_to_a), kBlack,
                      kLine);
  }
}

}  // namespace

Result<std::string> render_picture(const media::Frame& frame, const Marks* marks,
                                   const LiveOptions& options) {
  // Kept per thread: pictures of one camera have one size.
  thread_local media::JpegEncoder encoder;
  thread_local media::Image image;
  VEDETTE_CHECK(frame.to_bgr(image, options.max_width));
  if (marks != nullptr && frame.width() > 0) {
    draw_marks(image, *marks,
               static_cast<float>(image.width()) / static_cast<float>(frame.width()));
  }
  VEDETTE_TRY(bytes, encoder.encode(image, options.quality));
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void LiveView::offer(const media::Frame& frame, const Marks* marks) {
  {
    const std::lock_guard lock(newest_mutex_);
    newest_ = frame;
    if (marks == nullptr) return;
    marks_ = *marks;
    is_fresh_ = true;
  }
  if (wake_) wake_();
}

void LiveView::end() {
  const std::lock_guard lock(newest_mutex_);
  is_fresh_ = false;
  sink_.clear();
}

std::optional<media::Frame> LiveView::latest() const {
  const std::lock_guard lock(newest_mutex_);
  return newest_;
}

Marks LiveView::latest_marks() const {
  const std::lock_guard lock(newest_mutex_);
  return marks_;
}

LiveViews::LiveViews(LiveOptions options, std::function<PictureSink(std::string_view)> make_sink)
    : options_(options),
      make_sink_(std::move(make_sink)),
      drawer_([this](const std::stop_token& stop) { draw_until(stop); }) {}

LiveViews::~LiveViews() = default;

std::shared_ptr<LiveView> LiveViews::view(std::string_view camera_id) {
  const std::lock_guard lock(views_mutex_);
  const auto known = views_.find(camera_id);
  if (known != views_.end()) return known->second;
  auto made = std::make_shared<LiveView>(make_sink_(camera_id));
  made->wake_ = [this] {
    {
      const std::lock_guard wake_lock(wake_mutex_);
      is_woken_ = true;
    }
    wake_.notify_one();
  };
  views_.emplace(camera_id, made);
  return made;
}

std::shared_ptr<LiveView> LiveViews::find(std::string_view camera_id) const {
  const std::lock_guard lock(views_mutex_);
  const auto known = views_.find(camera_id);
  return known == views_.end() ? nullptr : known->second;
}

void LiveViews::draw_until(const std::stop_token& stop) {
  set_thread_name("live");
  const auto pause = std::chrono::microseconds(1'000'000 / std::max(1, options_.fps));
  std::vector<std::shared_ptr<LiveView>> views;
  std::string last_error;
  while (!stop.stop_requested()) {
    views.clear();
    {
      const std::lock_guard lock(views_mutex_);
      for (const auto& [id, view] : views_) views.push_back(view);
    }
    const auto now = std::chrono::steady_clock::now();
    auto next = now + std::chrono::seconds(60);
    for (const auto& view : views) {
      std::optional<media::Frame> frame;
      Marks marks;
      {
        const std::lock_guard lock(view->newest_mutex_);
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
      if (!view->is_watched()) continue;
      auto jpeg = render_picture(*frame, &marks, options_);
      if (jpeg) {
        view->sink_.publish(std::make_shared<const std::string>(std::move(*jpeg)));
      } else if (jpeg.error().message != last_error) {
        last_error = jpeg.error().message;
        log::warn("live", "{}", last_error);
      }
    }
    std::unique_lock lock(wake_mutex_);
    wake_.wait_until(lock, stop, next, [this] { return is_woken_; });
    is_woken_ = false;
  }
}

}  // namespace vedette::traffic
