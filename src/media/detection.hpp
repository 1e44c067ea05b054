// What a detector says about one picture. Pixels only: lines, tracks and speeds are made of these
// elsewhere.
#pragma once

namespace vedette::media {

struct Detection {
  /// Corners in pixels of the full picture, 0 <= x1 < x2 <= width, 0 <= y1 < y2 <= height.
  float x1 = 0;
  float y1 = 0;
  float x2 = 0;
  float y2 = 0;
  /// 0 to 1.
  float score = 0;
  /// Index into ModelInfo::labels.
  int class_id = 0;
};

}  // namespace vedette::media
