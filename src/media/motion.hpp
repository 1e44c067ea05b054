// Boxes around what moves, for cameras without a model and for straight-down views that models do
// not know. Background subtraction; every box is of type "moving". A Session like a model's: one
// camera, one thread.
#pragma once

#include <memory>

#include "media/detector.hpp"

namespace vedette::media {

struct MotionOptions {
  /// Pictures are looked at no wider than this.
  int work_width = 384;
  /// Smallest box, as a share of the picture's area.
  double min_area = 0.002;
  /// A change of more than this share of the picture at once is light, not motion: nothing is
  /// reported until it settled.
  double max_changed = 0.6;
  /// How long something must stand still to become background.
  double memory_s = 5;
  /// Frames a second, for memory_s; 0: taken from the frames' times.
  double fps = 0;
};

/// The class id and label list of the motion detector: one label "moving object", type "moving".
const ModelInfo& motion_model();

std::unique_ptr<Session> new_motion_session(const MotionOptions& options = {});

}  // namespace vedette::media
