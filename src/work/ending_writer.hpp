// Writes down how jobs end, on a thread of its own: whatever has come together while the last
// transaction was under way goes into the next. While the database is away they wait, and are tried
// again until they are written or refused. Nothing here depends on a lease: an ending is fenced by
// its attempt. Any thread may call it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/mutex.hpp"
#include "db/database.hpp"
#include "work/job.hpp"
#include "work/job_store.hpp"

namespace vedette::work {

class EndingWriter {
 public:
  struct Entry {
    const JobKind* kind = nullptr;  // outlives the endings
    Fence worker;
    Ending ending;
    std::optional<ProgressNote> last_note;  // that was not written yet
  };
  /// Called when an entry was written, or refused as no longer that attempt's (or cannot be written
  /// at all); from the thread.
  using OnWritten = std::function<void(const Entry& entry, bool is_refused)>;

  /// `on_room`: a batch has left the backlog; from the thread.
  EndingWriter(db::Database& database, OnWritten on_written, std::function<void()> on_room);
  /// What is not written by now is left to whoever rescues the jobs.
  ~EndingWriter();
  EndingWriter(const EndingWriter&) = delete;
  EndingWriter& operator=(const EndingWriter&) = delete;

  /// `has_more`: others of the kind follow soon, so that it is worth waiting a moment for them.
  void add(Entry entry, bool has_more);
  /// Not written yet.
  std::size_t backlog() const;
  /// Waits until all are written; false when the database fails, or after `patience`.
  bool drain(Micros patience);

 private:
  void start() VEDETTE_REQUIRES(endings_mutex_);
  void run();
  void await_batch(Lock& lock) VEDETTE_REQUIRES(endings_mutex_);
  std::shared_ptr<const std::vector<Entry>> take_batch() VEDETTE_REQUIRES(endings_mutex_);
  bool is_all_written() const VEDETTE_REQUIRES(endings_mutex_);
  Result<void> write(std::span<const Entry> batch, std::vector<bool>& is_refused);
  void write_one_by_one(std::span<const Entry> batch);
  void settle(std::span<const Entry> batch, const std::vector<bool>& is_refused);

  db::Database& database_;
  const OnWritten on_written_;
  const std::function<void()> on_room_;
  mutable Mutex endings_mutex_;
  std::condition_variable_any changed_;
  std::vector<Entry> pending_ VEDETTE_GUARDED_BY(endings_mutex_);
  std::shared_ptr<const std::vector<Entry>> in_flight_ VEDETTE_GUARDED_BY(endings_mutex_);
  bool has_more_ VEDETTE_GUARDED_BY(endings_mutex_) = false;
  bool is_idle_ VEDETTE_GUARDED_BY(endings_mutex_) = true;  // the thread waits for the first
  bool is_draining_ VEDETTE_GUARDED_BY(endings_mutex_) = false;
  bool is_closing_ VEDETTE_GUARDED_BY(endings_mutex_) = false;
  std::int64_t failures_ VEDETTE_GUARDED_BY(endings_mutex_) = 0;
  std::stop_source stop_;
  std::thread thread_;  // made for the first ending
};

}  // namespace vedette::work
