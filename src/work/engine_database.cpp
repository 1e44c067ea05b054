// The database thread: takes, renews and gives back leases, and writes what there is to see.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "base/process.hpp"
#include "work/engine.hpp"
#include "work/state_store.hpp"

namespace vedette::work {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// On SQLite every commit of another process is a hint to look; more often than this is no use.
constexpr auto kLookPause = milliseconds(20);
// Somebody was writing under a lease that has run out: try again when that may be over.
constexpr auto kLockedPause = milliseconds(50);

}  // namespace

void Supervisor::Engine::run_database() {
  set_thread_name("work database");
  while (true) {
    database_came_round_ = BootClock::now();
    const Time next = do_database_work();
    {
      const Lock lock(loops_mutex_);
      if (is_database_over_) break;
    }
    const Time now = BootClock::now();
    if (next > now) database_wakeup_.wait_for(next - now);
  }
  write_end();
}

Supervisor::Engine::Time Supervisor::Engine::do_database_work() {
  release_leases();
  if (BootClock::now() >= next_heartbeat_ || has_new_share_.exchange(false)) renew_leases();
  if (look_asked_ && BootClock::now() >= last_look_ + kLookPause) {
    look_asked_ = false;
    next_look_ = {};
  }
  if (BootClock::now() >= next_look_) look_for_leases();
  if (may_write_states() && has_unwritten_ && BootClock::now() >= next_write_) write_changes();

  Time next = std::min(next_heartbeat_, next_look_);
  if (look_asked_) next = std::min<Time>(next, last_look_ + kLookPause);
  if (may_write_states() && has_unwritten_) next = std::min(next, next_write_);
  return next;
}

std::vector<Supervisor::Engine::Held> Supervisor::Engine::held_leases(bool to_release) const {
  std::vector<Held> held;
  for (const auto& [name, loop] : loops_) {
    const bool is_over = !loop->is_wanted || loop->is_handed_over || loop->is_finished;
    const bool is_done = is_over && !loop->is_running;
    if (loop->token > 0 && is_done == to_release) held.push_back({loop, loop->token});
  }
  // All processes lock rows in the same order.
  std::ranges::sort(held, {}, [](const Held& one) { return one.loop->spec.lease; });
  return held;
}

void Supervisor::Engine::renew_leases() {
  std::vector<Held> held;
  std::map<std::string, int> share;
  {
    const Lock lock(loops_mutex_);
    held = held_leases(false);
    share = shares();
  }
  process_.resident_bytes = resident_bytes();
  const Time begun = BootClock::now();
  Time sent{};
  std::vector<bool> is_kept;
  const Result<void> outcome = database_.write(
      [&](db::Session& session) -> Result<void> {
        sent = BootClock::now();
        is_kept.clear();
        if (!is_introduced_) VEDETTE_CHECK(forget_old_processes(session));
        VEDETTE_CHECK(write_process(session, process_));
        if (share != announced_) VEDETTE_CHECK(write_shares(session, process_.id, share));
        for (const Held& one : held) {
          VEDETTE_TRY(kept, leases_.renew(session, one.loop->spec.lease, one.token));
          is_kept.push_back(kept);
        }
        return {};
      },
      {.stop = {}, .statement_timeout = options_.lease.ttl / 2, .is_urgent = true});
  const Time done = BootClock::now();
  const bool is_ok = note_write(outcome);

  const Lock lock(loops_mutex_);
  if (!is_ok) {
    ++counters_.renewals_failed;
    next_heartbeat_ = done + options_.lease.heartbeat() / 4;
    return;
  }
  announced_ = std::move(share);
  // After a long silence others may have forgotten this process.
  if (last_heartbeat_ + options_.lease.ttl < done) {
    for (const auto& [name, loop] : loops_) loop->written_version = 0;
    has_unwritten_ = true;
    announced_.clear();
  }
  is_introduced_ = true;
  last_heartbeat_ = done;
  next_heartbeat_ = begun + options_.lease.heartbeat() / (database_error_ ? 4 : 1);
  const double took_s = std::chrono::duration<double>(done - sent).count();
  ++counters_.renewals;
  counters_.last_renewal_s = took_s;
  counters_.longest_renewal_s = std::max(counters_.longest_renewal_s, took_s);
  for (std::size_t i = 0; i < held.size(); ++i) {
    Loop& loop = *held[i].loop;
    if (loop.token != held[i].token) continue;  // given up meanwhile
    if (is_kept[i]) {
      loop.trusted_until = sent + options_.lease.own_life();
    } else {
      lose(loop, "another process has taken it over");
      time_wakeup_.raise();
    }
  }
}

void Supervisor::Engine::release_leases() {
  std::vector<Held> held;
  {
    const Lock lock(loops_mutex_);
    held = held_leases(true);
    for (Held& one : held) {
      one.loop->is_in_database = true;
      one.is_finished = one.loop->is_finished;
    }
  }
  if (held.empty()) return;
  const Result<void> outcome = database_.write(
      [&](db::Session& session) -> Result<void> {
        for (const Held& one : held) {
          const LoopSpec& spec = one.loop->spec;
          VEDETTE_CHECK(leases_.release(session, spec.lease, one.token,
                                        one.is_finished ? &spec.edition : nullptr));
        }
        return {};
      },
      {.stop = {}, .statement_timeout = options_.lease.ttl / 2, .is_urgent = true});
  note_write(outcome);
  {
    // When it could not be given back it runs out by itself.
    const Lock lock(loops_mutex_);
    for (const Held& one : held) {
      one.loop->is_in_database = false;
      one.loop->token = 0;
      if (std::exchange(one.loop->is_handed_over, false)) one.loop->given_up_at = BootClock::now();
    }
  }
  time_wakeup_.raise();
}

void Supervisor::Engine::claim_leases(const std::vector<LoopPtr>& candidates) {
  struct Try {
    std::string lease;
    std::string edition;
    std::optional<Sighting> sighting;
  };
  std::vector<Try> tries;
  bool is_shared = false;  // any of them
  {
    const Lock lock(loops_mutex_);
    for (const LoopPtr& loop : candidates) {
      tries.push_back({loop->spec.lease, loop->spec.edition, loop->sighting});
      is_shared = is_shared || !loop->spec.group.name.empty();
    }
  }
  Time sent{};
  std::vector<std::optional<Claim>> claims;
  const Result<void> outcome = database_.write(
      [&](db::Session& session) -> Result<void> {
        sent = BootClock::now();
        claims.clear();
        for (const Try& one : tries) {
          if (!one.sighting) VEDETTE_CHECK(leases_.introduce(session, one.lease));
          const bool is_behind = one.sighting && is_left_behind(*one.sighting, sent);
          VEDETTE_TRY(claim, leases_.claim(session, one.lease,
                                           is_behind ? &one.sighting->view : nullptr, one.edition));
          claims.push_back(std::move(claim));
        }
        // Whoever hands loops over goes on when it sees that the last one is taken.
        if (is_shared) session.notify(kLeaseChannel, {});
        return {};
      },
      {.stop = {}, .statement_timeout = options_.lease.ttl / 2, .is_urgent = true});
  const bool is_ok = note_write(outcome);

  const Lock lock(loops_mutex_);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    Loop& loop = *candidates[i];
    loop.is_in_database = false;
    if (!is_ok) continue;
    if (claims[i]) {
      take(loop, *claims[i], sent);
    } else {
      next_look_ = std::min<Time>(next_look_, BootClock::now() + kLockedPause);
    }
  }
}

void Supervisor::Engine::take(Loop& loop, const Claim& claim, Time sent) {
  loop.token = claim.token;
  loop.trusted_until = sent + options_.lease.own_life();
  loop.taken_at = sent;
  loop.sighting.reset();
  loop.free_since.reset();
  loop.no_room.clear();
  // Nobody wanted what was given up: no more of that for a while.
  if (loop.given_up_at) next_hand_over_ = sent + options_.lease.ttl;
  loop.given_up_at.reset();
  const bool is_own = claim.previous_holder == process_.id;
  loop.taken_over_from.clear();
  if (claim.previous_holder && !is_own && claim.previous_ended_at) {
    loop.taken_over_from =
        fmt::format("Taken over from {}, whose lease ran out at {}.", claim.previous_process,
                    to_rfc3339(floor_to(*claim.previous_ended_at, seconds(1))));
  } else if (!claim.previous_holder && !claim.previous_process.empty() &&
             claim.previous_process != process_.name) {
    loop.taken_over_from = fmt::format("Handed over by {}.", claim.previous_process);
  }
  log::info("work", "{}: holds its lease (attempt {}){}{}", loop.spec.name, loop.token,
            loop.taken_over_from.empty() ? "" : ": ", loop.taken_over_from);
}

void Supervisor::Engine::write_changes() {
  has_unwritten_ = false;
  std::vector<std::pair<LoopPtr, std::uint64_t>> written;
  std::vector<LoopStatus> states;
  std::vector<std::string> dropped;
  {
    const Lock lock(loops_mutex_);
    dropped = std::exchange(dropped_, {});
    for (const auto& [name, loop] : loops_) {
      const std::uint64_t version = loop->cell->version();
      if (version == loop->written_version) continue;
      written.emplace_back(loop, version);
      states.push_back(loop->cell->status());
    }
  }
  next_write_ = BootClock::now() + options_.write_every;
  if (states.empty() && dropped.empty()) return;
  const Result<void> outcome = database_.write(
      [&](db::Session& session) -> Result<void> {
        for (const std::string& name : dropped) {
          VEDETTE_CHECK(erase_state(session, process_.id, name));
        }
        return write_states(session, states);
      },
      {.stop = {}, .statement_timeout = options_.lease.ttl / 2});
  const bool is_ok = note_write(outcome);
  const Lock lock(loops_mutex_);
  if (is_ok) {
    for (const auto& [loop, version] : written) loop->written_version = version;
    return;
  }
  dropped_.insert(dropped_.end(), dropped.begin(), dropped.end());
  has_unwritten_ = true;
}

void Supervisor::Engine::write_end() {
  if (!is_introduced_ || is_database_away()) return;
  write_changes();
  const Result<void> outcome =
      database_.write([&](db::Session& session) { return write_stopped(session, process_.id); },
                      {.stop = {}, .statement_timeout = options_.lease.ttl / 2});
  note_write(outcome);
}

bool Supervisor::Engine::note_write(const Result<void>& outcome) {
  const Lock lock(loops_mutex_);
  if (!outcome) {
    note_failure(outcome.error());
    return false;
  }
  // Of a full disk one write may still find room for itself: two in a row are an end of the
  // trouble.
  if (database_error_ && ++good_writes_ >= 2) note_recovery();
  return true;
}

// That something can be read does not end a trouble with writing.
bool Supervisor::Engine::note_read(const Result<void>& outcome) {
  if (outcome) return true;
  const Lock lock(loops_mutex_);
  note_failure(outcome.error());
  return false;
}

void Supervisor::Engine::note_failure(const Error& error) {
  if (!database_error_) {
    unreachable_since_ = SystemClock().now();
    log::warn("work", "leases cannot be renewed or taken: {}{}{}", error.message,
              error.detail.empty() ? "" : " | ", error.detail);
  }
  database_error_ = error;
  good_writes_ = 0;
  // Whatever it was that failed: the next renewal tells.
  next_heartbeat_ =
      std::min<Time>(next_heartbeat_, BootClock::now() + options_.lease.heartbeat() / 4);
  time_wakeup_.raise();
}

void Supervisor::Engine::note_recovery() {
  database_error_.reset();
  log::info("work", "the database answers again");
  // What failed for want of the database, or waits long, need not wait any more.
  for (const auto& [name, loop] : loops_) {
    loop->next_attempt = {};
    loop->next_attempt_at.reset();
    loop->cell->wake();
  }
  time_wakeup_.raise();
}

bool Supervisor::Engine::is_database_away() const {
  const Lock lock(loops_mutex_);
  return database_error_.has_value();
}

bool Supervisor::Engine::may_write_states() const {
  const Lock lock(loops_mutex_);
  return is_introduced_ && (!database_error_ || good_writes_ > 0);
}

}  // namespace vedette::work
