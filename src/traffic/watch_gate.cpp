#include "traffic/watch_gate.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace vedette::traffic {

bool WatchGate::has_changed(const media::Frame& frame) {
  if (!frame.to_bgr(small_, options_.work_width)) {
    forget();
    return true;
  }
  const int across = std::max(1, small_.width() / options_.block);
  const int down = std::max(1, small_.height() / options_.block);
  fresh_.assign(static_cast<std::size_t>(across) * static_cast<std::size_t>(down), 0.0F);
  for (int y = 0; y < std::min(small_.height(), down * options_.block); ++y) {
    const std::uint8_t* row = small_.row(y);
    float* blocks = fresh_.data() + static_cast<std::ptrdiff_t>(y / options_.block) * across;
    for (int x = 0; x < std::min(small_.width(), across * options_.block); ++x) {
      // Green carries most of the light.
      blocks[x / options_.block] += static_cast<float>(row[3 * x + 1]);
    }
  }
  const float share = 1 / static_cast<float>(options_.block * options_.block);
  bool is_other = fresh_.size() != means_.size();
  for (std::size_t i = 0; i < fresh_.size(); ++i) {
    fresh_[i] *= share;
    is_other = is_other || std::abs(fresh_[i] - means_[i]) > options_.change;
  }
  if (is_other) means_.swap(fresh_);
  return is_other;
}

}  // namespace vedette::traffic
