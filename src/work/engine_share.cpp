// The database thread's look at the leases: which are free, which of them are this process's to
// take, and which of its own another process should have.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "base/log.hpp"
#include "work/engine.hpp"
#include "work/fair_share.hpp"

namespace vedette::work {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// SQLite's clock has whole milliseconds.
constexpr auto kClockGrain = milliseconds(1);
constexpr Micros kLongestLookPause = seconds(1);
constexpr int kAnyNumber = 1'000'000;

}  // namespace

std::map<std::string, int> Supervisor::Engine::shares() const {
  std::map<std::string, int> shares;
  for (const auto& [name, loop] : loops_) {
    const LoopGroup& group = loop->spec.group;
    const bool is_shared = !group.name.empty() && !loop->spec.lease.empty();
    if (!is_shared || loop->is_forgotten || is_stopping_) continue;
    shares[group.name] = group.most_held > 0 ? group.most_held : kAnyNumber;
  }
  return shares;
}

std::vector<std::string> Supervisor::Engine::leases_to_look_for() const {
  std::vector<std::string> names;
  for (const auto& [name, loop] : loops_) {
    if (!loop->spec.lease.empty() && loop->is_wanted && !loop->is_finished && loop->token == 0) {
      names.push_back(loop->spec.lease);
    }
  }
  return names;
}

void Supervisor::Engine::look_for_leases() {
  last_look_ = BootClock::now();
  next_look_ = last_look_ + std::min(kLongestLookPause, options_.lease.heartbeat());
  std::vector<std::string> names;
  {
    const Lock lock(loops_mutex_);
    names = leases_to_look_for();
  }
  if (names.empty() && announced_.empty()) {
    next_look_ = Time::max();
    return;
  }
  std::vector<LeaseView> views;
  std::vector<Member> members;
  const Result<void> outcome = database_.read([&](db::Session& session) -> Result<void> {
    VEDETTE_TRY(found, LeaseStore::look(session, names));
    views = std::move(found);
    if (announced_.empty()) return {};
    // A member is silent for as long as its leases are unrenewed: both run out together.
    VEDETTE_TRY(living, read_members(session, options_.lease.row_life()));
    members = std::move(living);
    return {};
  });
  if (!note_read(outcome)) return;

  const std::vector<LoopPtr> candidates = see(views, members, BootClock::now());
  if (!candidates.empty()) claim_leases(candidates);
  hand_over(BootClock::now());
  time_wakeup_.raise();
}

std::vector<Supervisor::Engine::LoopPtr> Supervisor::Engine::see(
    const std::vector<LeaseView>& views, const std::vector<Member>& members, Time now) {
  std::map<std::string_view, const LeaseView*> by_name;
  for (const LeaseView& view : views) by_name.emplace(view.name, &view);
  standings_.clear();
  std::vector<LoopPtr> candidates;
  const Lock lock(loops_mutex_);
  for (const auto& [name, loop] : loops_) {
    if (loop->spec.lease.empty() || !loop->is_wanted || loop->is_finished) continue;
    const std::string& group = loop->spec.group.name;
    if (loop->token > 0) {
      if (group.empty()) continue;
      ++standings_[group].loops;
      if (!loop->is_handed_over) ++standings_[group].held[process_.id];
      continue;
    }
    const auto found = by_name.find(loop->spec.lease);
    const bool is_free = see_lease(*loop, found == by_name.end() ? nullptr : found->second, now);
    if (loop->is_finished) continue;
    if (group.empty()) {
      if (is_free && !loop->is_running) candidates.push_back(loop);
      continue;
    }
    Standing& standing = standings_[group];
    ++standing.loops;
    if (!is_free) {
      ++standing.held[*loop->sighting->view.holder];
    } else if (!loop->is_running) {
      standing.free.push_back(loop);
      standing.is_handing_over = standing.is_handing_over || loop->given_up_at;
    }
  }
  for (auto& [group, standing] : standings_) {
    share_out(group, standing, members);
    std::ranges::copy(choose(standing, now), std::back_inserter(candidates));
  }
  // All processes lock rows in the same order.
  std::ranges::sort(candidates, {}, [](const LoopPtr& loop) { return loop->spec.lease; });
  for (const LoopPtr& loop : candidates) loop->is_in_database = true;
  return candidates;
}

// Takes down what there is to see of a lease that this process does not hold; whether it is free.
bool Supervisor::Engine::see_lease(Loop& loop, const LeaseView* view, Time now) {
  if (view == nullptr) {
    loop.sighting.reset();
  } else {
    if (!loop.is_running && view->finished_edition == loop.spec.edition) {
      loop.is_finished = true;
      loop.finished_at = view->finished_at;
    }
    const bool is_same = loop.sighting && loop.sighting->view.token == view->token &&
                         loop.sighting->view.renewed_at == view->renewed_at;
    loop.sighting = Sighting{*view, is_same ? loop.sighting->first_seen : now};
  }
  if (!loop.sighting || is_free(*loop.sighting, now)) {
    if (!loop.free_since) loop.free_since = now;
    return true;
  }
  loop.free_since.reset();
  loop.outage.reset();  // somebody could write, then
  loop.given_up_at.reset();
  loop.no_room.clear();
  next_look_ = std::min<Time>(next_look_, now + view->left + kClockGrain);
  return false;
}

bool Supervisor::Engine::is_free(const Sighting& sighting, Time now) const {
  const LeaseView& view = sighting.view;
  return !view.holder || *view.holder == process_.id || view.left <= Micros::zero() ||
         is_left_behind(sighting, now);
}

bool Supervisor::Engine::is_left_behind(const Sighting& sighting, Time now) const {
  return sighting.view.is_in_future && now - sighting.first_seen > options_.lease.row_life();
}

void Supervisor::Engine::share_out(const std::string& group, Standing& standing,
                                   const std::vector<Member>& members) {
  std::vector<Sharer> sharers;
  std::vector<Micros> silences;
  standing.to_share = standing.loops;
  for (const auto& [holder, count] : standing.held) standing.to_share -= count;
  for (const Member& member : members) {
    if (member.group != group) continue;
    const auto held = standing.held.find(member.process_id);
    const int count = held == standing.held.end() ? 0 : held->second;
    sharers.push_back({.id = member.process_id, .most = member.most_held, .held = count});
    silences.push_back(member.silence);
    standing.room += member.most_held;
    standing.to_share += count;
  }
  standing.members = static_cast<int>(sharers.size());
  const std::vector<int> shares = fair_shares(sharers, standing.to_share);
  for (std::size_t i = 0; i < sharers.size(); ++i) {
    if (sharers[i].id == process_.id) {
      standing.is_member = true;
      standing.own_share = shares[i];
      standing.own_most = sharers[i].most;
    } else if (sharers[i].held < shares[i] && silences[i] <= options_.lease.heartbeat() * 5 / 2) {
      standing.short_of.push_back(sharers[i].id);
    }
  }
}

// The free loops that are this process's to take: its share at once, what others should have taken
// by now as well, as long as there is room.
std::vector<Supervisor::Engine::LoopPtr> Supervisor::Engine::choose(Standing& standing, Time now) {
  std::vector<LoopPtr> chosen;
  const Micros patience = options_.lease.heartbeat() * 3 / 2;
  int held = standing.held[process_.id];
  std::ranges::sort(standing.free, {}, [](const LoopPtr& loop) { return loop->spec.lease; });
  for (const LoopPtr& loop : standing.free) {
    const bool is_overdue = now - *loop->free_since > patience;
    const bool is_ours = standing.is_member && !loop->given_up_at && held < standing.own_share;
    const bool is_left = standing.is_member && is_overdue && held < standing.own_most;
    if (is_ours || is_left) {
      ++held;
      chosen.push_back(loop);
    } else if (is_overdue && standing.to_share > standing.room && standing.is_member) {
      loop->no_room =
          standing.members == 1
              ? fmt::format(
                    "The only process that could run it is full: it holds {}, as many as it "
                    "may, of {}.",
                    standing.room, standing.to_share)
              : fmt::format(
                    "All {} processes that could run it are full: together they hold {}, as "
                    "many as they may, of {}.",
                    standing.members, standing.room, standing.to_share);
    } else {
      next_look_ = std::min<Time>(next_look_, *loop->free_since + patience + kClockGrain);
    }
  }
  standing.held[process_.id] = held;
  standing.free.clear();
  return chosen;
}

// Gives up one loop of a group of which this process holds more than its share, to a process that
// holds less and stands by for it. One at a time: the next when this one is taken.
void Supervisor::Engine::hand_over(Time now) {
  if (now < next_hand_over_) return;
  for (const auto& [group, standing] : standings_) {
    const auto held = standing.held.find(process_.id);
    const bool has_too_many =
        standing.is_member && held != standing.held.end() && held->second > standing.own_share;
    if (!has_too_many || standing.short_of.empty() || standing.is_handing_over) continue;
    std::vector<std::string> awaited;
    const Result<void> outcome = database_.read([&](db::Session& session) -> Result<void> {
      VEDETTE_TRY(names, read_standbys(session, standing.short_of));
      awaited = std::move(names);
      return {};
    });
    if (!note_read(outcome)) return;

    const Lock lock(loops_mutex_);
    LoopPtr given;
    bool is_under_way = false;
    for (const auto& [name, loop] : loops_) {
      if (loop->spec.group.name != group || loop->token == 0) continue;
      is_under_way = is_under_way || loop->is_handed_over;
      // The one that was taken last has the least to lose.
      if (loop->is_wanted && !loop->is_finished &&
          std::ranges::find(awaited, name) != awaited.end() &&
          (!given || loop->taken_at > given->taken_at)) {
        given = loop;
      }
    }
    if (!given || is_under_way) continue;
    given->is_handed_over = true;
    log::info("work", "{}: is handed over to a process that has fewer", given->spec.name);
  }
}

}  // namespace vedette::work
