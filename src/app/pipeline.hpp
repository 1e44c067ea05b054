// What a pipeline (traffic; later imagery, radar) is to the program: one object with its loops and
// its routes, and one entry in the list that every command walks. Implemented in app/traffic.cpp;
// the list is app/pipelines.cpp. Called by the main thread unless a function says otherwise.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "app/doctor_checks.hpp"
#include "app/versions.hpp"
#include "base/error.hpp"
#include "config/load.hpp"
#include "db/migration.hpp"
#include "work/job.hpp"

namespace vedette {
class Clock;
}
namespace vedette::api {
struct CoreServices;
class EventRelay;
class Families;
struct Note;
}  // namespace vedette::api
namespace vedette::blob {
class Store;
}
namespace vedette::http {
class Router;
}
namespace vedette::work {
class CpuPool;
class Supervisor;
class Worker;
}  // namespace vedette::work

namespace vedette::app {

class CommandLine;

/// Made once by `serve`; outlives every pipeline's work. (The Pipeline objects are destroyed after
/// the supervisor has joined the last loop and the worker the last job, and must not touch these
/// then.)
struct Core {
  const config::Settings& settings;
  db::Database& database;
  blob::Store& blobs;
  work::Supervisor& supervisor;
  work::Worker& jobs;
  work::CpuPool& cpu;
  api::EventRelay& relay;
  const Clock& clock;
  std::shared_ptr<const api::CoreServices> services;
};

/// The running part of a pipeline.
class Pipeline {
 public:
  virtual ~Pipeline() = default;
  /// Gives its loops to the supervisor, its kinds of jobs to the worker.
  virtual Result<void> add_loops() = 0;
  /// What people ask for and hear of (event sources); called where the process has the role `api`.
  virtual void mount(http::Router& router) = 0;
  /// What other processes ask for (pictures); called in every process.
  virtual void mount_for_peers(http::Router&) {}
  /// Adds to /metrics. Any thread; may block on the database.
  virtual void measure(api::Families&) const {}
  /// Adds what the owner should know to /api/status. Any thread; may block on the database.
  virtual void note(std::vector<api::Note>&) const {}
  /// Streams that people look at now, such as live pictures. Any thread.
  virtual int live_streams() const { return 0; }
  /// The state of a loop of this process changed. Any thread; does not block.
  virtual void loops_changed() {}
  /// Ends its streams, before the server and the loops stop.
  virtual void end_streams() {}
};

using Pipelines = std::vector<std::unique_ptr<Pipeline>>;

/// The part of a pipeline that needs no server.
struct PipelineKind {
  /// "traffic"
  std::string_view name;
  std::vector<db::Migration> (*migrations)();
  /// Its commands (`vedette watch`).
  void (*add_commands)(CommandLine& line);
  /// For `vedette doctor`.
  Findings (*check)(const config::Loaded& loaded);
  /// Libraries that it alone uses.
  std::vector<PartVersion> (*parts)();
  /// Fills an empty database with what `serve --demo` shows; leaves any other alone. Before the
  /// loops and jobs begin.
  Result<void> (*add_demo)(const Core& core);
  /// The kinds of jobs that add_loops() gives to the worker, for those who only look at the queue
  /// (`vedette queue`): their bodies are never called. nullptr: none.
  std::vector<work::JobKind> (*jobs)() = nullptr;
  std::unique_ptr<Pipeline> (*make)(const Core& core);
};

/// The only list of pipelines in the program. Lives as long as it.
std::span<const PipelineKind> pipelines();

/// All pipelines' kinds of jobs, as they are called and described, to a worker that runs none.
Result<void> add_known_jobs(work::Worker& worker);

/// The steps of all modules: src/work's, then each pipeline's.
std::vector<db::Migration> all_migrations();

}  // namespace vedette::app
