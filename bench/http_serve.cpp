// Serves what bench/http_history.py measures: the cached history of 1,000 rows and an event stream,
// by the program's own HTTP layer and nothing else.
//
//   http_serve ROWS.json [IO_THREADS=1] [PORT=0]     prints its port; ends with SIGTERM
#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/time.hpp"
#include "http/server.hpp"
#include "http/sse.hpp"

namespace http = vedette::http;

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: http_serve ROWS.json [IO_THREADS=1] [PORT=0]\n";
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  std::string rows((std::istreambuf_iterator<char>(file)), {});
  if (rows.empty()) {
    std::cerr << "http_serve: cannot read " << argv[1] << "\n";
    return 1;
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const auto history = http::CachedBody::make("application/json", std::move(rows));
  http::SseHub hub;
  http::RouteOptions quick;
  quick.inline_ok = true;
  http::Router router;
  router.get(
      "/api/traffic/history", [&](const http::Request&) { return http::cached(history); }, quick);
  router.get(
      "/api/events", [&](const http::Request& request) { return hub.subscribe(request); }, quick);
  router.post(
      "/api/emit",
      [&](const http::Request&) {
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        hub.publish("traffic", "{\"t_ns\":" + std::to_string(now.count()) + "}");
        return http::empty();
      },
      quick);

  const vedette::SystemClock clock;
  http::ServerOptions options;
  options.io_threads = argc > 2 ? std::atoi(argv[2]) : 1;
  options.port = static_cast<std::uint16_t>(argc > 3 ? std::atoi(argv[3]) : 0);
  options.requests_per_connection = SIZE_MAX;
  http::Server server(options, std::move(router),
                      std::make_shared<const http::Auth>(http::AuthOptions{}, clock));
  if (const auto started = server.start(); !started) {
    std::cerr << started.error().message << "\n";
    return 1;
  }
  std::cout << server.port() << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  server.stop();
  return 0;
}
