// What the parts of `vedette queue` share: the queue of a deployment, looked at without a server.
// One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/job_pace.hpp"
#include "app/command.hpp"
#include "app/flags.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "config/settings.hpp"
#include "db/database.hpp"
#include "work/job_queue.hpp"
#include "work/worker.hpp"

namespace vedette::app {

struct Queue {
  std::unique_ptr<db::Database> database;
  /// Knows what each kind of this program's pipelines is called; runs none.
  std::unique_ptr<work::Worker> kinds;
  std::unique_ptr<Clock> clock = std::make_unique<SystemClock>();
  std::unique_ptr<api::JobPace> pace = std::make_unique<api::JobPace>(*clock);
};

/// As open_prepared_database().
Result<Queue> open_queue(const config::Settings& settings);

/// The jobs that a command is about: by id, or all of some kinds and states.
struct ChosenJobs {
  std::vector<std::string> ids;
  std::vector<std::string> kinds;
  std::vector<std::string> states;
};

/// The number of a job; kUsage with what would be right.
Result<std::int64_t> job_id(const std::string& text);
/// The words were checked as flags.
std::vector<work::JobState> job_states(const std::vector<std::string>& words);

/// `queue retry` and `queue cancel`.
void add_queue_changes(CommandLine& line, const Flags& parent);

/// `queue drain`.
void add_queue_drain(CommandLine& line, const Flags& parent);

}  // namespace vedette::app
