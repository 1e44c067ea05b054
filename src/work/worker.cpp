#include "work/worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "work/job_queue.hpp"
#include "work/worker_engine.hpp"

namespace vedette::work {

Worker::Engine::Engine(db::Database& database, WorkerOptions options)
    : database_(database),
      options_(std::move(options)),
      leases_(options_.process_id, options_.process_name, options_.lease),
      endings_(std::make_unique<EndingWriter>(
          database,
          [this](const EndingWriter::Entry& entry, bool is_refused) { written(entry, is_refused); },
          [this] { make_room(); })) {}

Worker::Engine::~Engine() {
  ready_notices_.reset();
  cancel_notices_.reset();
  // Crews first: what their bodies come to is still taken in, and forgotten.
  for (auto& [name, kind] : kinds_) kind->crew.reset();
  endings_.reset();
}

Result<void> Worker::Engine::add(JobKind spec) {
  if (spec.name.empty() || !spec.body || spec.at_once < 1 || spec.ahead < 0) {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("The kind of jobs \"{}\" needs a name, a body and a thread.", spec.name));
  }
  auto kind = std::make_unique<Kind>();
  kind->spec = std::move(spec);
  kind->is_run_here = options_.roles.has(kind->spec.role);
  Kind& made = *kind;
  if (made.is_run_here) {
    made.crew = std::make_unique<JobCrew>(
        made.spec, [this, &made](const JobCrew::Finished& finished) { finish(made, finished); },
        [this, &made] {
          if (made.wants_room.exchange(false)) wakeup_.raise();
        });
  }
  const auto [entry, is_new] = kinds_.try_emplace(made.spec.name, std::move(kind));
  if (is_new) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("There are two kinds of jobs called \"{}\".", entry->first));
}

const JobKind* Worker::Engine::find(std::string_view kind) const {
  const auto found = kinds_.find(kind);
  return found == kinds_.end() ? nullptr : &found->second->spec;
}

std::vector<const JobKind*> Worker::Engine::kinds() const {
  std::vector<const JobKind*> all;
  all.reserve(kinds_.size());
  for (const auto& [name, kind] : kinds_) all.push_back(&kind->spec);
  return all;
}

std::optional<LoopSpec> Worker::Engine::loop() {
  LoopSpec loop;
  loop.name = "jobs";
  loop.title = "Jobs";
  loop.lease = std::string(kWorkerLease) + options_.process_id;
  loop.body = nullptr;
  for (const auto& [name, kind] : kinds_) {
    if (!kind->is_run_here) continue;
    // A role that this process has: any of its kinds' will do.
    if (!loop.body || kind->spec.role == Role::kWork) loop.role = kind->spec.role;
    loop.body = [this](LoopContext& context) { return run(context); };
  }
  if (!loop.body) return std::nullopt;
  return loop;
}

WorkerMetrics Worker::Engine::metrics() const {
  WorkerMetrics metrics;
  {
    const Lock lock(metrics_mutex_);
    metrics = counters_;
    for (const auto& [name, numbers] : by_kind_) metrics.kinds.push_back(numbers);
  }
  for (const auto& [name, kind] : kinds_) {
    if (!kind->crew) continue;
    auto known = std::ranges::find(metrics.kinds, name, &WorkerMetrics::Kind::kind);
    if (known == metrics.kinds.end()) {
      known = metrics.kinds.insert(known, WorkerMetrics::Kind{.kind = name});
    }
    known->running = kind->crew->load().running;
  }
  return metrics;
}

WorkerMetrics::Kind& Worker::Engine::numbers_of(const std::string& kind) {
  WorkerMetrics::Kind& numbers = by_kind_[kind];
  numbers.kind = kind;
  return numbers;
}

void Worker::Engine::written(const EndingWriter::Entry& entry, bool is_refused) {
  forget(entry.ending.id, entry.ending.attempt);
  const Lock lock(metrics_mutex_);
  WorkerMetrics::Kind& numbers = numbers_of(entry.kind->name);
  numbers.seconds += to_seconds(entry.ending.took);
  if (is_refused) {
    ++numbers.fenced;
    return;
  }
  switch (entry.ending.kind) {
    case Ending::Kind::kCompleted:
    case Ending::Kind::kCompletedAlready:
      ++numbers.completed;
      break;
    case Ending::Kind::kFailed:
      ++numbers.failed;
      break;
    case Ending::Kind::kDiscarded:
      ++numbers.discarded;
      break;
    case Ending::Kind::kCancelled:
      ++numbers.cancelled;
      break;
    case Ending::Kind::kGivenBack:
    case Ending::Kind::kLater:
    case Ending::Kind::kWaiting:
      break;
  }
}

void Worker::Engine::make_room() {
  bool is_waited_for = false;
  for (auto& [name, kind] : kinds_) is_waited_for |= kind->is_held_back.exchange(false);
  if (is_waited_for) wakeup_.raise();
}

Worker::Worker(db::Database& database, WorkerOptions options)
    : engine_(std::make_unique<Engine>(database, std::move(options))) {}
Worker::~Worker() = default;

Result<void> Worker::add(JobKind kind) {
  return engine_->add(std::move(kind));
}
std::string Worker::title(std::string_view kind) const {
  const JobKind* known = engine_->find(kind);
  return known && !known->title.empty() ? known->title : std::string(kind);
}
std::string Worker::describe(std::string_view kind, std::string_view payload) const {
  const JobKind* known = engine_->find(kind);
  if (known && known->describe) {
    try {
      return known->describe(payload);
    } catch (const std::exception&) {
      return title(kind);  // whatever is wrong with the payload, its job will say
    }
  }
  return title(kind);
}
bool Worker::knows(std::string_view kind) const {
  return engine_->find(kind) != nullptr;
}
std::vector<const JobKind*> Worker::kinds() const {
  return engine_->kinds();
}
const JobKind* Worker::kind(std::string_view name) const {
  return engine_->find(name);
}
std::optional<LoopSpec> Worker::loop() {
  return engine_->loop();
}
WorkerMetrics Worker::metrics() const {
  return engine_->metrics();
}

}  // namespace vedette::work
