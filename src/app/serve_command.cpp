#include "app/serve_command.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "api/core_services.hpp"
#include "api/event_relay.hpp"
#include "api/readiness.hpp"
#include "api/session.hpp"
#include "app/options.hpp"
#include "app/pipeline.hpp"
#include "app/prepare.hpp"
#include "app/versions.hpp"
#include "base/log.hpp"
#include "blob/store.hpp"
#include "embed/ui.hpp"
#include "http/server.hpp"
#include "http/static_files.hpp"
#include "work/cpu_pool.hpp"
#include "work/supervisor.hpp"

namespace vedette::app {
namespace {

using namespace std::chrono_literals;

/// The parts of a server, in the order in which they come up; they go down in the reverse one.
class Serve {
 public:
  explicit Serve(const config::Settings& settings)
      : settings_(settings), events_(http::SseOptions{.heartbeat = 5s}) {}

  Result<void> start(bool has_demo);
  void stop();
  /// After stop(): why the database cannot be used, if that is what ended the program.
  std::optional<Error> refusal() const { return preparer_ ? preparer_->refusal() : std::nullopt; }

 private:
  void make_supervisor();
  void make_services();
  Result<void> make_pipelines();
  Result<void> start_server();
  Result<void> prepare(bool has_demo);
  void begin();

  const config::Settings& settings_;
  SystemClock clock_;
  api::Readiness readiness_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<blob::Store> blobs_;
  http::SseHub events_;
  work::CpuPool cpu_{{}};
  // Before the supervisor: a loop that does not stop in time is joined by that one's end.
  std::vector<std::unique_ptr<Pipeline>> pipelines_;
  std::unique_ptr<work::Supervisor> supervisor_;
  db::Subscription wakes_;
  std::shared_ptr<const api::CoreServices> services_;
  std::optional<api::EventRelay> relay_;
  std::unique_ptr<http::Server> server_;
  std::optional<Preparer> preparer_;
};

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

void Serve::make_services() {
  services_ = std::make_shared<const api::CoreServices>(api::CoreServices{
      .database = *database_,
      .supervisor = *supervisor_,
      .events = events_,
      .clock = clock_,
      .readiness = readiness_,
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
  const Core core{settings_, *database_, *blobs_, *supervisor_, cpu_, *relay_, clock_, services_};
  for (const PipelineKind& kind : pipelines()) {
    pipelines_.push_back(kind.make(core));
    VEDETTE_CHECK(pipelines_.back()->add_loops());
  }
  return {};
}

// In every process, whatever its roles: how it is, what it measures, what other processes ask for.
Result<void> Serve::start_server() {
  const http::AuthOptions auth = auth_options(settings_);
  VEDETTE_CHECK(http::check_exposure(auth));
  const auto guard = std::make_shared<const http::Auth>(auth, clock_);
  http::Router router;
  api::mount_health(router, services_);
  for (const auto& pipeline : pipelines_) pipeline->mount_for_peers(router);
  if (roles(settings_).has(work::Role::kApi)) {
    api::mount_operations(router, services_);
    api::mount_session(router, guard);
    for (const auto& pipeline : pipelines_) pipeline->mount(router);
    api::mount_events(router, *relay_, events_);
    auto files = std::make_shared<const http::StaticFiles>(embed::ui());
    router.fallback([files](const http::Request& request) { return files->serve(request); },
                    {.open = true, .inline_ok = true});
  }
  api::refuse_until_ready(router, readiness_);
  server_ = std::make_unique<http::Server>(server_options(settings_), std::move(router), guard);
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
    if (has_demo) VEDETTE_CHECK(kind.add_demo(settings_, *database_));
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
  make_services();
  VEDETTE_CHECK(make_pipelines());
  VEDETTE_CHECK(start_server());
  preparer_.emplace(readiness_,
                    Preparer::Steps{.prepare = [this, has_demo] { return prepare(has_demo); },
                                    .begin = [this] { begin(); },
                                    // The main thread waits for a signal.
                                    .give_up = [] { kill(getpid(), SIGTERM); }});
  return {};
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

Result<int> serve(const Invocation& invocation, bool has_demo) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is a full disk: an error, not the end

  config::Settings settings = invocation.settings();
  // Pages have a well-known port; the rest is found through the database.
  if (!roles(settings).has(work::Role::kApi) && !invocation.loaded.is_set("http.listen")) {
    settings.http.listen_port = 0;
  }
  Serve serve(settings);
  if (auto started = serve.start(has_demo); !started) {
    serve.stop();
    return fail(started.error());
  }
  int received = 0;
  sigwait(&ends, &received);
  log::info("serve", "stopping");
  // A second signal does not wait for anything.
  pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);
  signal(SIGINT, [](int) { _exit(kFailed); });
  signal(SIGTERM, [](int) { _exit(kFailed); });
  serve.stop();
  if (auto refusal = serve.refusal()) return fail(std::move(*refusal));
  return kDone;
}

}  // namespace

void add_serve_command(CommandLine& line) {
  auto has_demo = std::make_shared<bool>(false);
  line.add("serve",
           "Watch, count and serve the pages: everything in one process, or some --roles of it",
           [has_demo](const Invocation& invocation) { return serve(invocation, *has_demo); })
      .flag("demo", *has_demo, "On an empty database, add cameras that play the sample clips")
      .show_settings();
}

}  // namespace vedette::app
