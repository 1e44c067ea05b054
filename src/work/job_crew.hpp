// The threads of one kind of job in this process, the jobs taken that wait for one of them, and
// those that run. Knows no database. Threads are made when there is something for them to do, and
// kept. Any thread may call it; the callbacks come from the crew's own, without its lock.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "work/boot_clock.hpp"
#include "work/job.hpp"
#include "work/job_cell.hpp"
#include "work/job_verdict.hpp"

namespace vedette::work {

class JobCrew {
 public:
  using Time = BootClock::time_point;
  using CellPtr = std::shared_ptr<JobCell>;

  /// A body that has returned, or is given up on (then there is no outcome).
  struct Finished {
    CellPtr cell;
    const Result<JobEnd>* outcome = nullptr;
    JobStop stop = JobStop::kNone;
    Micros took{0};
    bool is_given_up = false;  // now: it may go on for as long as it likes
    bool is_late = false;      // it had been given up on: what it says counts no more
    bool has_more = false;     // others of the kind wait or run
  };
  using OnFinish = std::function<void(const Finished&)>;
  using OnRoom = std::function<void()>;

  /// `kind` outlives the crew. `on_room`: fewer wait than half of what is taken ahead.
  JobCrew(const JobKind& kind, OnFinish on_finish, OnRoom on_room);
  /// Asks all bodies to stop and waits for them, those given up on too.
  ~JobCrew();
  JobCrew(const JobCrew&) = delete;
  JobCrew& operator=(const JobCrew&) = delete;

  struct Load {
    int running = 0;  // without those given up on
    int waiting = 0;
    int hanging = 0;  // threads whose body was given up on
    int free = 0;     // that many more could begin at once
    int room = 0;     // that many more may be taken
  };
  Load load() const;

  /// False: no thread could be made for them; they wait.
  bool add(std::vector<CellPtr> cells, bool to_front = false);
  /// What has not begun, which the crew forgets.
  std::vector<CellPtr> take_waiting();
  /// What runs, without what was given up on, and on request what waits.
  std::vector<CellPtr> all(bool with_waiting) const;

  /// Asks the body of a job to stop; one that has not begun is returned and forgotten instead.
  CellPtr stop(std::int64_t job, std::int64_t attempt, JobStop why);
  /// Asks all bodies to stop and gives them `grace` at most; none begins until resume().
  void halt(JobStop why, Micros grace);
  void resume();
  /// Asks those to stop that have not given a sign of life for too long, and returns those that
  /// were asked long ago: they are given up on from now.
  std::vector<Finished> look_at_time(Time now);
  /// When look_at_time() may have something to do.
  Time next_look() const;

 private:
  struct Run {
    CellPtr cell;
    Time begun{};
    JobStop stop = JobStop::kNone;
    Time give_up_at = Time::max();
    bool is_given_up = false;
    bool has_returned = false;
    bool is_live() const { return !is_given_up && !has_returned; }
  };

  void work();
  void run_one(Run& run);
  bool has_thread_for_all() VEDETTE_REQUIRES(crew_mutex_);
  int hanging() const VEDETTE_REQUIRES(crew_mutex_);

  const JobKind& kind_;
  const OnFinish on_finish_;
  const OnRoom on_room_;
  mutable Mutex crew_mutex_;
  std::condition_variable_any available_;
  std::deque<CellPtr> waiting_ VEDETTE_GUARDED_BY(crew_mutex_);
  std::list<Run> runs_ VEDETTE_GUARDED_BY(crew_mutex_);
  int idle_ VEDETTE_GUARDED_BY(crew_mutex_) = 0;
  bool is_closing_ VEDETTE_GUARDED_BY(crew_mutex_) = false;
  bool is_halted_ VEDETTE_GUARDED_BY(crew_mutex_) = false;
  std::vector<std::thread> threads_ VEDETTE_GUARDED_BY(crew_mutex_);
};

}  // namespace vedette::work
