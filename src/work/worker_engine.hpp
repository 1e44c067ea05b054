// The inside of Worker. Its loop's thread takes jobs, hands them to the crews of their kinds, and
// looks after everything that has its time: progress, recalls, stalls, the dead. How jobs end is
// written by another thread (EndingWriter), so that both overlap. Members without a lock are the
// loop's thread's, which is one at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "work/boot_clock.hpp"
#include "work/ending_writer.hpp"
#include "work/job_crew.hpp"
#include "work/job_store.hpp"
#include "work/lease_store.hpp"
#include "work/wakeup.hpp"
#include "work/worker.hpp"

namespace vedette::work {

class Worker::Engine {
 public:
  Engine(db::Database& database, WorkerOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Result<void> add(JobKind kind);
  const JobKind* find(std::string_view kind) const;
  std::vector<const JobKind*> kinds() const;
  std::optional<LoopSpec> loop();
  WorkerMetrics metrics() const;

 private:
  using Time = BootClock::time_point;
  static constexpr auto kReportEvery = std::chrono::seconds(1);

  /// One way of taking jobs of a kind.
  struct Intake {
    bool has_more = true;  // as far as is known
    JobPlace from{};       // where the last claim ended, while claims from the beginning are slow
    Time next_from_beginning{};
    bool is_slow = false;
    bool is_dry = false;  // nothing more lies behind `from`
  };
  struct Kind {
    JobKind spec;
    bool is_run_here = false;
    std::unique_ptr<JobCrew> crew;  // of those run here
    std::atomic<bool> is_hinted{true};
    bool is_seen_ready = false;             // by our own look, which knows what is due, too
    std::atomic<bool> wants_room{false};    // there is more than fits in
    std::atomic<bool> is_held_back{false};  // until endings are written
    Intake one_by_one;                      // what may begin at once, suspects too
    Intake ahead;                           // what waits here, never suspects
    Time not_before{};                      // after a failure
    Time next_periodic{};
    std::string last_logged;  // under metrics_mutex_
  };
  struct Sighting {
    LeaseView view;
    Time first_seen;
  };

  // worker_turn.cpp: taking and handing out.
  Result<void> run(LoopContext& loop);
  Result<void> go_on(LoopContext& loop);
  Result<void> take_jobs(LoopContext& loop, Kind& kind);
  Result<void> take(LoopContext& loop, Kind& kind, Intake& intake, int limit, bool is_ahead);
  void hand_out(Kind& kind, std::vector<ClaimedJob> jobs, bool to_front);
  void wind_down();
  void halt();
  void give_back_waiting(Kind& kind);
  void written(const EndingWriter::Entry& entry, bool is_refused);
  void make_room();
  WorkerMetrics::Kind& numbers_of(const std::string& kind) VEDETTE_REQUIRES(metrics_mutex_);
  bool is_working() const;
  bool learn(const ClaimedJob& job);
  bool knows(std::int64_t job, std::int64_t attempt) const;
  void forget(std::int64_t job, std::int64_t attempt);

  // worker_watch.cpp: watching over what runs.
  void finish(Kind& kind, const JobCrew::Finished& finished);
  void log_failure(Kind& kind, const JobCell& cell, const Ending& ending);
  void look_at_time(Time now);
  void note_and_recall(LoopContext& loop, bool with_waiting);
  void recall(std::int64_t job, std::int64_t attempt, JobStop why);
  void report(LoopContext& loop);

  // worker_care.cpp: what has its time.
  void look(LoopContext& loop);
  void promote(LoopContext& loop);
  void rescue_the_dead(LoopContext& loop, const std::vector<LeaseView>& leases);
  bool is_dead(const Sighting& sighting, Time now) const;
  void rescue(LoopContext& loop, const LeaseView& dead);
  void give_back_unknown(LoopContext& loop);
  void keep_period(LoopContext& loop, Kind& kind);
  db::WriteOptions patient(const LoopContext& loop) const;

  db::Database& database_;
  const WorkerOptions options_;
  const LeaseStore leases_;
  std::map<std::string, std::unique_ptr<Kind>, std::less<>> kinds_;  // fixed once loop() was asked

  mutable Mutex metrics_mutex_;
  WorkerMetrics counters_ VEDETTE_GUARDED_BY(metrics_mutex_);
  std::map<std::string, WorkerMetrics::Kind, std::less<>> by_kind_
      VEDETTE_GUARDED_BY(metrics_mutex_);

  /// Attempts (job, attempt) from their claim until their end is written.
  mutable Mutex known_mutex_;
  std::set<std::pair<std::int64_t, std::int64_t>> known_ VEDETTE_GUARDED_BY(known_mutex_);

  Wakeup wakeup_;
  std::atomic<bool> is_look_asked_{false};
  std::atomic<bool> is_recall_asked_{false};
  std::atomic<bool> has_unknown_{false};  // jobs may be held here that nobody here knows of
  Fence fence_;
  std::map<std::string, Sighting> sightings_;  // leases of other workers
  std::int64_t taken_ = 0;
  bool is_outlook_short_ = false;  // a hint brought nothing: what is due soon?
  Time last_look_{};
  Time::duration last_look_took_{};
  Time next_look_{};
  Time next_promote_{};
  Time next_note_{};
  Time next_report_{};
  Time next_inventory_{};
  Time next_success_{};
  db::Subscription ready_notices_;
  db::Subscription cancel_notices_;
  std::unique_ptr<EndingWriter> endings_;  // after what it calls
};

}  // namespace vedette::work
