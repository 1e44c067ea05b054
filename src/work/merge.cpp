// What all processes say about their loops, put together for one page.

#include <algorithm>
#include <span>
#include <tuple>
#include <utility>

#include "work/state_store.hpp"

namespace vedette::work {
namespace {

bool is_ended(const LoopStatus& loop) {
  return loop.state == LoopState::kStopped || loop.state == LoopState::kStopping;
}

// The best witness of a leased loop first: a living holder (the newest, by token), then a living
// process that wants the lease, then one that stopped it, then the last words of the silent.
auto rank(const LoopStatus& loop) {
  const bool is_living_holder = !loop.is_stale && loop.token > 0;
  return std::tuple(!is_living_holder, loop.is_stale, is_ended(loop), -loop.token,
                    -to_micros(loop.since));
}

LoopStatus merge_one(std::span<LoopStatus> witnesses) {
  std::sort(witnesses.begin(), witnesses.end(),
            [](const LoopStatus& a, const LoopStatus& b) { return rank(a) < rank(b); });
  LoopStatus best = std::move(witnesses.front());
  for (LoopStatus& other : witnesses.subspan(1)) {
    best.restarts_today += other.restarts_today;
    // A process that has just taken over has had no success yet; the loop has.
    if (other.last_success_at > best.last_success_at) {
      best.last_success_at = other.last_success_at;
      best.last_took = other.last_took;
    }
    if (other.last_error_at > best.last_error_at) {
      best.last_error_at = other.last_error_at;
      best.last_error = std::move(other.last_error);
    }
    if (!other.is_stale && !is_ended(other)) best.standbys.push_back(std::move(other.process));
  }
  std::sort(best.standbys.begin(), best.standbys.end());
  return best;
}

// Whether its lease keeps it to one process. One that names its process (kWorkerLease) is nobody
// else's: each process has such a loop.
bool is_for_one(const LoopStatus& loop) {
  const bool names_its_process = !loop.process_id.empty() && loop.lease.ends_with(loop.process_id);
  return !loop.lease.empty() && !names_its_process;
}

// Of a loop without a lease each living process has its own; when none lives, the last word counts.
void append_living(std::span<LoopStatus> group, std::vector<LoopStatus>& merged) {
  const std::size_t before = merged.size();
  for (LoopStatus& loop : group) {
    if (!loop.is_stale && !is_ended(loop)) merged.push_back(std::move(loop));
  }
  if (merged.size() > before) return;
  merged.push_back(std::move(*std::ranges::max_element(group, {}, &LoopStatus::since)));
}

}  // namespace

std::vector<LoopStatus> merge(std::vector<LoopStatus> rows) {
  std::sort(rows.begin(), rows.end(), [](const LoopStatus& a, const LoopStatus& b) {
    return std::tie(a.name, a.process) < std::tie(b.name, b.process);
  });
  std::vector<LoopStatus> merged;
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = begin;
    while (end < rows.size() && rows[end].name == rows[begin].name) ++end;
    const std::span<LoopStatus> group(rows.data() + begin, end - begin);
    if (std::ranges::any_of(group, is_for_one)) {
      merged.push_back(merge_one(group));
    } else {
      append_living(group, merged);
    }
    begin = end;
  }
  return merged;
}

}  // namespace vedette::work
