#include "work/ending_writer.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <system_error>
#include <utility>

#include "base/log.hpp"
#include "base/process.hpp"
#include "work/job_queue.hpp"

namespace vedette::work {
namespace {

using std::chrono::milliseconds;

// So many are worth a transaction of their own; more than that wait for nobody.
constexpr std::size_t kGoodBatch = 500;
constexpr std::size_t kMostInBatch = 2'000;
// How long the first of a batch waits for others that are known to follow.
constexpr auto kLinger = milliseconds(2);
constexpr auto kRetryMin = milliseconds(50);
constexpr auto kRetryMax = milliseconds(2'000);

// Because of one row, whatever the state of the database: the others must not wait for it.
bool is_of_the_row(const Error& error) {
  return error.code == ErrorCode::kInvalid || error.code == ErrorCode::kConflict ||
         error.code == ErrorCode::kTooLarge;
}

}  // namespace

EndingWriter::EndingWriter(db::Database& database, OnWritten on_written,
                           std::function<void()> on_room)
    : database_(database), on_written_(std::move(on_written)), on_room_(std::move(on_room)) {}

EndingWriter::~EndingWriter() {
  {
    const Lock lock(endings_mutex_);
    is_closing_ = true;
  }
  stop_.request_stop();
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void EndingWriter::add(Entry entry, bool has_more) {
  bool is_to_wake = false;
  {
    const Lock lock(endings_mutex_);
    pending_.push_back(std::move(entry));
    is_to_wake = is_idle_ || (has_more_ && !has_more) || pending_.size() == kGoodBatch;
    has_more_ = has_more;
    if (!thread_.joinable()) start();
  }
  if (is_to_wake) changed_.notify_all();
}

// Without a thread they wait for the next one to come, which tries again.
void EndingWriter::start() {
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    log::error("work", "no thread could be started to write how jobs end: {}", error.what());
  }
}

std::size_t EndingWriter::backlog() const {
  const Lock lock(endings_mutex_);
  return pending_.size() + (in_flight_ ? in_flight_->size() : 0);
}

bool EndingWriter::drain(Micros patience) {
  Lock lock(endings_mutex_);
  const std::int64_t failures = failures_;
  is_draining_ = true;
  changed_.notify_all();
  changed_.wait_for(lock, patience, [&]() VEDETTE_REQUIRES(endings_mutex_) {
    return is_all_written() || failures_ > failures;
  });
  is_draining_ = false;
  return is_all_written();
}

bool EndingWriter::is_all_written() const {
  return pending_.empty() && !in_flight_;
}

void EndingWriter::await_batch(Lock& lock) {
  is_idle_ = true;
  changed_.wait(
      lock, [this]() VEDETTE_REQUIRES(endings_mutex_) { return is_closing_ || !pending_.empty(); });
  is_idle_ = false;
  if (!has_more_) return;
  changed_.wait_for(lock, kLinger, [this]() VEDETTE_REQUIRES(endings_mutex_) {
    return is_closing_ || is_draining_ || !has_more_ || pending_.size() >= kGoodBatch;
  });
}

std::shared_ptr<const std::vector<EndingWriter::Entry>> EndingWriter::take_batch() {
  auto batch = std::make_shared<std::vector<Entry>>();
  if (pending_.size() <= kMostInBatch) {
    batch->swap(pending_);
  } else {
    const auto end = pending_.begin() + kMostInBatch;
    batch->assign(std::make_move_iterator(pending_.begin()), std::make_move_iterator(end));
    pending_.erase(pending_.begin(), end);
  }
  in_flight_ = batch;
  return batch;
}

void EndingWriter::run() {
  set_thread_name("job endings");
  Lock lock(endings_mutex_);
  for (;;) {
    await_batch(lock);
    if (is_closing_) return;
    const auto batch = take_batch();
    lock.unlock();
    std::vector<bool> is_refused;
    const Result<void> written = write(*batch, is_refused);
    const bool is_settled = written || is_of_the_row(written.error());
    if (written) {
      settle(*batch, is_refused);
    } else if (is_settled) {
      write_one_by_one(*batch);
    }
    lock.lock();
    in_flight_.reset();
    if (is_settled) {
      failures_ = 0;
      changed_.notify_all();
      lock.unlock();
      on_room_();
      lock.lock();
      continue;
    }
    pending_.insert(pending_.begin(), batch->begin(), batch->end());
    if (++failures_ == 1) {
      log::warn("work", "how {} jobs ended cannot be written, and is tried again: {}",
                batch->size(), written.error().message);
    }
    changed_.notify_all();
    const auto pause =
        std::min<milliseconds>(kRetryMax, kRetryMin * (1 << std::min<std::int64_t>(failures_, 6)));
    changed_.wait_for(lock, pause, [this]() VEDETTE_REQUIRES(endings_mutex_) {
      return is_closing_ || is_draining_;
    });
  }
}

Result<void> EndingWriter::write(std::span<const Entry> batch, std::vector<bool>& is_refused) {
  // By kind, and by the lease they were taken under: a process may hold its second.
  std::map<std::pair<std::string_view, std::string_view>, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    groups[{batch[i].kind->name, batch[i].worker.name}].push_back(i);
  }
  return database_.write(
      [&](db::Session& session) -> Result<void> {
        is_refused.assign(batch.size(), false);
        for (const auto& [key, members] : groups) {
          const Entry& first = batch[members.front()];
          std::vector<ProgressNote> notes;
          std::vector<Ending> endings;
          endings.reserve(members.size());
          for (const std::size_t i : members) {
            if (batch[i].last_note) notes.push_back(*batch[i].last_note);
            endings.push_back(batch[i].ending);
          }
          if (!notes.empty()) VEDETTE_CHECK(note_progress(session, first.worker, notes));
          VEDETTE_TRY(refused, end_jobs(session, first.kind->name, first.worker, endings));
          if (!refused.empty()) {
            for (const std::size_t i : members) {
              is_refused[i] = std::ranges::find(refused, batch[i].ending.id) != refused.end();
            }
          }
          // Elsewhere somebody may be waiting for the place that is free now.
          if (first.kind->at_once_everywhere > 0) {
            session.notify(kJobReadyChannel, first.kind->name);
          }
        }
        return {};
      },
      {.stop = stop_.get_token()});
}

// One of them cannot be written: that one is discarded with what the database said of it.
void EndingWriter::write_one_by_one(std::span<const Entry> batch) {
  for (Entry entry : batch) {
    std::vector<bool> is_refused;
    Result<void> written = write({&entry, 1}, is_refused);
    if (!written && is_of_the_row(written.error())) {
      entry.ending.kind = Ending::Kind::kDiscarded;
      entry.ending.result.clear();
      entry.ending.error = "What it ended with cannot be stored: " + written.error().message;
      entry.last_note.reset();
      written = write({&entry, 1}, is_refused);
    }
    if (written) {
      settle({&entry, 1}, is_refused);
    } else if (is_of_the_row(written.error())) {
      log::error("work", "how job {} ended cannot be written: {}", entry.ending.id,
                 written.error().message);
      settle({&entry, 1}, {true});
    } else {
      add(std::move(entry), false);
    }
  }
}

void EndingWriter::settle(std::span<const Entry> batch, const std::vector<bool>& is_refused) {
  for (std::size_t i = 0; i < batch.size(); ++i) on_written_(batch[i], is_refused[i]);
}

}  // namespace vedette::work
