#include "app/serve_command.hpp"

#include <csignal>
#include <memory>
#include <optional>
#include <utility>

#include "app/life_signal.hpp"
#include "app/options.hpp"
#include "app/serve.hpp"
#include "app/stop_signal.hpp"
#include "base/log.hpp"
#include "base/notify_socket.hpp"

namespace vedette::app {
namespace {

Result<int> serve(const Invocation& invocation, bool has_demo) {
  StopSignal signals;
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is a full disk: an error, not the end

  config::Settings settings = invocation.settings();
  // Pages have a well-known port; the rest is found through the database.
  if (!roles(settings).has(work::Role::kApi) && !invocation.loaded.is_set("http.listen")) {
    settings.http.listen_port = 0;
  }
  Serve serve(settings, [&signals] { signals.request_stop(); });
  if (auto started = serve.start(has_demo); !started) {
    serve.stop();
    return fail(started.error());
  }
  std::optional<LifeSignal> life;
  life.emplace(
      NotifySocket::of_environment(),
      LifeSignal::Sources{.check = [&serve](Micros patience) { return serve.check_life(patience); },
                          .describe = [&serve] { return serve.describe(); }});
  signals.wait();
  life.reset();
  log::info("serve", "stopping");
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
