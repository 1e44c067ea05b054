#include "work/supervisor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/id.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "work/engine.hpp"
#include "work/state_store.hpp"

namespace vedette::work {
namespace {

ProcessInfo this_process(const SupervisorOptions& options) {
  ProcessInfo process;
  process.id = new_uuid();
  process.name = fmt::format("{}:{}", host_name(), process_id());
  process.roles = options.roles.text();
  process.version = options.version;
  process.started_at = SystemClock().now();
  process.resident_bytes = resident_bytes();
  return process;
}

}  // namespace

Supervisor::Engine::Engine(db::Database& database, SupervisorOptions options)
    : database_(database),
      options_(std::move(options)),
      process_(this_process(options_)),
      leases_(process_.id, process_.name, options_.lease) {}

Supervisor::Engine::~Engine() {
  stop(std::chrono::seconds(5));
  // Bodies that have not returned yet are waited for: jthread joins. They still use the engine.
  Loops loops;
  {
    const Lock lock(loops_mutex_);
    loops.swap(loops_);
  }
  loops.clear();
}

Result<void> Supervisor::Engine::add(LoopSpec spec) {
  if (!options_.roles.has(spec.role)) return {};
  if (spec.name.empty() || !spec.body) {
    return fail(ErrorCode::kInvalid, "A loop needs a name and a body.");
  }
  {
    const Lock lock(loops_mutex_);
    if (is_stopping_) return fail(ErrorCode::kCancelled, "The process is stopping.");
    if (loops_.contains(spec.name)) {
      return fail(
          ErrorCode::kConflict,
          fmt::format("There is a loop \"{}\" already, or it is still stopping.", spec.name));
    }
    for (const auto& [name, loop] : loops_) {
      if (!spec.lease.empty() && loop->spec.lease == spec.lease) {
        return fail(ErrorCode::kConflict,
                    fmt::format("The loop \"{}\" uses the lease \"{}\".", name, spec.lease));
      }
    }
    LoopStatus status;
    status.name = spec.name;
    status.title = spec.title.empty() ? spec.name : spec.title;
    status.role = spec.role;
    status.lease = spec.lease;
    has_new_share_ = has_new_share_ || is_new_share(spec.group);
    status.process = process_.name;
    status.process_id = process_.id;
    auto loop = std::make_shared<Loop>();
    loop->spec = std::move(spec);
    loop->cell = std::make_shared<LoopCell>(std::move(status),
                                            [this](bool is_visible) { cell_changed(is_visible); });
    loops_.emplace(loop->spec.name, loop);
  }
  look_asked_ = true;
  cell_changed(true);
  database_wakeup_.raise();
  time_wakeup_.raise();
  return {};
}

Result<void> Supervisor::Engine::remove(std::string_view name, Micros grace) {
  Lock lock(loops_mutex_);
  const LoopPtr loop = find(name);
  if (!loop) return fail(ErrorCode::kNotFound, fmt::format("There is no loop \"{}\".", name));
  if (loop->body.get_id() == std::this_thread::get_id()) {
    return fail(ErrorCode::kInvalid, "A loop cannot wait for its own end.");
  }
  loop->is_wanted = false;
  loop->is_forgotten = true;
  if (!is_started_) {
    loops_.erase(loop->spec.name);
    return {};
  }
  time_wakeup_.raise();
  const bool is_gone = settled_.wait_for(
      lock, grace, [&]() VEDETTE_REQUIRES(loops_mutex_) { return find(name) != loop; });
  if (is_gone) return {};
  return fail(ErrorCode::kTimeout,
              fmt::format("The loop \"{}\" has not come to its end within {} s; it will be gone "
                          "when it has.",
                          name, to_seconds(grace)));
}

Result<void> Supervisor::Engine::wake(std::string_view name) {
  {
    const Lock lock(loops_mutex_);
    const LoopPtr loop = find(name);
    if (!loop) return fail(ErrorCode::kNotFound, fmt::format("There is no loop \"{}\".", name));
    loop->next_attempt = {};
    loop->next_attempt_at.reset();
    loop->cell->wake();
  }
  time_wakeup_.raise();
  return {};
}

void Supervisor::Engine::set_address(std::string address) {
  const Lock lock(loops_mutex_);
  // Later the database thread reads it.
  if (!is_started_) process_.address = std::move(address);
}

void Supervisor::Engine::start() {
  {
    const Lock lock(loops_mutex_);
    if (is_started_ || is_stopping_) return;
    is_started_ = true;
  }
  notices_ = database_.subscribe(std::string(kLeaseChannel), [this](std::string_view) {
    look_asked_ = true;
    database_wakeup_.raise();
  });
  time_came_round_ = BootClock::now();
  database_came_round_ = BootClock::now();
  time_thread_ = std::thread([this] { run_time(); });
  database_thread_ = std::thread([this] { run_database(); });
}

std::vector<std::string> Supervisor::Engine::stop(Micros grace) {
  const Lock stop_lock(stop_mutex_);
  if (left_running_) return *left_running_;
  notices_.reset();
  std::vector<std::string> left;
  {
    Lock lock(loops_mutex_);
    is_stopping_ = true;
    const auto deadline = std::chrono::steady_clock::now() + grace;
    for (const bool last_ones : {false, true}) {
      for (auto& [name, loop] : loops_) {
        if (last_ones || !loop->spec.ends_last) loop->is_wanted = false;
      }
      if (!is_started_) continue;
      has_new_share_ = true;  // none: what is given up is for others to take at once
      time_wakeup_.raise();
      database_wakeup_.raise();
      // The last ones have their time even if others do not end.
      const auto until = last_ones ? deadline : deadline - grace / 4;
      settled_.wait_until(lock, until, [this, last_ones]() VEDETTE_REQUIRES(loops_mutex_) {
        return are_settled(last_ones);
      });
    }
    for (const auto& [name, loop] : loops_) {
      if (loop->is_running) left.push_back(name);
    }
    is_time_over_ = true;
  }
  if (time_thread_.joinable()) {
    time_wakeup_.raise();
    time_thread_.join();
  }
  {
    const Lock lock(loops_mutex_);
    for (const auto& [name, loop] : loops_) loop->cell->show(describe(*loop, BootClock::now()));
    is_database_over_ = true;
  }
  if (database_thread_.joinable()) {
    database_wakeup_.raise();
    database_thread_.join();
  }
  for (const std::string& name : left) {
    log::warn("work", "{}: has not ended when asked to; its lease is left to run out", name);
  }
  left_running_ = left;
  return left;
}

std::vector<LoopStatus> Supervisor::Engine::snapshot() const {
  const Lock lock(loops_mutex_);
  std::vector<LoopStatus> list;
  list.reserve(loops_.size());
  for (const auto& [name, loop] : loops_) list.push_back(loop->cell->status());
  return list;
}

std::optional<LoopStatus> Supervisor::Engine::status(std::string_view name) const {
  const Lock lock(loops_mutex_);
  const LoopPtr loop = find(name);
  if (!loop) return std::nullopt;
  return loop->cell->status();
}

Result<std::vector<LoopStatus>> Supervisor::Engine::all(std::span<const std::string> names) const {
  VEDETTE_TRY(written, read_states(database_, options_.lease, names));
  std::vector<LoopStatus> rows = snapshot();
  if (!names.empty()) {
    std::erase_if(rows, [&](const LoopStatus& row) {
      return std::ranges::find(names, row.name) == names.end();
    });
  }
  for (LoopStatus& row : written) {
    if (row.process_id != process_.id) rows.push_back(std::move(row));
  }
  return merge(std::move(rows));
}

SupervisorMetrics Supervisor::Engine::metrics() const {
  const Lock lock(loops_mutex_);
  SupervisorMetrics metrics = counters_;
  metrics.is_database_reachable = !database_error_;
  const Instant now = SystemClock().now();
  for (const auto& [name, loop] : loops_) {
    const LoopStatus status = loop->cell->status();
    SupervisorMetrics::Loop numbers;
    numbers.name = name;
    numbers.state = status.state;
    numbers.health = status.health;
    numbers.restarts = status.restarts;
    if (status.last_success_at) {
      numbers.seconds_since_success = to_seconds(now - *status.last_success_at);
    }
    metrics.loops.push_back(std::move(numbers));
    if (loop->token > 0) ++metrics.leases_held;
  }
  return metrics;
}

Supervisor::Silence Supervisor::Engine::silence() {
  const Time now = BootClock::now();
  const auto since = [now](Time came_round) {
    if (came_round > now) return Micros(0);
    return std::chrono::duration_cast<Micros>(now - came_round);
  };
  const Silence silence{since(time_came_round_), since(database_came_round_)};
  time_wakeup_.raise();
  database_wakeup_.raise();
  return silence;
}

void Supervisor::Engine::cell_changed(bool is_visible) {
  // Only the first change since the last write wakes the thread, so that a camera may report every
  // frame.
  if (!has_unwritten_.exchange(true)) database_wakeup_.raise();
  if (is_visible && options_.on_change && !has_visible_change_.exchange(true)) {
    time_wakeup_.raise();
  }
}

bool Supervisor::Engine::is_new_share(const LoopGroup& group) const {
  return !group.name.empty() && std::ranges::none_of(loops_, [&](const auto& entry) {
    const LoopGroup& other = entry.second->spec.group;
    return other.name == group.name && other.most_held == group.most_held;
  });
}

bool Supervisor::Engine::are_settled(bool last_ones) const {
  return std::ranges::all_of(loops_, [&](const auto& entry) {
    return (!last_ones && entry.second->spec.ends_last) || is_settled(*entry.second);
  });
}

Supervisor::Engine::LoopPtr Supervisor::Engine::find(std::string_view name) const {
  const auto found = loops_.find(name);
  return found == loops_.end() ? nullptr : found->second;
}

Supervisor::Supervisor(db::Database& database, SupervisorOptions options)
    : engine_(std::make_unique<Engine>(database, std::move(options))) {}
Supervisor::~Supervisor() = default;

Result<void> Supervisor::add(LoopSpec spec) {
  return engine_->add(std::move(spec));
}
Result<void> Supervisor::remove(std::string_view name, Micros grace) {
  return engine_->remove(name, grace);
}
Result<void> Supervisor::wake(std::string_view name) {
  return engine_->wake(name);
}
void Supervisor::set_address(std::string address) {
  engine_->set_address(std::move(address));
}
void Supervisor::start() {
  engine_->start();
}
std::vector<std::string> Supervisor::stop(Micros grace) {
  return engine_->stop(grace);
}
std::vector<LoopStatus> Supervisor::snapshot() const {
  return engine_->snapshot();
}
std::optional<LoopStatus> Supervisor::status(std::string_view name) const {
  return engine_->status(name);
}
bool Supervisor::holds(std::string_view name) const {
  const auto loop = engine_->status(name);
  return loop && loop->token != 0;
}

Result<std::vector<LoopStatus>> Supervisor::all(std::span<const std::string> names) const {
  return engine_->all(names);
}
Supervisor::Silence Supervisor::silence() {
  return engine_->silence();
}
SupervisorMetrics Supervisor::metrics() const {
  return engine_->metrics();
}
const std::string& Supervisor::process_name() const {
  return engine_->process().name;
}
const std::string& Supervisor::process_id() const {
  return engine_->process().id;
}

}  // namespace vedette::work
