#include "traffic/zone_counter.hpp"

#include <algorithm>
#include <utility>

namespace vedette::traffic {

ZoneCounter::ZoneCounter(std::vector<Zone> zones, const ZoneCounterOptions& options)
    : zones_(std::move(zones)),
      options_(options),
      states_(zones_.size()),
      visits_(static_cast<std::size_t>(options.max_tracks) * zones_.size()) {}

void ZoneCounter::scale(float x, float y) {
  for (Zone& zone : zones_) {
    for (Point& corner : zone.corners) corner = {corner.x * x, corner.y * y};
  }
}

void ZoneCounter::reset() {
  std::ranges::fill(visits_, Visit{});
  for (ZoneState& state : states_) state.inside = 0;
}

void ZoneCounter::update(Micros time, std::span<const Track> tracks,
                         std::span<const char> is_wanted) {
  for (std::size_t z = 0; z < zones_.size(); ++z) {
    ZoneState& state = states_[z];
    state.inside = 0;
    for (const Track& track : tracks) {
      if (!track.is_confirmed || !is_wanted[static_cast<std::size_t>(track.type)]) continue;
      Visit& visit = visits_[static_cast<std::size_t>(track.slot) * zones_.size() + z];
      if (visit.track != track.id) visit = {.track = track.id};
      // Unseen for a moment, a road user is where it was last.
      const bool is_inside = track.is_observed ? contains(zones_[z], track.foot) : visit.is_inside;
      if (is_inside && !visit.is_inside) visit.since = time;
      visit.is_inside = is_inside;
      if (!is_inside) continue;
      ++state.inside;
      if (!visit.is_counted && to_seconds(time - visit.since) >= options_.stay_s) {
        visit.is_counted = true;
        ++state.entered;
      }
    }
    state.most_inside = std::max(state.most_inside, state.inside);
  }
}

}  // namespace vedette::traffic
