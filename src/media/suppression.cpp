#include "media/suppression.hpp"

#include <algorithm>
#include <cmath>

namespace vedette::media {
namespace {

float area(const Detection& box) {
  return (box.x2 - box.x1) * (box.y2 - box.y1);
}

float overlap(const Detection& a, const Detection& b) {
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  return width > 0 && height > 0 ? width * height : 0;
}

}  // namespace

void Suppressor::apply(std::vector<Detection>& boxes) {
  // Stable, and so the same on every machine. std::stable_sort would allocate.
  std::ranges::sort(boxes, [](const Detection& a, const Detection& b) {
    if (a.score != b.score) return a.score > b.score;
    if (a.y1 != b.y1) return a.y1 < b.y1;
    if (a.x1 != b.x1) return a.x1 < b.x1;
    if (a.y2 != b.y2) return a.y2 < b.y2;
    if (a.x2 != b.x2) return a.x2 < b.x2;
    return a.class_id < b.class_id;
  });
  if (boxes.size() > kMaxCandidates) boxes.resize(kMaxCandidates);
  areas_.clear();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < boxes.size() && kept < kMaxKept; ++i) {
    const Detection candidate = boxes[i];
    const float candidate_area = area(candidate);
    bool is_covered = false;
    for (std::size_t k = 0; k < kept && !is_covered; ++k) {
      if (rule_.per_class && boxes[k].class_id != candidate.class_id) continue;
      const float shared = overlap(boxes[k], candidate);
      if (shared <= 0) continue;
      const float united = areas_[k] + candidate_area - shared;
      const float smaller = std::min(areas_[k], candidate_area);
      is_covered =
          shared > rule_.iou * united || (rule_.covered < 1 && shared > rule_.covered * smaller);
    }
    if (is_covered) continue;
    boxes[kept++] = candidate;
    areas_.push_back(candidate_area);
  }
  boxes.resize(kept);
}

bool cut_to_picture(Detection& box, int width, int height) {
  if (!std::isfinite(box.x1) || !std::isfinite(box.y1) || !std::isfinite(box.x2) ||
      !std::isfinite(box.y2)) {
    return false;
  }
  box.x1 = std::clamp(box.x1, 0.0F, static_cast<float>(width));
  box.y1 = std::clamp(box.y1, 0.0F, static_cast<float>(height));
  box.x2 = std::clamp(box.x2, 0.0F, static_cast<float>(width));
  box.y2 = std::clamp(box.y2, 0.0F, static_cast<float>(height));
  return box.x2 > box.x1 && box.y2 > box.y1;
}

}  // namespace vedette::media
