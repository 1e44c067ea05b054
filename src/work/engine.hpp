// The inside of Supervisor: the loops of this process and the two threads that move them. The time
// thread never touches the database: it starts and ends bodies and gives up leases that it can no
// longer trust, on time whatever the database does. The database thread takes, renews and gives
// back leases and writes states; it never waits for a body.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/mutex.hpp"
#include "work/boot_clock.hpp"
#include "work/lease_store.hpp"
#include "work/loop_cell.hpp"
#include "work/share_store.hpp"
#include "work/supervisor.hpp"
#include "work/wakeup.hpp"

namespace vedette::work {

class Supervisor::Engine {
 public:
  Engine(db::Database& database, SupervisorOptions options);
  ~Engine();

  Result<void> add(LoopSpec spec);
  Result<void> remove(std::string_view name, Micros grace);
  Result<void> wake(std::string_view name);
  void set_address(std::string address);
  void start();
  std::vector<std::string> stop(Micros grace);
  std::vector<LoopStatus> snapshot() const;
  std::optional<LoopStatus> status(std::string_view name) const;
  Result<std::vector<LoopStatus>> all(std::span<const std::string> names) const;
  SupervisorMetrics metrics() const;
  Silence silence();
  const ProcessInfo& process() const { return process_; }

 private:
  using Time = BootClock::time_point;

  /// A lease as last seen in the database, and since when it has looked like that.
  struct Sighting {
    LeaseView view;
    Time first_seen;
  };

  /// One loop. All of it is guarded by loops_mutex_, except `spec` and `cell`, which do not change
  /// while a body runs.
  struct Loop {
    LoopSpec spec;
    std::shared_ptr<LoopCell> cell;
    std::uint64_t written_version = 0;  // of the cell, in the database

    bool is_wanted = true;        // false: end the body, give the lease back
    bool is_forgotten = false;    // and then drop the loop: remove()
    bool is_handed_over = false;  // end the body, give the lease back, leave it to another process
    bool is_finished = false;     // here or elsewhere: its lease is not wanted any more
    std::optional<Instant> finished_at;

    std::int64_t token = 0;  // 0: does not hold its lease
    Time trusted_until{};
    bool is_in_database = false;       // the database thread is taking or giving back the lease
    std::optional<Sighting> sighting;  // nothing: not seen yet, or nobody has ever held it
    std::string taken_over_from;       // a sentence about the holder before, for the next run
    Time taken_at{};
    std::optional<Time> free_since;   // nobody holds it, as far as is known here
    std::optional<Time> given_up_at;  // handed over, and nobody has been seen to take it yet
    std::optional<Outage> outage;     // that ended the last run, for the next one
    std::string no_room;              // why nobody takes it; empty: somebody should

    bool is_running = false;
    bool stop_sent = false;
    bool has_returned = false;
    Result<void> outcome;
    Time started_at{};
    int failures = 0;  // in a row
    Time next_attempt{};
    std::optional<Instant> next_attempt_at;  // the same for people; absent when not backing off
    std::jthread body;                       // last: joined before what it writes into goes
  };
  using LoopPtr = std::shared_ptr<Loop>;
  using Loops = std::map<std::string, LoopPtr, std::less<>>;

  // Time thread (engine_time.cpp).
  struct Todo {
    std::vector<std::stop_source> stops;  // to fire
    std::vector<std::jthread> ended;      // to join
    std::vector<LoopBody> bodies;         // to destroy
    Time next;                            // when something may be due again
    bool is_unfinished() const { return !stops.empty() || !ended.empty() || !bodies.empty(); }
  };
  void run_time();
  void advance(Loop& loop, Time now, Todo& todo) VEDETTE_REQUIRES(loops_mutex_);
  Loops::iterator drop_if_done(Loops::iterator entry, Todo& todo) VEDETTE_REQUIRES(loops_mutex_);
  void start_body(Loop& loop, Time now) VEDETTE_REQUIRES(loops_mutex_);
  void run_body(Loop& loop, std::stop_token stop, Fence fence, std::optional<Outage> outage);
  void note_outage(Loop& loop) const VEDETTE_REQUIRES(loops_mutex_);
  void settle(Loop& loop, Time now) VEDETTE_REQUIRES(loops_mutex_);
  void back_off(Loop& loop, Time now) VEDETTE_REQUIRES(loops_mutex_);
  void lose(Loop& loop, std::string_view why) VEDETTE_REQUIRES(loops_mutex_);
  LoopCell::Facts describe(const Loop& loop, Time now) const VEDETTE_REQUIRES(loops_mutex_);
  std::string unreachable_cause() const VEDETTE_REQUIRES(loops_mutex_);
  bool is_settled(const Loop& loop) const;
  bool are_settled(bool last_ones) const VEDETTE_REQUIRES(loops_mutex_);

  // Database thread (engine_database.cpp; see() to hand_over(): engine_share.cpp).
  struct Held {
    LoopPtr loop;
    std::int64_t token = 0;
    bool is_finished = false;
  };
  /// One group of loops as the last look found it.
  struct Standing {
    std::vector<LoopPtr> free;        // nobody holds them
    std::map<std::string, int> held;  // by id of process; this one's without those handed over
    int loops = 0;                    // wanted and not finished
    int to_share = 0;                 // what the members hold and what is free
    int members = 0;
    int room = 0;  // that all members have together
    int own_share = 0;
    int own_most = 0;
    bool is_member = false;             // this process is one of them
    bool is_handing_over = false;       // what was given up last is not taken yet
    std::vector<std::string> short_of;  // ids of members that hold less than their share
  };
  void share_out(const std::string& group, Standing& standing, const std::vector<Member>& members);

  void run_database();
  Time do_database_work();
  std::vector<Held> held_leases(bool to_release) const VEDETTE_REQUIRES(loops_mutex_);
  void renew_leases();
  void release_leases();
  void look_for_leases();
  bool is_free(const Sighting& sighting, Time now) const;
  bool is_left_behind(const Sighting& sighting, Time now) const;
  std::map<std::string, int> shares() const VEDETTE_REQUIRES(loops_mutex_);
  std::vector<std::string> leases_to_look_for() const VEDETTE_REQUIRES(loops_mutex_);
  std::vector<LoopPtr> see(const std::vector<LeaseView>& views, const std::vector<Member>& members,
                           Time now);
  bool see_lease(Loop& loop, const LeaseView* view, Time now) VEDETTE_REQUIRES(loops_mutex_);
  std::vector<LoopPtr> choose(Standing& standing, Time now) VEDETTE_REQUIRES(loops_mutex_);
  void hand_over(Time now);
  void claim_leases(const std::vector<LoopPtr>& candidates);
  void take(Loop& loop, const Claim& claim, Time sent) VEDETTE_REQUIRES(loops_mutex_);
  void write_changes();
  void write_end();
  bool note_write(const Result<void>& outcome);
  bool note_read(const Result<void>& outcome);
  void note_failure(const Error& error) VEDETTE_REQUIRES(loops_mutex_);
  void note_recovery() VEDETTE_REQUIRES(loops_mutex_);
  bool is_database_away() const;
  bool may_write_states() const;

  void cell_changed(bool is_visible);
  bool is_new_share(const LoopGroup& group) const VEDETTE_REQUIRES(loops_mutex_);
  LoopPtr find(std::string_view name) const VEDETTE_REQUIRES(loops_mutex_);

  db::Database& database_;
  const SupervisorOptions options_;
  ProcessInfo process_;
  const LeaseStore leases_;

  mutable Mutex loops_mutex_;
  std::condition_variable_any settled_;  // a loop was dropped or came to rest
  Loops loops_ VEDETTE_GUARDED_BY(loops_mutex_);
  std::vector<std::string> dropped_
      VEDETTE_GUARDED_BY(loops_mutex_);  // names whose rows are to be deleted
  bool is_started_ VEDETTE_GUARDED_BY(loops_mutex_) = false;
  bool is_stopping_ VEDETTE_GUARDED_BY(loops_mutex_) = false;
  bool is_time_over_ VEDETTE_GUARDED_BY(loops_mutex_) = false;
  bool is_database_over_ VEDETTE_GUARDED_BY(loops_mutex_) = false;
  std::optional<Error> database_error_
      VEDETTE_GUARDED_BY(loops_mutex_);  // of the last attempt; absent: it answered
  int good_writes_ VEDETTE_GUARDED_BY(loops_mutex_) = 0;  // in a row since the last error
  Instant unreachable_since_ VEDETTE_GUARDED_BY(loops_mutex_){};
  SupervisorMetrics counters_ VEDETTE_GUARDED_BY(loops_mutex_);
  std::mt19937_64 random_ VEDETTE_GUARDED_BY(loops_mutex_){std::random_device{}()};

  // Database thread only.
  bool is_introduced_ = false;
  std::map<std::string, int> announced_;  // shares, as the others know them
  std::map<std::string, Standing> standings_;
  Time next_hand_over_{};
  Time next_heartbeat_{};
  Time last_heartbeat_{};
  Time next_look_{};
  Time last_look_{};
  Time next_write_{};

  std::atomic<Time> time_came_round_{Time::max()};  // max(): not started
  std::atomic<Time> database_came_round_{Time::max()};
  std::atomic<bool> look_asked_{false};
  std::atomic<bool> has_new_share_{false};
  std::atomic<bool> has_unwritten_{true};
  std::atomic<bool> has_visible_change_{false};
  Wakeup time_wakeup_;
  Wakeup database_wakeup_;
  db::Subscription notices_;
  Mutex stop_mutex_;  // one stop() at a time
  std::optional<std::vector<std::string>> left_running_ VEDETTE_GUARDED_BY(stop_mutex_);
  std::thread time_thread_;
  std::thread database_thread_;
};

}  // namespace vedette::work
