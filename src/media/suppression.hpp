// Reduces boxes on one object to one, and cuts boxes to the picture. Keeps its buffers: one a
// session. Only inside src/media.
#pragma once

#include <vector>

#include "media/detector.hpp"

namespace vedette::media {

class Suppressor {
 public:
  explicit Suppressor(const Suppression& rule) : rule_(rule) {}

  /// Sorts `boxes` by score, best first (equal scores: as given), and removes those that the rule
  /// says lie on a better one. At most kMaxKept remain.
  void apply(std::vector<Detection>& boxes);

  static constexpr std::size_t kMaxKept = 500;
  /// More candidates than this are cut to the best ones first, so that a hostile or broken model
  /// cannot make this slow.
  static constexpr std::size_t kMaxCandidates = 4'000;

 private:
  Suppression rule_;
  std::vector<float> areas_;
};

/// Cuts the box to the picture. False when it is not a box: not finite, empty, or outside.
bool cut_to_picture(Detection& box, int width, int height);

}  // namespace vedette::media
