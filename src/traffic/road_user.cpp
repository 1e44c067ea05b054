#include "traffic/road_user.hpp"

namespace vedette::traffic {

TypeTable::TypeTable(std::span<const media::Label> labels) {
  of_class_.reserve(labels.size());
  for (const media::Label& label : labels) {
    if (label.type.empty()) {
      of_class_.push_back(-1);
      continue;
    }
    std::optional<int> type = find(label.type);
    if (!type) {
      if (size() < kMost) names_.push_back(label.type);
      type = size() - 1;
    }
    of_class_.push_back(*type);
  }
}

std::optional<int> TypeTable::find(std::string_view name) const {
  const auto at = std::ranges::find(names_, name);
  if (at == names_.end()) return std::nullopt;
  return static_cast<int>(at - names_.begin());
}

}  // namespace vedette::traffic
