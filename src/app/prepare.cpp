#include "app/prepare.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "base/process.hpp"
#include "base/time.hpp"

namespace vedette::app {

Preparer::Preparer(api::Readiness& readiness, Steps steps)
    : readiness_(readiness),
      steps_(std::move(steps)),
      thread_([this](const std::stop_token& stop) { prepare_until(stop); }) {}

void Preparer::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Preparer::prepare_until(const std::stop_token& stop) {
  set_thread_name("prepare");
  std::string last;
  while (!stop.stop_requested()) {
    const Result<void> prepared = steps_.prepare();
    if (prepared) return steps_.begin();
    const Error& error = prepared.error();
    if (!error.retryable && error.code != ErrorCode::kDiskFull) {
      refusal_ = error;
      return steps_.give_up();
    }
    if (std::exchange(last, error.message) != last) log::error("database", "{}", last);
    readiness_.set_waiting(error.message);
    sleep_for(stop, std::chrono::seconds(1));
  }
}

}  // namespace vedette::app
