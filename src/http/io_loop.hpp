// One io thread: its Asio context, its connections and its coarse clock. Internal to http. All
// members are for that thread alone, except where it is said.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "http/counters.hpp"
#include "http/outgoing.hpp"
#include "http/request_parser.hpp"
#include "http/shared_state.hpp"
#include "http/stream.hpp"

namespace vedette::http {

class Connection;

/// What one request needs while it is worked on; lent to a connection from its first byte until its
/// answer is sent, so that idle connections and streams hold none.
struct Exchange {
  RequestParser parser;
  Request request;
  Outgoing outgoing;
  const Router::Route* route = nullptr;
  /// The answer instead of the handler's: once a small unwanted body has been read, or when the
  /// rest of a streamed one cannot come.
  std::optional<Response> refusal;
  std::string landed;  // of a streamed body, on its way from the parser
  std::int64_t started_us = 0;
  BodyClaim body_claim;
};

class IoLoop final : public StreamLoop, public std::enable_shared_from_this<IoLoop> {
 public:
  IoLoop(SharedState& shared, int number);
  ~IoLoop() override;

  /// From the thread that starts and stops the server.
  void start();
  void join();

  /// Any thread.
  void post(std::move_only_function<void()> task) override;
  bool is_current() const override;
  /// Any thread: takes over a connected, non-blocking socket.
  void adopt(int socket, std::string remote);
  /// Any thread: closes idle connections and streams now, others after their answer.
  void begin_stop();
  /// Any thread: handlers that wait for the rest of a body wait no more.
  void abandon_bodies();
  /// Any thread: closes all that is left and ends the thread's work.
  void finish_stop();

  SharedState& shared() { return shared_; }
  boost::asio::io_context& context() { return context_; }
  Counters& counters() { return counters_; }
  std::array<char, 64 * 1024>& scratch() { return scratch_; }

  /// Seconds of a clock that only goes forward, updated by each sweep and each arrival.
  std::uint32_t now_s() const { return now_s_; }
  std::int64_t now_us() const;
  /// "Date: ...\r\n".
  std::string_view date_field();

  std::unique_ptr<Exchange> lend();
  void give_back(std::unique_ptr<Exchange> exchange);

  void add(const std::shared_ptr<Connection>& connection);
  void remove(Connection& connection);

 private:
  void sweep();
  void arm_sweep();
  bool make_room();
  bool drop_spare();

  SharedState& shared_;
  const int number_;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer timer_;
  Counters counters_;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Exchange>> spare_;
  std::uint32_t now_s_ = 0;
  std::time_t date_at_ = 0;
  std::string date_;
  std::array<char, 64 * 1024> scratch_{};
  std::jthread thread_;
};

}  // namespace vedette::http
