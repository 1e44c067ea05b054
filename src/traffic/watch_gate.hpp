// Spares the model: says whether a picture still shows what the last one shown to the model did.
// Works on a small copy, block by block, so that noise averages out and a small far car does not.
// One per camera, one thread.
#pragma once

#include <vector>

#include "media/frame.hpp"
#include "media/image.hpp"

namespace vedette::traffic {

struct WatchGateOptions {
  int work_width = 192;
  /// Pixels of the small copy along a block's side.
  int block = 6;
  /// A block has changed when its mean differs by more than this, of 255.
  float change = 4.0F;
};

class WatchGate {
 public:
  explicit WatchGate(const WatchGateOptions& options = {}) : options_(options) {}

  /// Whether any block of the picture differs from the one remembered; then this one is remembered.
  /// A picture that cannot be read has changed.
  bool has_changed(const media::Frame& frame);

  /// The next picture has changed, whatever it shows.
  void forget() { means_.clear(); }

 private:
  WatchGateOptions options_;
  media::Image small_;
  std::vector<float> means_;
  std::vector<float> fresh_;
};

}  // namespace vedette::traffic
