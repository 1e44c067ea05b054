#include "app/life_signal.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/log.hpp"
#include "base/process.hpp"

namespace vedette::app {
namespace {

using namespace std::chrono_literals;

constexpr Micros kBeforeReady = 100ms;
constexpr Micros kWithoutWatchdog = 15s;

void wait_for(const std::stop_token& stop, Micros time) {
  std::mutex unused_mutex;
  std::unique_lock lock(unused_mutex);
  std::condition_variable_any stopped;
  (void)stopped.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

LifeSignal::LifeSignal(NotifySocket socket, Sources sources)
    : socket_(std::move(socket)), sources_(std::move(sources)) {
  if (!socket_.is_there()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

LifeSignal::~LifeSignal() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  tell("STOPPING=1\nSTATUS=Stopping");
}

Micros LifeSignal::pause() const {
  return socket_.watchdog() > 0s ? socket_.watchdog() / 4 : kWithoutWatchdog;
}

void LifeSignal::tell(const std::string& lines) {
  const auto told = socket_.tell(lines);
  if (!told && could_tell_) log::warn("serve", "{}", told.error().message);
  could_tell_ = told.has_value();
}

void LifeSignal::run(const std::stop_token& stop) {
  set_thread_name("life signal");
  bool is_ready = false;
  bool was_alive = true;
  std::string shown;
  while (!stop.stop_requested()) {
    const auto lives = sources_.check(std::min<Micros>(pause(), 10s));
    std::string lines;
    if (lives && !is_ready) lines += "READY=1\n";
    if (lives && socket_.watchdog() > 0s) lines += "WATCHDOG=1\n";
    is_ready = is_ready || lives;
    std::string status = lives ? sources_.describe() : lives.error().message;
    if (is_ready && status != shown) lines += "STATUS=" + status + "\n";
    if (is_ready) shown = std::move(status);
    if (!lives && is_ready && was_alive) {
      log::error("serve", "no sign of life is given while this lasts: {}", lives.error().message);
    }
    if (lives && !was_alive) log::info("serve", "signs of life are given again");
    if (is_ready) was_alive = lives.has_value();
    if (!lines.empty()) tell(lines);
    wait_for(stop, is_ready ? pause() : kBeforeReady);
  }
}

}  // namespace vedette::app
