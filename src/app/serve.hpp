// A server: everything that `vedette serve` runs, in the order in which it comes up; it goes down
// in the reverse one. Made by serve_command.cpp; the main thread alone calls it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/event_relay.hpp"
#include "api/readiness.hpp"
#include "app/pipeline.hpp"
#include "app/prepare.hpp"
#include "base/time.hpp"
#include "blob/store.hpp"
#include "config/settings.hpp"
#include "db/database.hpp"
#include "http/server.hpp"
#include "http/sse.hpp"
#include "work/cpu_pool.hpp"
#include "work/supervisor.hpp"
#include "work/worker.hpp"

namespace vedette::app {

class Serve {
 public:
  /// `settings` outlive it. `give_up` is called when the database turns out to be one that this
  /// program must not touch, from a thread of its own: stop() is then to follow.
  Serve(const config::Settings& settings, std::function<void()> give_up);

  /// Answers from its return on; the database may come later. After an error only stop() follows.
  Result<void> start(bool has_demo);
  /// After start(), any thread: an error when it does not live as it should, and why: it does not
  /// answer GET /healthz within `patience`, or a thread that everything waits for hangs.
  Result<void> check_life(Micros patience);
  /// After start(), any thread: where it answers, and what it waits for; one line for a person.
  std::string describe() const;
  /// In order: stop accepting, stop claiming, drain, release, close.
  void stop();
  /// After stop(): why the database cannot be used, if that is what ended the program.
  std::optional<Error> refusal() const { return preparer_ ? preparer_->refusal() : std::nullopt; }

 private:
  void make_supervisor();
  void make_worker();
  void make_services();
  Result<void> make_pipelines();
  Result<void> start_server();
  Result<void> prepare(bool has_demo);
  void begin();
  Core core();

  const config::Settings& settings_;
  std::function<void()> give_up_;
  SystemClock clock_;
  api::Readiness readiness_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<blob::Store> blobs_;
  http::SseHub events_;
  work::CpuPool cpu_;
  // Before the supervisor: a loop that does not stop in time is joined by that one's end.
  Pipelines pipelines_;
  std::unique_ptr<work::Worker> jobs_;  // likewise: its heart is a loop
  std::unique_ptr<work::Supervisor> supervisor_;
  db::Subscription wakes_;
  std::shared_ptr<const api::CoreServices> services_;
  std::optional<api::EventRelay> relay_;
  std::unique_ptr<http::Server> server_;
  std::optional<Preparer> preparer_;
};

}  // namespace vedette::app
