// Watching over the jobs that run: how they end, whether they hang, how far they are, whether
// somebody recalls them, and what the loop says of itself.

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <utility>

#include "base/log.hpp"
#include "work/job_queue.hpp"
#include "work/job_verdict.hpp"
#include "work/worker_engine.hpp"

namespace vedette::work {
namespace {

constexpr auto kSuccessEvery = std::chrono::seconds(60);

}  // namespace

// From the crew's thread.
void Worker::Engine::finish(Kind& kind, const JobCrew::Finished& finished) {
  const JobCell& cell = *finished.cell;
  const bool is_well = finished.outcome != nullptr && finished.outcome->has_value();
  const bool has_completed = cell.has_completed() && is_well;
  std::optional<Ending> ending;
  if (!finished.is_late) {
    ending = verdict(kind.spec, cell.job(), finished.outcome,
                     has_completed ? JobStop::kNone : finished.stop, finished.took);
  }
  if (!ending) {
    if (finished.is_late)
      log::info("work", "job {} ({}) has returned after all", cell.job().id, kind.spec.name);
    // What goes on under an attempt keeps it from being begun once more.
    if (!finished.is_given_up) {
      forget(cell.job().id, cell.job().attempt);
      // Claimed again meanwhile, it was not begun because of this body.
      has_unknown_ = true;
      wakeup_.raise();
    }
    if (finished.is_given_up) return;  // it is counted when it comes
    const Lock lock(metrics_mutex_);
    ++numbers_of(kind.spec.name).fenced;
    return;
  }
  if (has_completed) ending->kind = Ending::Kind::kCompletedAlready;
  if (finished.outcome == nullptr || !*finished.outcome) log_failure(kind, cell, *ending);
  EndingWriter::Entry entry;
  entry.kind = &kind.spec;
  entry.worker = cell.fence().worker;
  entry.ending = std::move(*ending);
  if (!has_completed) entry.last_note = finished.cell->take_note();
  endings_->add(std::move(entry), finished.has_more && kind.spec.ahead > 0);
}

void Worker::Engine::log_failure(Kind& kind, const JobCell& cell, const Ending& ending) {
  if (ending.error.empty()) return;
  {
    const Lock lock(metrics_mutex_);
    if (kind.last_logged == ending.error) return;  // ten thousand files on a disk that is away
    kind.last_logged = ending.error;
  }
  log::warn("work", "job {} ({}) {}: {}", cell.job().id, kind.spec.name,
            ending.kind == Ending::Kind::kFailed ? "failed and is tried again" : "failed for good",
            ending.error);
}

void Worker::Engine::look_at_time(Time now) {
  for (auto& [name, kind] : kinds_) {
    if (!kind->is_run_here) continue;
    for (const JobCrew::Finished& given_up : kind->crew->look_at_time(now)) {
      log::warn("work", "job {} ({}) did not end when asked to; it is given up on",
                given_up.cell->job().id, name);
      next_report_ = now;
      {
        const Lock lock(metrics_mutex_);
        ++counters_.given_up;
      }
      finish(*kind, given_up);
    }
  }
}

// What waits here is asked about when somebody has cancelled something: it begins soon, and is then
// asked about like all that runs.
void Worker::Engine::note_and_recall(LoopContext& loop, bool with_waiting) {
  next_note_ = BootClock::now() + options_.progress_every;
  std::map<std::int64_t, std::int64_t> asked;  // attempt by job
  std::vector<JobCrew::CellPtr> noted;
  std::vector<ProgressNote> notes;
  std::vector<std::string_view> kinds_noted;
  std::vector<std::pair<std::int64_t, std::int64_t>> silent;
  for (const auto& [name, kind] : kinds_) {
    if (!kind->is_run_here) continue;
    for (const JobCrew::CellPtr& cell : kind->crew->all(with_waiting)) {
      asked[cell->job().id] = cell->job().attempt;
      if (auto note = cell->take_note()) {
        noted.push_back(cell);
        notes.push_back(std::move(*note));
        if (kinds_noted.empty() || kinds_noted.back() != name) kinds_noted.push_back(name);
      } else {
        silent.emplace_back(cell->job().id, cell->job().attempt);
      }
    }
  }
  if (notes.empty() && silent.empty()) {
    if (!is_working()) next_note_ = Time::max();  // hand_out() sets it
    return;
  }
  const auto ask = [&](db::Session& session) -> Result<std::vector<Recalled>> {
    std::vector<Recalled> recalls;
    if (!silent.empty()) {
      VEDETTE_TRY(found, recalled(session, fence_, silent));
      recalls = std::move(found);
    }
    if (notes.empty()) return recalls;
    VEDETTE_TRY(found, note_progress(session, fence_, notes));
    recalls.insert(recalls.end(), found.begin(), found.end());
    return recalls;
  };
  const Result<std::vector<Recalled>> recalls =
      notes.empty() ? database_.read(ask, {.stop = loop.stop_token()})
                    : database_.write(ask, patient(loop));
  if (!recalls) {
    for (const JobCrew::CellPtr& cell : noted) cell->renote();
    if (!loop.stopping()) loop.failure(recalls.error());
    return;
  }
  for (const std::string_view kind : kinds_noted) database_.notify(kJobChangeChannel, kind);
  for (const Recalled& one : *recalls) {
    recall(one.id, asked[one.id], one.is_lost ? JobStop::kLost : JobStop::kCancelled);
  }
}

void Worker::Engine::recall(std::int64_t job, std::int64_t attempt, JobStop why) {
  for (auto& [name, kind] : kinds_) {
    if (!kind->is_run_here) continue;
    const JobCrew::CellPtr unbegun = kind->crew->stop(job, attempt, why);
    if (unbegun) finish(*kind, {.cell = unbegun, .stop = why});
  }
}

void Worker::Engine::report(LoopContext& loop) {
  const Time now = BootClock::now();
  next_report_ = now + kReportEvery;
  if (now >= next_success_) {
    next_success_ = now + kSuccessEvery;
    loop.success(std::chrono::duration_cast<Micros>(last_look_took_));
  }
  std::string hanging;
  bool is_stuck = false;
  bool is_busy = false;
  for (const auto& [name, kind] : kinds_) {
    if (!kind->is_run_here) continue;
    const JobCrew::Load load = kind->crew->load();
    is_busy = is_busy || load.running + load.waiting > 0;
    if (load.hanging == 0) continue;
    is_stuck = is_stuck || load.hanging >= kind->spec.at_once;
    hanging +=
        fmt::format("{}{} of {} threads for \"{}\"", hanging.empty() ? "" : ", ", load.hanging,
                    kind->spec.at_once, kind->spec.title.empty() ? name : kind->spec.title);
  }
  if (!hanging.empty()) {
    loop.report(is_stuck ? Health::kBad : Health::kWait, "jobs hang",
                fmt::format("{}: a job did not end when it was asked to, and keeps its thread "
                            "until it does.",
                            hanging),
                "Restart this process if it stays so.");
  } else {
    loop.report(Health::kGood, is_busy ? "working" : "ready");
  }
  if (!is_busy && hanging.empty()) next_report_ = next_success_;  // hand_out() sets it
}

}  // namespace vedette::work
