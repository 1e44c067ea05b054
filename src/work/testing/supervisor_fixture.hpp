// What the tests of the supervisor share: a body that waits for its end, a loop with short times,
// and two databases as two processes would have them.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "work/supervisor.hpp"
#include "work/testing/eventually.hpp"
#include "work/testing/store.hpp"

namespace vedette::work::testing {

/// Waits for its end, and knows how it fares.
struct Sleeper {
  std::atomic<int> runs = 0;
  std::atomic<int> running = 0;
  std::atomic<std::int64_t> token = 0;

  LoopBody body() {
    return [this](LoopContext& loop) -> Result<void> {
      token = loop.fence().token;
      ++running;
      ++runs;
      while (loop.wait(std::chrono::hours(1))) loop.success(std::chrono::milliseconds(1));
      --running;
      return {};
    };
  }
};

inline LoopSpec spec(std::string name, LoopBody body, std::string lease = "same") {
  LoopSpec loop;
  loop.lease = lease == "same" ? name : std::move(lease);
  loop.title = "Loop " + name;
  loop.name = std::move(name);
  loop.body = std::move(body);
  loop.options = {.backoff_min = std::chrono::milliseconds(20),
                  .backoff_max = std::chrono::milliseconds(100),
                  .healthy_after = std::chrono::milliseconds(50)};
  return loop;
}

struct SupervisorTest : StoreTest {
  /// The lease is long enough for a machine that stands still now and then.
  static SupervisorOptions options() {
    SupervisorOptions options;
    options.lease.ttl = std::chrono::seconds(5);
    options.write_every = std::chrono::milliseconds(20);
    options.version = "1.2.3";
    return options;
  }
  bool reaches(const Supervisor& supervisor, std::string_view loop, LoopState state) {
    return eventually([&] {
      const auto status = supervisor.status(loop);
      return status && status->state == state;
    });
  }
  std::vector<Holding> history(std::string_view lease) {
    return lease_history(*database, lease, 100).value();
  }
};

}  // namespace vedette::work::testing
