// What a worker looks after besides its own jobs: work that others announced or left behind, what
// is due, periodic kinds.

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "work/worker_engine.hpp"

namespace vedette::work {
namespace {

using std::chrono::seconds;

constexpr auto kAfterFailure = seconds(2);
constexpr auto kInventoryEvery = seconds(60);
constexpr int kMostPromoted = 1'000;
// Of kinds that this program does not know.
constexpr int kMostCrashes = 3;

}  // namespace

db::WriteOptions Worker::Engine::patient(const LoopContext& loop) const {
  return {.stop = loop.stop_token(), .statement_timeout = options_.lease.ttl / 2};
}

void Worker::Engine::look(LoopContext& loop) {
  const Time begun = BootClock::now();
  last_look_ = begun;
  is_look_asked_ = false;
  is_outlook_short_ = false;
  // A dead worker's row is good for 0.7 of the lease: what is left is for finding it.
  next_look_ = begun + std::min(options_.poll, options_.lease.ttl * 3 / 20);
  std::vector<KindLook> looks;
  for (const auto& [name, kind] : kinds_) {
    if (!kind->is_run_here) continue;
    const Intake& intake = kind->one_by_one;
    const bool is_short = intake.is_slow && begun < intake.next_from_beginning;
    looks.push_back({name, is_short ? intake.from : JobPlace{}});
  }
  std::vector<LeaseView> leases;
  const Result<Outlook> outlook = database_.read(
      [&](db::Session& session) -> Result<Outlook> {
        VEDETTE_TRY(found, look_for_jobs(session, looks, fence_));
        VEDETTE_TRY(views, LeaseStore::look(session, found.workers));
        leases = std::move(views);
        return std::move(found);
      },
      {.stop = loop.stop_token()});
  if (!outlook) {
    if (!loop.stopping()) loop.failure(outlook.error());
    return;
  }
  const Time now = BootClock::now();
  last_look_took_ = now - begun;
  for (const std::string& name : outlook->ready) {
    const auto kind = kinds_.find(name);
    if (kind != kinds_.end()) kind->second->is_seen_ready = true;
  }
  next_promote_ =
      outlook->next_due ? now + std::max(*outlook->next_due, Micros::zero()) : Time::max();
  // One that joins is seen while its row is good, whenever it dies: until then there is no hurry.
  if (leases.empty()) next_look_ = begun + std::min(options_.poll, options_.lease.ttl / 2);
  rescue_the_dead(loop, leases);
}

void Worker::Engine::promote(LoopContext& loop) {
  std::vector<std::string> names;
  for (const auto& [name, kind] : kinds_) {
    if (kind->is_run_here) names.push_back(name);
  }
  const Result<std::int64_t> promoted = database_.write(
      [&](db::Session& session) { return promote_due(session, names, kMostPromoted); },
      patient(loop));
  if (!promoted) {
    next_promote_ = BootClock::now() + kAfterFailure;
    if (!loop.stopping()) loop.failure(promoted.error());
    return;
  }
  next_promote_ = Time::max();
  is_outlook_short_ = true;  // when is the next one?
  if (*promoted == 0) return;
  for (auto& [name, kind] : kinds_) kind->is_hinted = true;
}

void Worker::Engine::rescue_the_dead(LoopContext& loop, const std::vector<LeaseView>& leases) {
  const Time now = BootClock::now();
  std::erase_if(sightings_, [&](const auto& entry) {
    return std::ranges::find(leases, entry.first, &LeaseView::name) == leases.end();
  });
  for (const LeaseView& view : leases) {
    Sighting& sighting = sightings_.try_emplace(view.name, Sighting{view, now}).first->second;
    if (sighting.view.token != view.token || sighting.view.renewed_at != view.renewed_at) {
      sighting.first_seen = now;
    }
    sighting.view = view;
    if (is_dead(sighting, now)) rescue(loop, view);
  }
}

bool Worker::Engine::is_dead(const Sighting& sighting, Time now) const {
  const LeaseView& view = sighting.view;
  return !view.holder || view.left <= Micros::zero() ||
         (view.is_in_future && now - sighting.first_seen > options_.lease.row_life());
}

void Worker::Engine::rescue(LoopContext& loop, const LeaseView& dead) {
  std::vector<std::pair<std::string, int>> most_crashes;
  for (const auto& [name, kind] : kinds_) most_crashes.emplace_back(name, kind->spec.most_crashes);
  std::string process;
  const Result<std::optional<Rescued>> rescued = database_.write(
      [&](db::Session& session) -> Result<std::optional<Rescued>> {
        // Nobody writes under it any more, and its holder takes nothing: the lease is ours.
        VEDETTE_TRY(claim, leases_.claim(session, dead.name, &dead));
        if (!claim) return std::nullopt;
        process = claim->previous_process;
        VEDETTE_TRY(found, rescue_jobs(session, dead.name, process, most_crashes, kMostCrashes));
        VEDETTE_CHECK(forget_worker(session, dead.name));
        return found;
      },
      patient(loop));
  if (!rescued) {
    if (!loop.stopping()) loop.failure(rescued.error());
    return;
  }
  if (!*rescued) return;
  const std::int64_t count = (*rescued)->given_back + (*rescued)->discarded + (*rescued)->cancelled;
  if (count == 0) return;
  log::warn("work", "{} has died: {} of its jobs go back to the queue, {} are discarded",
            process.empty() ? dead.name : process, (*rescued)->given_back, (*rescued)->discarded);
  {
    const Lock lock(metrics_mutex_);
    counters_.rescued += count;
  }
  for (auto& [name, kind] : kinds_) kind->is_hinted = true;
}

// Taken by a claim whose answer was lost with its connection, or while an earlier body was at the
// same attempt: nobody here works on them.
void Worker::Engine::give_back_unknown(LoopContext& loop) {
  next_inventory_ = BootClock::now() + kInventoryEvery;
  has_unknown_ = false;  // what is said from here on is looked at once more
  const Result<std::vector<HeldJob>> held =
      database_.read([&](db::Session& session) { return held_jobs(session, fence_); },
                     {.stop = loop.stop_token()});
  if (!held) {
    next_inventory_ = BootClock::now() + kAfterFailure;
    if (!loop.stopping()) loop.failure(held.error());
    return;
  }
  for (const HeldJob& job : *held) {
    const auto kind = kinds_.find(job.kind);
    // What ended since is refused: its row is not running any more.
    if (kind == kinds_.end() || knows(job.id, job.attempt)) continue;
    EndingWriter::Entry entry;
    entry.kind = &kind->second->spec;
    entry.worker = fence_;
    entry.ending.id = job.id;
    entry.ending.attempt = job.attempt;
    entry.ending.kind = Ending::Kind::kGivenBack;
    endings_->add(std::move(entry), false);
  }
}

void Worker::Engine::keep_period(LoopContext& loop, Kind& kind) {
  if (kind.spec.every <= Micros::zero()) {
    kind.next_periodic = Time::max();
    return;
  }
  const Result<Micros> left = database_.write(
      [&](db::Session& session) {
        return enqueue_periodic(session, kind.spec.name, kind.spec.every);
      },
      patient(loop));
  const Time now = BootClock::now();
  if (left) {
    kind.next_periodic = now + std::max<Micros>(*left, std::chrono::milliseconds(1));
    return;
  }
  kind.next_periodic = now + kAfterFailure;
  if (!loop.stopping()) loop.failure(left.error());
}

}  // namespace vedette::work
