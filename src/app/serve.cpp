#include "app/serve.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "api/core_services.hpp"
#include "api/job_pace.hpp"
#include "app/object_keeper.hpp"
#include "app/options.hpp"
#include "app/routes.hpp"
#include "app/running_server.hpp"
#include "app/versions.hpp"
#include "base/log.hpp"
#include "net/http_client.hpp"
#include "work/job_keeper.hpp"

namespace vedette::app {

using namespace std::chrono_literals;

namespace {

// What a slow database may cost the thread that keeps the leases: several statements in one round,
// each within half a lease, and the time that a network takes to give up.
Micros longest_round(const config::Settings& settings) {
  return 2min + 4 * settings.lease.ttl;
}

}  // namespace

Serve::Serve(const config::Settings& settings, std::function<void()> give_up)
    : settings_(settings),
      give_up_(std::move(give_up)),
      events_(http::SseOptions{.heartbeat = 5s}),
      cpu_({.threads = settings.work.cpu_threads}) {}

Core Serve::core() {
  return {settings_, *database_, *blobs_, *supervisor_, *jobs_, cpu_, *relay_, clock_, services_};
}

void Serve::make_supervisor() {
  work::SupervisorOptions options;
  options.roles = roles(settings_);
  options.version = version();
  options.lease = lease_options(settings_);
  options.on_change = [this] {
    relay_->loops_changed();
    for (const auto& pipeline : pipelines_) pipeline->loops_changed();
  };
  supervisor_ = std::make_unique<work::Supervisor>(*database_, std::move(options));
  wakes_ = database_->subscribe(std::string(api::kWakeChannel), [this](std::string_view loop) {
    if (!loop.empty()) (void)supervisor_->wake(loop);  // another process's, most likely
  });
}

void Serve::make_worker() {
  work::WorkerOptions options;
  options.roles = roles(settings_);
  options.process_id = supervisor_->process_id();
  options.process_name = supervisor_->process_name();
  options.lease = lease_options(settings_);
  jobs_ = std::make_unique<work::Worker>(*database_, std::move(options));
}

void Serve::make_services() {
  services_ = std::make_shared<const api::CoreServices>(api::CoreServices{
      .database = *database_,
      .supervisor = *supervisor_,
      .jobs = *jobs_,
      .events = events_,
      .clock = clock_,
      .readiness = readiness_,
      .pace = std::make_shared<api::JobPace>(clock_),
      .process = {std::string(version()), roles(settings_), clock_.now(), settings_.lease.ttl},
      .server_stats = [this] { return server_->stats(); },
      .live_streams =
          [this] {
            int streams = 0;
            for (const auto& pipeline : pipelines_) streams += pipeline->live_streams();
            return streams;
          },
      .measure =
          [this](api::Families& all) {
            for (const auto& pipeline : pipelines_) pipeline->measure(all);
          },
      .notes =
          [this] {
            std::vector<api::Note> notes;
            for (const auto& pipeline : pipelines_) pipeline->note(notes);
            return notes;
          }});
}

Result<void> Serve::make_pipelines() {
  for (const PipelineKind& kind : pipelines()) {
    pipelines_.push_back(kind.make(core()));
    VEDETTE_CHECK(pipelines_.back()->add_loops());
  }
  VEDETTE_CHECK(supervisor_->add(work::job_keeper_loop(*database_, *jobs_)));
  VEDETTE_CHECK(supervisor_->add(object_keeper_loop(*blobs_)));
  // It knows all kinds by now.
  if (auto loop = jobs_->loop()) VEDETTE_CHECK(supervisor_->add(std::move(*loop)));
  return {};
}

Result<void> Serve::start_server() {
  const http::AuthOptions auth = auth_options(settings_);
  VEDETTE_CHECK(http::check_exposure(auth));
  const auto guard = std::make_shared<const http::Auth>(auth, clock_);
  server_ = std::make_unique<http::Server>(server_options(settings_),
                                           all_routes(core(), pipelines_, guard), guard);
  VEDETTE_CHECK(server_->start());
  supervisor_->set_address(own_address(settings_, server_->port()));
  fmt::print("Vedette {} answers at {}\n", version(), server_->url());
  std::fflush(stdout);
  return {};
}

Result<void> Serve::prepare(bool has_demo) {
  const auto steps = all_migrations();
  VEDETTE_CHECK(db::migrate(*database_, steps));
  for (const PipelineKind& kind : pipelines()) {
    if (has_demo) VEDETTE_CHECK(kind.add_demo(core()));
  }
  readiness_.set_ready(db::newest_versions(steps));
  return {};
}

void Serve::begin() {
  if (roles(settings_).has(work::Role::kApi)) relay_->start();
  supervisor_->start();
}

Result<void> Serve::start(bool has_demo) {
  VEDETTE_CHECK(make_data_folder(settings_));
  VEDETTE_TRY(database, db::Database::open(database_options(settings_)));
  database_ = std::move(database);
  VEDETTE_TRY(blobs, blob::open(blob_options(settings_)));
  blobs_ = std::move(blobs);
  relay_.emplace(*database_, events_);
  make_supervisor();
  make_worker();
  make_services();
  VEDETTE_CHECK(make_pipelines());
  VEDETTE_CHECK(start_server());
  preparer_.emplace(readiness_,
                    Preparer::Steps{.prepare = [this, has_demo] { return prepare(has_demo); },
                                    .begin = [this] { begin(); },
                                    .give_up = give_up_});
  return {};
}

Result<void> Serve::check_life(Micros patience) {
  net::HttpTarget self = own_server(settings_);
  self.port = std::to_string(server_->port());
  if (self.host == "localhost") self.host = "127.0.0.1";
  const auto got = net::http_get(self, "/healthz", {.timeout = patience});
  if (!got) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("it does not answer itself: {}", got.error().message));
  }
  if (got->status != 200) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("it answers /healthz with HTTP {}", got->status));
  }
  const auto silence = supervisor_->silence();
  if (silence.time > 4 * patience) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("the thread that starts and ends loops has hung for {:.0f} s",
                            to_seconds(silence.time)));
  }
  if (silence.database > longest_round(settings_)) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("the thread that keeps the leases has hung for {:.0f} s",
                            to_seconds(silence.database)));
  }
  return {};
}

std::string Serve::describe() const {
  const std::string why = readiness_.why();
  return fmt::format("Answers at {}, roles {}{}{}", server_->url(), roles(settings_).text(),
                     why.empty() ? "" : ". ", why);
}

void Serve::stop() {
  if (preparer_) preparer_->stop();
  for (const auto& pipeline : pipelines_) pipeline->end_streams();
  events_.close();
  if (server_) server_->stop();
  if (supervisor_) {
    for (const std::string& loop : supervisor_->stop(10s)) {
      log::warn("supervisor", "{} did not stop within 10 s; its lease runs out by itself", loop);
    }
  }
  relay_.reset();
  wakes_.reset();
}

}  // namespace vedette::app
