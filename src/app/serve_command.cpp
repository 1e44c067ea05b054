#include "app/serve_command.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "api/event_relay.hpp"
#include "api/response_cache.hpp"
#include "api/session.hpp"
#include "api/traffic/pictures.hpp"
#include "api/traffic/remote_pictures.hpp"
#include "api/traffic/traffic_events.hpp"
#include "api/traffic/traffic_services.hpp"
#include "app/demo.hpp"
#include "app/options.hpp"
#include "app/samples.hpp"
#include "app/schema.hpp"
#include "app/versions.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "embed/ui.hpp"
#include "http/server.hpp"
#include "http/static_files.hpp"
#include "traffic/detectors.hpp"
#include "traffic/keepers.hpp"
#include "traffic/live_view.hpp"
#include "traffic/roster.hpp"
#include "work/supervisor.hpp"

namespace vedette::app {
namespace {

using namespace std::chrono_literals;

std::vector<api::DetectorChoice> detector_choices(const traffic::Detectors& detectors,
                                                  std::vector<std::string>& notes) {
  std::vector<api::DetectorChoice> choices;
  bool has_usable = false;
  for (const traffic::FoundModel& model : detectors.found()) {
    choices.push_back({model.name, false, model.licence, model.types, model.problem});
    has_usable = has_usable || model.problem.empty();
  }
  choices.push_back({std::string(traffic::kMotion), true, "", {"moving"}, ""});
  if (!has_usable) {
    notes.emplace_back(
        "No detection model was found: cameras count by motion and cannot tell types apart. Put a "
        "model "
        "and its sidecar into the models folder (`vedette doctor` names it).");
  }
  if (!media::has_openvino()) {
    notes.emplace_back(
        "OpenVINO is not in this build: models run in OpenCV, about four times slower.");
  }
  return choices;
}

/// The parts of a server, in the order in which they come up; they go down in the reverse one.
class Serve {
 public:
  explicit Serve(const config::Settings& settings)
      : settings_(settings),
        events_(http::SseOptions{.heartbeat = 5s}),
        cache_(64, 10s),
        live_({settings.live.fps, settings.live.quality, settings.live.max_width},
              [this](std::string_view camera) { return pictures_.sink(camera); }),
        detectors_(detector_settings(settings)) {}

  Result<void> start(bool has_demo);
  void stop();

 private:
  Result<void> open_database();
  void make_supervisor();
  Result<void> start_server();
  void mount_pages(http::Router& router, const std::shared_ptr<const http::Auth>& guard);
  void prepare_until(const std::stop_token& stop, bool has_demo);
  Result<void> prepare(bool has_demo);

  const config::Settings& settings_;
  SystemClock clock_;
  std::unique_ptr<db::Database> database_;
  http::SseHub events_;
  api::ResponseCache cache_;
  api::PictureTopics pictures_;
  traffic::LiveViews live_;
  traffic::Detectors detectors_;
  std::unique_ptr<work::Supervisor> supervisor_;
  db::Subscription wakes_;
  std::shared_ptr<const api::CoreServices> core_;
  std::shared_ptr<const api::TrafficServices> traffic_;
  std::unique_ptr<api::EventRelay> relay_;
  std::unique_ptr<api::RemotePictures> remote_pictures_;
  std::unique_ptr<http::Server> server_;
  std::jthread preparer_;
};

Result<void> Serve::open_database() {
  VEDETTE_CHECK(make_data_folder(settings_));
  VEDETTE_TRY(database, db::Database::open(database_options(settings_)));
  database_ = std::move(database);
  return {};
}

void Serve::make_supervisor() {
  work::SupervisorOptions options;
  options.roles = roles(settings_);
  options.version = version();
  options.lease = lease_options(settings_);
  options.on_change = [this] {
    if (relay_) relay_->loops_changed();
    if (remote_pictures_) remote_pictures_->loops_changed();
  };
  supervisor_ = std::make_unique<work::Supervisor>(*database_, std::move(options));
  wakes_ = database_->subscribe(std::string(api::kWakeChannel), [this](std::string_view loop) {
    if (!loop.empty()) (void)supervisor_->wake(loop);  // another process's, most likely
  });
}

Result<void> Serve::start_server() {
  const http::AuthOptions auth = auth_options(settings_);
  VEDETTE_CHECK(http::check_exposure(auth));
  remote_pictures_ = std::make_unique<api::RemotePictures>(
      *supervisor_, pictures_, settings_.auth.protect_reads ? settings_.auth.token : "");
  core_ = std::make_shared<const api::CoreServices>(api::CoreServices{
      .database = *database_,
      .supervisor = *supervisor_,
      .events = events_,
      .clock = clock_,
      .process = {std::string(version()), roles(settings_), clock_.now(), settings_.lease.ttl},
      .server_stats = [this] { return server_->stats(); },
      .live_streams = [this] { return pictures_.viewers(); },
      .measure = [this](api::Families& all) { api::measure_cameras(all, *database_); }});
  traffic_ = std::make_shared<const api::TrafficServices>(
      api::TrafficServices{.core = core_,
                           .live = live_,
                           .pictures = pictures_,
                           .remote_pictures = *remote_pictures_,
                           .history_cache = cache_,
                           .detectors = [this](std::vector<std::string>& notes) {
                             return detector_choices(detectors_, notes);
                           }});

  http::Router router;
  const auto guard = std::make_shared<const http::Auth>(auth, clock_);
  api::mount_health(router, core_);
  api::mount_pictures(router, traffic_);
  if (roles(settings_).has(work::Role::kApi)) mount_pages(router, guard);
  server_ = std::make_unique<http::Server>(server_options(settings_), std::move(router), guard);
  VEDETTE_CHECK(server_->start());
  supervisor_->set_address(own_address(settings_, server_->port()));
  fmt::print("Vedette {} answers at {}\n", version(), server_->url());
  std::fflush(stdout);
  return {};
}

void Serve::mount_pages(http::Router& router, const std::shared_ptr<const http::Auth>& guard) {
  api::mount_operations(router, core_);
  api::mount_traffic(router, traffic_);
  relay_ = std::make_unique<api::EventRelay>(*database_, events_);
  for (api::EventSource& source : api::traffic_events(traffic_)) relay_->add(std::move(source));
  api::mount_events(router, *relay_, events_);
  relay_->start();
  api::mount_session(router, guard);
}

Result<void> Serve::prepare(bool has_demo) {
  VEDETTE_TRY(report, db::migrate(*database_, all_migrations()));
  for (const std::string& step : report.applied) log::info("database", "applied: {}", step);
  if (has_demo) VEDETTE_CHECK(add_demo_cameras(*database_, sample_folders(settings_)));
  return {};
}

// The database may be away at the start: pages say so, and work begins when it is there.
void Serve::prepare_until(const std::stop_token& stop, bool has_demo) {
  set_thread_name("prepare");
  std::string last;
  while (!stop.stop_requested()) {
    Result<void> prepared = prepare(has_demo);
    if (prepared) {
      supervisor_->start();
      return;
    }
    if (std::exchange(last, prepared.error().message) != last) log::error("database", "{}", last);
    if (!prepared.error().retryable && prepared.error().code != ErrorCode::kDiskFull) return;
    sleep_for(stop, 1s);
  }
}

Result<void> Serve::start(bool has_demo) {
  VEDETTE_CHECK(open_database());
  make_supervisor();
  const traffic::CameraLoopParts parts{
      database_.get(),
      &detectors_,
      &live_,
      &clock_,
      {settings_.watch.stall, settings_.watch.retry_max, settings_.watch.max_picture}};
  VEDETTE_CHECK(
      supervisor_->add(traffic::roster_loop(*supervisor_, parts, settings_.watch.max_cameras)));
  VEDETTE_CHECK(supervisor_->add(traffic::rollup_loop(*database_, settings_.rollup.every)));
  VEDETTE_CHECK(supervisor_->add(traffic::retention_loop(
      *database_,
      {settings_.history.live_retention, settings_.history.crossings_retention,
       settings_.history.five_minute_retention, settings_.history.hourly_retention},
      clock_)));
  // Who watches a camera answers for its picture.
  const work::Roles own = roles(settings_);
  if (own.has(work::Role::kApi) || own.has(work::Role::kWatch)) VEDETTE_CHECK(start_server());
  preparer_ = std::jthread(
      [this, has_demo](const std::stop_token& stop) { prepare_until(stop, has_demo); });
  return {};
}

void Serve::stop() {
  preparer_.request_stop();
  if (preparer_.joinable()) preparer_.join();
  if (remote_pictures_) remote_pictures_->stop();
  // Streams would keep the server waiting for clients that never leave.
  pictures_.close();
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

  log::set_level(invocation.settings().log.level);
  config::Settings settings = invocation.settings();
  // Pages have a well-known port; pictures alone are found through the database.
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
  return kDone;
}

}  // namespace

void add_serve_command(CommandLine& line) {
  auto has_demo = std::make_shared<bool>(false);
  CLI::App* command = line.add(
      "serve", "Watch, count and serve the pages: everything in one process, or some --roles of it",
      [has_demo](const Invocation& invocation) { return serve(invocation, *has_demo); });
  command->add_flag("--demo", *has_demo,
                    "On an empty database, add cameras that play the sample clips");
}

}  // namespace vedette::app
