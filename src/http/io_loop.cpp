#include "http/io_loop.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <chrono>

#include "base/log.hpp"
#include "base/process.hpp"
#include "http/connection.hpp"
#include "http/head.hpp"

namespace vedette::http {
namespace {

namespace asio = boost::asio;

std::uint32_t steady_seconds() {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

}  // namespace

IoLoop::IoLoop(SharedState& shared, int number)
    : shared_(shared),
      number_(number),
      context_(1),  // one thread runs it
      work_(asio::make_work_guard(context_)),
      timer_(context_),
      now_s_(steady_seconds()) {}

IoLoop::~IoLoop() = default;

void IoLoop::start() {
  arm_sweep();
  thread_ = std::jthread([this] {
    set_thread_name("http-io-" + std::to_string(number_));
    // sendfile() to a client that has left raises SIGPIPE and knows no flag against it; blocked, it
    // only shows as an error.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception& e) {
        // Handlers' exceptions are caught where they are called: this is a defect of the server.
        log::error("http", "an io thread met an unexpected error and goes on: {}", e.what());
      }
    }
  });
}

void IoLoop::join() {
  if (thread_.joinable()) thread_.join();
}

void IoLoop::post(std::move_only_function<void()> task) {
  asio::post(context_, std::move(task));
}

bool IoLoop::is_current() const {
  return thread_.get_id() == std::this_thread::get_id();
}

std::int64_t IoLoop::now_us() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string_view IoLoop::date_field() {
  const auto now = std::time(nullptr);
  if (now != date_at_) {
    date_at_ = now;
    date_ = "Date: " + http_date(now) + "\r\n";
  }
  return date_;
}

std::unique_ptr<Exchange> IoLoop::lend() {
  if (spare_.empty()) return std::make_unique<Exchange>();
  auto exchange = std::move(spare_.back());
  spare_.pop_back();
  return exchange;
}

void IoLoop::give_back(std::unique_ptr<Exchange> exchange) {
  constexpr std::size_t kSpare = 64;
  constexpr std::size_t kKeepBody = 16 * 1024;
  exchange->outgoing.clear();
  exchange->route = nullptr;
  exchange->refusal.reset();
  exchange->request.stream.reset();
  exchange->body_claim.release();
  if (spare_.size() >= kSpare || exchange->request.body.capacity() > kKeepBody ||
      exchange->landed.capacity() > kKeepBody) {
    return;
  }
  spare_.push_back(std::move(exchange));
}

void IoLoop::adopt(int socket, std::string remote) {
  asio::dispatch(context_, [this, socket, remote = std::move(remote)]() mutable {
    const bool is_spare = shared_.is_full() && !make_room();
    const bool has_place = !shared_.is_stopping && (!is_spare || shared_.admit_spare() ||
                                                    (drop_spare() && shared_.admit_spare()));
    if (!has_place || !shared_.admit(remote)) {
      if (has_place && is_spare) shared_.release_spare();
      Counters::add(counters_.refused);
      constexpr std::string_view kBusy =
          "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
          "Connection: close\r\n\r\n";
      (void)::send(socket, kBusy.data(), kBusy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      ::close(socket);
      return;
    }
    auto connection = std::make_shared<Connection>(*this, socket, std::move(remote), is_spare);
    add(connection);
    connection->start();
  });
}

/// Closes the connection that has been idle for longest; false when none is idle.
bool IoLoop::make_room() {
  Connection* oldest = nullptr;
  for (const auto& connection : connections_) {
    if ((!oldest || connection->since_s() < oldest->since_s()) && connection->is_idle()) {
      oldest = connection.get();
    }
  }
  if (!oldest) return false;
  Counters::add(counters_.refused);
  oldest->close();
  return true;
}

/// Closes the oldest of the connections that were taken in although all were taken; false when
/// there is none here.
bool IoLoop::drop_spare() {
  Connection* oldest = nullptr;
  for (const auto& connection : connections_) {
    if (connection->is_spare() && (!oldest || connection->since_s() < oldest->since_s())) {
      oldest = connection.get();
    }
  }
  if (!oldest) return false;
  oldest->close();
  return true;
}

void IoLoop::add(const std::shared_ptr<Connection>& connection) {
  connection->index = connections_.size();
  connections_.push_back(connection);
  shared_.opened();
  counters_.connections.fetch_add(1, std::memory_order_relaxed);
}

void IoLoop::remove(Connection& connection) {
  const auto index = connection.index;
  std::swap(connections_[index], connections_.back());
  connections_[index]->index = index;
  connections_.pop_back();
  counters_.connections.fetch_sub(1, std::memory_order_relaxed);
  shared_.closed();
}

void IoLoop::arm_sweep() {
  timer_.expires_after(std::chrono::seconds(1));
  timer_.async_wait([this](const boost::system::error_code& code) {
    if (code) return;
    sweep();
    arm_sweep();
  });
}

void IoLoop::sweep() {
  now_s_ = steady_seconds();
  // A connection may close itself, which moves the last one into its place: walk from the end.
  for (auto i = connections_.size(); i-- > 0;) {
    if (i >= connections_.size()) continue;
    const auto connection = connections_[i];
    connection->check_time();
  }
}

void IoLoop::begin_stop() {
  post([this] {
    const auto all = connections_;
    for (const auto& connection : all) connection->wind_down();
  });
}

void IoLoop::abandon_bodies() {
  post([this] {
    const auto all = connections_;
    for (const auto& connection : all) connection->abandon_body();
  });
}

void IoLoop::finish_stop() {
  post([this] {
    timer_.cancel();
    const auto all = connections_;
    for (const auto& connection : all) connection->close();
    work_.reset();
    context_.stop();
  });
}

}  // namespace vedette::http
