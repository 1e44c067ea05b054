#include "work/fair_share.hpp"

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace vedette::work {

std::vector<int> fair_shares(std::span<const Sharer> sharers, int loops) {
  std::vector<int> shares(sharers.size(), 0);
  std::vector<std::size_t> open;  // those below their most
  for (std::size_t i = 0; i < sharers.size(); ++i) {
    if (sharers[i].most > 0) open.push_back(i);
  }
  // All open ones stand at the same level. Each round lifts it until the loops or somebody's room
  // run out.
  int level = 0;
  while (!open.empty() && loops >= static_cast<int>(open.size())) {
    int lift = loops / static_cast<int>(open.size());
    for (const std::size_t i : open) lift = std::min(lift, sharers[i].most - level);
    level += lift;
    loops -= lift * static_cast<int>(open.size());
    for (const std::size_t i : open) shares[i] = level;
    std::erase_if(open, [&](std::size_t i) { return sharers[i].most == level; });
  }
  std::ranges::sort(open, {}, [&](std::size_t i) {
    return std::tuple(-sharers[i].held, std::string_view(sharers[i].id));
  });
  for (const std::size_t i : open) {
    if (loops == 0) break;
    ++shares[i];
    --loops;
  }
  return shares;
}

}  // namespace vedette::work
